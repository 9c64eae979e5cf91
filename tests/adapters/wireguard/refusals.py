"""A kernel that refuses now and then, in the middle of things: what is asked of it gets through, or fails by a plan."""

import os
from collections.abc import Iterator, Sequence

from wgmesh.adapters.netlink.links import Links
from wgmesh.adapters.wireguard import WireGuard, port
from wgmesh.adapters.wireguard.generic_netlink import GenericNetlink
from wgmesh.domain.device import Device, DevicePeer
from wgmesh.projections.device_changes import device_changes

# A hundred changes, most of them peers, in as many messages as it takes.
MANY = tuple(
    DevicePeer(bytes([1, number]) + bytes(30), 1, None, (f"10.1.1.{number}/32", f"fd00:1::1:{number}/128"), 0)
    for number in range(100)
)


MUCH_BYTES = 1000


class Plan:
    """Every so many calls are refused with this error number, the very first among them."""

    def __init__(self, number: int, every: int) -> None:
        self.number = number
        self._every = every
        self.calls = 0
        self.refused = 0

    def strikes(self) -> bool:
        self.calls += 1
        if self.calls % self._every == 1:
            self.refused += 1
            return True
        return False

    def check(self) -> None:
        if self.strikes():
            raise OSError(self.number, self.words)

    @property
    def words(self) -> str:
        return os.strerror(self.number)


class RefusingLinks:
    """Links whose changes are refused by plan; each single edit counts."""

    def __init__(self, links: Links, plan: Plan) -> None:
        self._links = links
        self._plan = plan
        self.look = links.look
        self.neighbour = links.neighbour
        self.named_by_kind = links.named_by_kind
        self.delete = links.delete

    def edit(self, interface: str, changes: Sequence[port.LinkChange]) -> tuple[str, ...]:
        return tuple(self._edit(interface, change) for change in changes)

    def create(self, interface: str, kind: str, alias: str) -> None:
        self._plan.check()
        self._links.create(interface, kind, alias)

    def label(self, interface: str, alias: str) -> None:
        self._plan.check()
        self._links.label(interface, alias)

    def _edit(self, interface: str, change: port.LinkChange) -> str:
        if self._plan.strikes():
            return self._plan.words
        return self._links.edit(interface, [change])[0]


def refusing_channel(plan: Plan) -> type[GenericNetlink]:
    """A generic netlink whose requests are refused by plan, and always where there is much in one of them."""

    class Refusing(GenericNetlink):
        def request(self, command: int, body: bytes) -> None:
            if plan.strikes() or len(body) > MUCH_BYTES:
                raise OSError(plan.number, plan.words)
            super().request(command, body)

    return Refusing


def rounds(wireguard: WireGuard, desired: Device) -> Iterator[int]:
    """Bring the device to what is wished, as the daemon does: for each round, how many changes failed."""
    while True:
        changes = device_changes(
            wireguard.sample().device, desired, known=[it.public_key for it in MANY], fresh=(), handshaken=()
        )
        if not changes:
            return
        yield len(wireguard.apply(changes).failed)


def with_many_peers(device: Device) -> Device:
    return Device(
        device.private, device.listen_port, device.mtu, device.up, device.addresses, device.routes,
        tuple(sorted((*device.peers, *MANY), key=lambda peer: peer.public_key)),
    )  # fmt: skip
