"""Records for a node that lacks some, over the exchange: the newest first, a few datagrams at a time.

They go only to an address that its owner has confirmed, and to one node once in ten seconds. Four datagrams are in
flight, then there is a pause, so that the hearer's budget of signatures (100 a second from those it does not know)
keeps up with them.
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.effects import SendPage
from wgmesh.domain.envelope import capacity
from wgmesh.domain.identity import SIGNATURE_BYTES
from wgmesh.domain.inputs import Heard
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.own_record import own_record
from wgmesh.domain.pages import RECORD_BYTES, paged
from wgmesh.domain.peer_record import encode
from wgmesh.domain.session import PEER_CAP, Supply, remember
from wgmesh.domain.values import SECOND

IN_FLIGHT = 4
PAUSE = SECOND // 5
# One full sync a peer (threats, row 34).
AGAIN_AFTER = 10 * SECOND
# Nodes that are sent pages at once.
SUPPLY_CAP = 32
# What a Reply is made of beside the records in it, at most.
REPLY_BYTES = 190


def newest(mesh: Mesh, but: bytes) -> list[bytes]:
    """The identities whose records we hold, but this one, in the order in which their news reached us, latest first."""
    held = [peer for peer in mesh.peers.values() if peer.identity != but]
    return [peer.identity for peer in sorted(held, key=lambda peer: -peer.updated.sequence)]


def beside_own(mesh: Mesh, but: bytes) -> tuple[bytes, ...]:
    """What of others fits a Reply beside our own record."""
    return fitting(len(encode(own_record(mesh))) + SIGNATURE_BYTES, _signed(mesh, newest(mesh, but)))


def fitting(own: int, records: Iterable[bytes]) -> tuple[bytes, ...]:
    """As many of these signed records, from the first on, as fit a Reply beside our own of so many bytes."""
    room, fit = capacity("exchange") - REPLY_BYTES - own, list[bytes]()
    for signed in records:
        room -= len(signed) + RECORD_BYTES
        if room < 0:
            break
        fit.append(signed)
    return tuple(fit)


def owe(draft: Draft, heard: Heard) -> None:
    """A Hello shows that its sender holds other records than we do: once its address is confirmed it gets ours."""
    last = draft.session.paged.get(heard.identity)
    if not heard.agrees and (last is None or draft.now.awake - last >= AGAIN_AFTER):
        draft.remember(owed=remember(draft.session.owed, heard.identity, True, PEER_CAP))


def pay(draft: Draft, heard: Heard) -> None:
    """The sender of a Hello confirmed its address."""
    if heard.identity not in draft.session.owed:
        return
    now, identity = draft.now.awake, heard.identity
    owed = {known: True for known in draft.session.owed if known != identity}
    draft.remember(owed=owed, paged=remember(draft.session.paged, identity, now, PEER_CAP))
    rest = tuple(newest(draft.mesh, identity))
    if rest:
        supply = Supply(heard.layer, heard.interface, heard.sender, rest, now)
        draft.remember(supplies=remember(draft.session.supplies, identity, supply, SUPPLY_CAP))


def turn_pages(draft: Draft) -> Verdict:
    """Send the next few datagrams to everybody whose time has come."""
    now = draft.now.awake
    for identity, supply in draft.session.supplies.items():
        if supply.due > now:
            continue
        pages, rest = _leaf(draft.mesh, supply.rest)
        yield from (SendPage(supply.layer, supply.interface, supply.address, page) for page in pages)
        others = {known: each for known, each in draft.session.supplies.items() if known != identity}
        left = {identity: replace(supply, rest=rest, due=now + PAUSE)} if rest else {}
        draft.remember(supplies=others | left)


def next_page(supplies: dict[bytes, Supply]) -> int | None:
    """When the next datagrams are due."""
    return min((each.due for each in supplies.values()), default=None)


def _leaf(mesh: Mesh, identities: tuple[bytes, ...]) -> tuple[list[tuple[bytes, ...]], tuple[bytes, ...]]:
    """A few pages, and who is left for later."""
    known = tuple(identity for identity in identities if identity in mesh.peers)
    pages = [page.records for page in paged("exchange", _signed(mesh, known), IN_FLIGHT)]
    return pages, known[sum(map(len, pages)) :]


def _signed(mesh: Mesh, identities: Iterable[bytes]) -> Iterator[bytes]:
    return (mesh.peers[identity].signed for identity in identities)
