"""What the daemon asks of WireGuard, whatever does the work, and what a back end needs to be given.

The rule: secrets stop here. The core names keys by generation; only a back end turns one into bytes, and no bytes of a
key are ever in a value, an error, an argument or an environment.
"""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from wgmesh.domain.device import AddAddress, AddRoute, Change, DeviceSample, RemoveAddress, RemoveRoute, SetDevice

# The ifalias of an interface that we made: whose it is before it has a key.
ALIAS = "wgmesh"

LinkChange = AddAddress | RemoveAddress | AddRoute | RemoveRoute | SetDevice


class Applied(Struct, frozen=True):
    """What became of changes: those made, and those that failed, each with what went wrong in a few words."""

    done: tuple[Change, ...]
    failed: tuple[tuple[Change, str], ...] = ()


class WireGuard(Protocol):
    """One WireGuard device. The calls block for milliseconds, and are made one at a time (a worker thread will do)."""

    @property
    def backend(self) -> str:
        """What does the work, as `status` shows it: `userspace`, `none`, …"""
        ...

    @property
    def pidfd(self) -> int | None:
        """Readable when the process that carries the device has died; None where there is none, or it is not known.

        It stays open and readable when another process takes over, so it can be waited on without care.
        """
        ...

    def claim(self) -> None:
        """Check that we may and can work, and whose interface it is; WgmeshError otherwise, and nothing was touched."""
        ...

    def sample(self) -> DeviceSample:
        """What is there now.

        WgmeshError when the interface has become somebody else's; OSError when it cannot be told this time.
        """
        ...

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Make the changes in their order, each on its own: one that fails does not stop the rest."""
        ...

    def remove(self) -> None:
        """Take the interface away; its absence is success. WgmeshError if it is not ours, and then it stays."""
        ...


class Keys(Protocol):
    """The keyring, as a back end sees it: generations to keys and back. Keys are 32 raw bytes."""

    def private_key(self) -> bytes:
        """This node's private key, clamped (RFC 7748, section 5)."""
        ...

    def psk(self, generation: int) -> bytes:
        """The preshared key of a generation of the secret that the keyring holds."""
        ...

    def private_generation(self, key: bytes) -> int:
        """For our private key the generation by which a wished device names it now, FOREIGN_KEY for any other."""
        ...

    def psk_generation(self, key: bytes) -> int:
        """The generation of a preshared key, FOREIGN_KEY for one that is not ours."""
        ...


class LinkState(Protocol):
    """An interface as the kernel sees it. Addresses carry prefix lengths, routes are those that we made through it."""

    @property
    def kind(self) -> str:
        """What made it: `tun`, `wireguard`, `veth`, …; empty for a card."""
        ...

    @property
    def alias(self) -> str:
        """Its ifalias."""
        ...

    @property
    def mtu(self) -> int:
        """In bytes."""
        ...

    @property
    def up(self) -> bool:
        """Whether it was told to be up."""
        ...

    @property
    def addresses(self) -> tuple[str, ...]:
        """Those that are usable, with link-local ones."""
        ...

    @property
    def routes(self) -> tuple[str, ...]:
        """Prefixes."""
        ...

    @property
    def strict(self) -> bool:
        """Whether its IPv4 packets are dropped where their answer would leave by another interface."""
        ...


class Links(Protocol):
    """The kernel's side of an interface. Every method raises OSError when it gets no answer, or a refusal."""

    def look(self, interface: str) -> LinkState | None:
        """The interface as it is now; None if there is none. Cheap while nothing changes."""
        ...

    def edit(self, interface: str, changes: Sequence[LinkChange]) -> tuple[str, ...]:
        """For each change what went wrong, empty where it was made."""
        ...

    def create(self, interface: str, kind: str, alias: str) -> None:
        """Make a virtual interface of this kind, with its ifalias or not at all."""
        ...

    def named_by_kind(self, kind: str) -> tuple[str, ...]:
        """The names of all interfaces of this kind."""
        ...

    def label(self, interface: str, alias: str) -> None:
        """Give the interface an ifalias."""
        ...

    def delete(self, interface: str) -> None:
        """Take the interface away; its absence is success."""
        ...

    def neighbour(self, ip: str) -> tuple[str, ...]:
        """The names of the interfaces on whose link this IPv6 address was met lately."""
        ...
