"""What the operator asks of a node, as far as decisions depend on it; recorded, so it holds no secret."""

from msgspec import Struct


class NodeSettings(Struct, frozen=True):
    """The options of `wgmesh join` that policies read. `wireguard` is kernel, userspace or none, as chosen."""

    interface: str
    hostname: str
    wireguard: str
    lan: bool
    lan_interfaces: tuple[str, ...]
