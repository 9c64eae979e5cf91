"""A cable so long that each frame takes its time: a program between two tap interfaces, which it makes and holds.

The rule: no frame is lost here and none overtakes another; each leaves at the end of its time or a moment later. Run as
`delay_line.py MILLISECONDS TAP TAP`; it says so when both are there.
"""

import contextlib
import fcntl
import os
import select
import struct
import sys
import time
from collections import deque

TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000  # linux/if_tun.h: whole Ethernet frames and nothing else
MOST_BYTES = 1 << 16


def tap(name: str) -> int:
    """A new interface of this name: what is written to the descriptor comes in there, what goes out is read from it."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return descriptor


def carry(one: int, other: int, seconds: float) -> None:
    """Carry frames between the two ends, each for so long, for ever."""
    opposite = {one: other, other: one}
    under_way = deque[tuple[float, int, bytes]]()
    while True:
        wait = max(0.0, under_way[0][0] - time.monotonic()) if under_way else None
        for end in select.select([one, other], [], [], wait)[0]:
            under_way.append((time.monotonic() + seconds, opposite[end], os.read(end, MOST_BYTES)))
        while under_way and under_way[0][0] <= time.monotonic():
            _, end, frame = under_way.popleft()
            with contextlib.suppress(OSError):  # the interface is down: a pulled cable
                os.write(end, frame)


if __name__ == "__main__":
    near, far = (tap(name) for name in sys.argv[2:])
    print("ready", flush=True)
    carry(near, far, float(sys.argv[1]) / 1000)
