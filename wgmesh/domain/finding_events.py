"""The part of the catalogue that is about being found across the Internet."""

from msgspec import Struct


class AnnouncerElected(Struct, frozen=True, forbid_unknown_fields=True):
    """This node became, or ceased to be, one of the two that keep the mesh findable in the DHT.

    One an edge; it can change only with who is connected.
    """

    elected: bool
