"""How this node stands, on one page: who it is, its layers, how many peers, and what is wrong."""

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct

from wgmesh.domain.cadence import EPOCH
from wgmesh.domain.facts import NatKind
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.parameters import network_ipv6
from wgmesh.domain.records import Record
from wgmesh.domain.values import Incarnation
from wgmesh.projections.peers import SCHEMA_VERSION, Live
from wgmesh.projections.warnings import warnings
from wgmesh.projections.wording import key

READS_ONLY = "reads only: there is no token in GITHUB_TOKEN"

LayerState = Literal["working", "starting", "suspended", "stopped", "off"]


class ShownNode(Struct, frozen=True):
    """This node. `mesh_ipv4` is None while it has none; `exchange_port` is what `--peer` names at others."""

    name: str
    public_key: str
    identity: str
    mesh_ipv4: str | None
    mesh_ipv6: str
    interface: str
    listen_port: int
    exchange_port: int
    incarnation: Incarnation
    wireguard: str


class ShownMesh(Struct, frozen=True):
    """The mesh; `epoch` counts ten minutes since 1970."""

    network: str
    network_ipv6: str
    generation: int
    epoch: int


class ShownLayer(Struct, frozen=True):
    """A discovery layer, since when it is so (ms), and which outside hosts it contacts."""

    name: str
    state: LayerState
    since: int | None
    reason: str
    contacts: tuple[str, ...]


class ShownNat(Struct, frozen=True):
    """As which address the Internet sees WireGuard's port, since when (ms), and through what kind of NAT.

    `none`; `easy`, the same for everybody; `hard`, another port for each; `unknown`, while one alone has told.
    """

    kind: NatKind
    endpoint: str
    since: int


class Counts(Struct, frozen=True):
    """Peers in the list, and of these the connected and the relayed."""

    known: int
    connected: int
    relayed: int


class Status(Struct, frozen=True):
    """The page as of `at` (ms) and the record `sequence`."""

    schema_version: int
    running: bool
    at: int
    sequence: int
    node: ShownNode
    mesh: ShownMesh
    layers: tuple[ShownLayer, ...]
    counts: Counts
    nat: tuple[ShownNat, ...]
    warnings: tuple[str, ...]


def status(mesh: Mesh, at: int, *, running: bool, live: Live | None, quoted: Mapping[int, Record]) -> Status:
    """The page of a node that joined and started. `quoted`: the records that `warnings.cited` asks for."""
    assert mesh.parameters is not None and mesh.settings is not None
    return Status(
        schema_version=SCHEMA_VERSION,
        running=running,
        at=at,
        sequence=mesh.head.sequence,
        node=ShownNode(
            name=mesh.settings.hostname,
            public_key=key(mesh.public_key),
            identity=key(mesh.identity),
            mesh_ipv4=mesh.ipv4 or None,
            mesh_ipv6=mesh.ipv6,
            interface=mesh.settings.interface,
            listen_port=mesh.listen_port,
            exchange_port=mesh.exchange_port,
            incarnation=mesh.incarnation,
            wireguard=mesh.settings.wireguard,
        ),
        mesh=ShownMesh(mesh.parameters.network, network_ipv6(mesh.parameters), mesh.generation, at // EPOCH),
        layers=tuple(_layers(mesh, running)),
        counts=_counts(mesh),
        nat=tuple(ShownNat(nat.kind, str(nat.endpoint), nat.since.at) for nat in mesh.nats.values()),
        warnings=warnings(mesh, at, running=running, live=live, quoted=quoted),
    )


def _layers(mesh: Mesh, running: bool) -> Iterator[ShownLayer]:
    assert mesh.settings is not None
    settings = mesh.settings
    untunnelled = "--wireguard none" if settings.wireguard == "none" else ""
    for name, off, contacts in (
        ("lan", "" if settings.lan else "--no-lan", ()),
        ("exchange", "", settings.peers),
        ("gossip", untunnelled if settings.gossip else "--no-gossip", ()),
        ("dht", "" if settings.dht else "--no-dht", settings.dht_bootstrap),
        ("stun", untunnelled or ("" if settings.stun else "--no-stun"), settings.stun_servers),
        ("registry", "" if settings.registry else "--registry turns it on", (settings.registry_url,)),
        *((("hosts", "", ()),) if settings.hosts else ()),
    ):
        yield ShownLayer(name, "off", None, off, ()) if off else _layer(mesh, name, running, contacts)


def _layer(mesh: Mesh, name: str, running: bool, contacts: tuple[str, ...]) -> ShownLayer:
    """How a layer stands that the operator left on."""
    known = mesh.layers.get(name)
    if not running:
        since = mesh.stopped.at if mesh.stopped else None
        return ShownLayer(name, "stopped", since, "the daemon is not running", contacts)
    if known is None:
        return ShownLayer(name, "starting", None, "", contacts)
    if known.reason:
        return ShownLayer(name, "suspended", known.since.at, known.reason, contacts)
    return ShownLayer(name, "working", known.since.at, READS_ONLY if _reads_only(mesh, name) else "", contacts)


def _reads_only(mesh: Mesh, name: str) -> bool:
    return name == "registry" and mesh.settings is not None and not mesh.settings.registry_writes


def _counts(mesh: Mesh) -> Counts:
    present = mesh.present_peers
    connected = [peer for peer in present if peer.state == "connected"]
    return Counts(known=len(present), connected=len(connected), relayed=sum(bool(peer.relayed) for peer in connected))
