"""The WireGuard vocabulary: what a device is, what is wished of it, and the changes between the two.

Keys are named by the generation of the secret they come from (1, 2, …); only the adapter turns a generation into a
private or preshared key, and what it reads back into a generation. 0 stands for "none", -1 for "not one of ours".
"""

from msgspec import Struct

from wgmesh.domain.values import Endpoint, Port, PublicKey

NO_KEY = 0
FOREIGN_KEY = -1


class DevicePeer(Struct, frozen=True):
    """One peer of a device. `allowed_ips` are canonical prefixes, sorted; `keepalive` is in seconds, 0 is off."""

    public_key: PublicKey
    preshared: int = NO_KEY
    endpoint: Endpoint | None = None
    allowed_ips: tuple[str, ...] = ()
    keepalive: int = 0


class Device(Struct, frozen=True):
    """A whole device. `addresses` carry prefix lengths, `routes` are prefixes through it, `mtu` is in bytes.

    `strict`: the kernel drops IPv4 packets whose answer would leave by another interface (rp_filter 1).
    """

    private: int = NO_KEY
    listen_port: Port = 0
    mtu: int = 0
    up: bool = False
    addresses: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    peers: tuple[DevicePeer, ...] = ()
    strict: bool = False


class Traffic(Struct, frozen=True):
    """What WireGuard itself says of a peer: the only evidence of liveness.

    `handshaken`: there ever was a handshake. `handshake_age` and `received_age`: ms since the adapter saw the
    handshake time or the received bytes change, on the steady clock; None while it has not seen them change.
    """

    public_key: PublicKey
    handshaken: bool = False
    handshake_age: int | None = None
    received_age: int | None = None
    rx_bytes: int = 0
    tx_bytes: int = 0


class DeviceSample(Struct, frozen=True):
    """What is there now: None as `device` when the interface does not exist."""

    device: Device | None
    traffic: tuple[Traffic, ...] = ()


class CreateInterface(Struct, frozen=True, tag=True):
    """Make the interface; it has nothing yet."""


class SetDevice(Struct, frozen=True, tag=True):
    """Set what is not None."""

    private: int | None = None
    listen_port: Port | None = None
    mtu: int | None = None
    up: bool | None = None
    strict: bool | None = None


class AddAddress(Struct, frozen=True, tag=True):
    """Give the interface an address (`10.1.2.3/32`); having it already is success."""

    address: str


class RemoveAddress(Struct, frozen=True, tag=True):
    """Take an address from the interface; its absence is success."""

    address: str


class AddRoute(Struct, frozen=True, tag=True):
    """Route a prefix through the interface; being there already is success."""

    prefix: str


class RemoveRoute(Struct, frozen=True, tag=True):
    """Take a route away; its absence is success."""

    prefix: str


class AddPeer(Struct, frozen=True, tag=True):
    """The peer is not on the device: put it there as it is."""

    peer: DevicePeer


class UpdatePeer(Struct, frozen=True, tag=True):
    """The peer is on the device and stays: set what is not None, and nothing else."""

    public_key: PublicKey
    preshared: int | None = None
    endpoint: Endpoint | None = None
    allowed_ips: tuple[str, ...] | None = None
    keepalive: int | None = None


class RemovePeer(Struct, frozen=True, tag=True):
    """Take the peer off the device, with its session; its absence is success."""

    public_key: PublicKey


Change = (
    CreateInterface
    | SetDevice
    | AddAddress
    | RemoveAddress
    | AddRoute
    | RemoveRoute
    | AddPeer
    | UpdatePeer
    | RemovePeer
)
