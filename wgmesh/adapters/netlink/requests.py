"""What is said between us and the worker: one JSON line there, one back. No key or secret ever passes."""

from msgspec import Raw, Struct

from wgmesh.domain.device import AddAddress, AddRoute, RemoveAddress, RemoveRoute, SetDevice

# linux/if.h
IFF_UP = 0x1
IFF_LOOPBACK = 0x8
IFF_RUNNING = 0x40
IFF_MULTICAST = 0x1000

# Of a SetDevice, `mtu`, `up` and `strict` count here; the rest is WireGuard's own.
LinkChange = AddAddress | RemoveAddress | AddRoute | RemoveRoute | SetDevice


class Link(Struct, frozen=True, omit_defaults=True):
    """One interface of this network namespace.

    `flags` as in linux/if.h, `mtu` in bytes, `master` the index of the bridge or bond that it is a port of (0: none).
    `addresses` carry prefix lengths, and are usable already. `routes` are told of an interface that was asked for by
    name: the prefixes that we routed through it, and nobody else's; so is whether its reverse path filter is `strict`.
    """

    name: str
    index: int
    flags: int
    mtu: int
    kind: str = ""
    alias: str = ""
    master: int = 0
    addresses: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    strict: bool = False

    @property
    def up(self) -> bool:
        """Whether it was told to be up; a cable may still be missing."""
        return bool(self.flags & IFF_UP)

    def has(self, flags: int) -> bool:
        """Whether all of these flags are set."""
        return self.flags & flags == flags


class Survey(Struct, frozen=True, tag=True):
    """Every interface with its addresses -> tuple[Link, ...]."""


class Look(Struct, frozen=True, tag=True):
    """One interface -> Link | None."""

    interface: str


class Neighbour(Struct, frozen=True, tag=True):
    """On which links an IPv6 address was met lately -> tuple[str, ...], names of interfaces."""

    ip: str


class Edit(Struct, frozen=True, tag=True):
    """Make these changes, each on its own -> tuple[str, ...], for each what went wrong, or nothing."""

    interface: str
    changes: tuple[LinkChange, ...]


class Create(Struct, frozen=True, tag=True):
    """Make a virtual interface of this kind, with its alias or not at all -> None."""

    interface: str
    kind: str
    alias: str


class Label(Struct, frozen=True, tag=True):
    """Give an interface an alias (ifalias, as `ip link` shows it) -> None."""

    interface: str
    alias: str


class Delete(Struct, frozen=True, tag=True):
    """Take an interface away; its absence is success -> None."""

    interface: str


Request = Survey | Look | Neighbour | Edit | Create | Label | Delete


class Answer(Struct, frozen=True, omit_defaults=True):
    """What came of a request: its value in JSON, or the kernel's error number."""

    value: Raw = Raw(b"null")
    error: int = 0
