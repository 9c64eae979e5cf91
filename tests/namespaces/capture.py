"""What passes an interface, as data: packets with their addresses, ports and payload."""

import contextlib
import fcntl
import ipaddress
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

ETH_P_ALL = 3  # linux/if_ether.h; every packet, in and out
SIOCGIFINDEX = 0x8933  # linux/sockios.h
SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_MR_PROMISC = 263, 1, 1  # linux/if_packet.h
SO_RCVBUFFORCE = 33
RECEIVE_BUFFER_BYTES = 64 << 20  # seconds of a flood, while the test itself keeps the processor busy

QUIET_SECONDS = 0.02  # nothing for so long after the stop was asked for: all has been read
WITH_PORTS = (socket.IPPROTO_TCP, socket.IPPROTO_UDP)
UDP_HEADER_BYTES = 8


@dataclass(frozen=True)
class Packet:
    """An IP packet. `time` is time.monotonic(); of UDP, `payload` is the datagram's, else all behind the IP header."""

    time: float
    source: str
    destination: str
    protocol: int  # socket.IPPROTO_…; IPv6 extension headers are not followed
    source_port: int
    destination_port: int
    payload: bytes


def parse(packet: bytes, at: float) -> Packet | None:
    """The packet as data; None for what is not IP, such as ARP."""
    if packet[:1] and packet[0] >> 4 == 4 and len(packet) >= 20:
        source, destination, protocol, body = packet[12:16], packet[16:20], packet[9], packet[(packet[0] & 15) * 4 :]
    elif packet[:1] and packet[0] >> 4 == 6 and len(packet) >= 40:
        source, destination, protocol, body = packet[8:24], packet[24:40], packet[6], packet[40:]
    else:
        return None
    whence, whither = (str(ipaddress.ip_address(address)) for address in (source, destination))
    if protocol in WITH_PORTS and len(body) >= UDP_HEADER_BYTES:
        source_port, destination_port = struct.unpack("!HH", body[:4])
    else:
        source_port = destination_port = 0
    payload = body[UDP_HEADER_BYTES:] if protocol == socket.IPPROTO_UDP else body
    return Packet(at, whence, whither, protocol, source_port, destination_port, payload)


class Capture:
    """Records the packets that pass a device from its creation until `stop`, or to the end of its `with` block."""

    def __init__(self, tap: socket.socket, device: str) -> None:
        """`tap` is an AF_PACKET socket without link headers (SOCK_DGRAM) in the device's network."""
        self.packets: list[Packet] = []
        self._tap, self._stopping = tap, threading.Event()
        self._open(device)
        self._thread = threading.Thread(target=self._record, name=f"capture {device}", daemon=True)
        self._thread.start()

    def select(self, where: Callable[[Packet], bool]) -> list[Packet]:
        """The packets so far for which this is true."""
        return [packet for packet in self.packets if where(packet)]

    def stop(self) -> None:
        """Take what has arrived by now, and end."""
        self._stopping.set()
        self._thread.join()

    def __enter__(self) -> "Capture":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _open(self, device: str) -> None:
        request = fcntl.ioctl(self._tap, SIOCGIFINDEX, struct.pack("16si20x", device.encode(), 0))
        index = struct.unpack("16si20x", request)[1]
        # A bridge shows what it passes on only to those who ask for everything.
        everything = struct.pack("iHH8s", index, PACKET_MR_PROMISC, 0, b"")
        self._tap.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, everything)
        with contextlib.suppress(PermissionError):  # in a user namespace the usual size must do
            self._tap.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
        self._tap.settimeout(QUIET_SECONDS)
        self._tap.bind((device, ETH_P_ALL))

    def _record(self) -> None:
        with self._tap:
            while True:
                try:
                    packet = parse(self._tap.recv(1 << 18), time.monotonic())
                except TimeoutError:
                    if self._stopping.is_set():
                        return
                    continue
                except OSError:  # the device went down, and may come up again
                    if self._stopping.wait(QUIET_SECONDS):
                        return
                    continue
                if packet:
                    self.packets.append(packet)
