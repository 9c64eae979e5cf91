"""The part of the catalogue that is about being found across the Internet."""

from msgspec import Struct

from wgmesh.domain.facts import NatKind
from wgmesh.domain.values import Endpoint, IdentityKey


class RegistryEntryFound(Struct, frozen=True, forbid_unknown_fields=True):
    """Our mesh meets in this issue of the registry from now on. One when it is another than before, one a minute."""

    number: int


class RegistryEntryCreated(Struct, frozen=True, forbid_unknown_fields=True):
    """There was no issue of our mesh in the registry, so this node made one. At most one an hour."""

    number: int


class AnnouncerElected(Struct, frozen=True, forbid_unknown_fields=True):
    """This node became, or ceased to be, one of the two that keep the mesh findable in the DHT.

    One an edge; it can change only with who is connected.
    """

    elected: bool


class NatDetected(Struct, frozen=True, forbid_unknown_fields=True):
    """As which address the Internet sees WireGuard's port, and what kind of NAT makes it so; by whose word.

    `kind`: `none`; `easy`, the same for everybody; `hard`, another for each; `unknown`, when one alone says so.
    One an edge; at most 8 an epoch.
    """

    kind: NatKind
    endpoint: Endpoint
    members: tuple[IdentityKey, ...]
    servers: tuple[Endpoint, ...]
