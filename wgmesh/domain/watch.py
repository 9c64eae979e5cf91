"""What a node has in mind while it watches others: part of a session, frozen, bounded, gone with the run.

All times are ms on `awake`.
"""

from enum import IntEnum

from msgspec import Struct

from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import Incarnation

# What the gossip layer says of itself while all connected peers are silent at once: the cut is ours.
HEARS_NOBODY = "this node hears nobody: is its network up?"

# Peers watched at once: more than one only while those nearest are mute. The sessions tell of whoever is beyond.
WARD_CAP = 8
# Peers doubted at once, questions carried for others at once, and rumours under way: what is beyond has to wait.
DOUBT_CAP = 32
ERRAND_CAP = 64
RUMOUR_CAP = 64


class Stage(IntEnum):
    """What is done next when no answer came."""

    PROBE_AGAIN = 0
    ASK_OTHERS = 1
    ECHO = 2
    LOOK = 3
    JUDGE = 4


class Ward(Struct, frozen=True):
    """A peer that is watched. `owed`: when its next sign is overdue; `sign`: its last, or when the watch began.

    `mute`: its last sign was its machine's, and none of its daemon's.
    """

    owed: int
    sign: int
    mute: bool = False


class Doubt(Struct, frozen=True):
    """A peer that owes a sign. `sign`: when it last gave one; `began`: when we began to ask for it.

    `stage`: what is done next, and `due`: when; `number`: what answers to these questions carry.
    `received` and `around`: WireGuard's bytes from it, and from all others, when the second question was sent.
    `hearsay`: somebody said it is silent, so nobody else needs to be asked.
    """

    sign: int
    began: int
    stage: Stage
    due: int
    number: int
    hearsay: bool = False
    received: int | None = None
    around: int = 0


class Errand(Struct, frozen=True):
    """A question that we carry: `asker` wants to know, under its `number`, whether we reach `suspect`."""

    asker: bytes
    suspect: bytes
    number: int
    expires: int


class Rumour(Struct, frozen=True):
    """News of a silence under way: of which incarnation, how often it is still to be told, and when next."""

    incarnation: Incarnation
    rounds: int
    due: int


class Watch(Struct, frozen=True):
    """`wards`: the peer before us on the ring, if any, and those that a mute one does not watch; nearest first.

    `heard`: when anybody at all was last heard through a tunnel. `doubts` by suspect; `errands` by the number that the
    answer carries; `rumours` and `told` (when a silence was last told to us) by suspect. `strain`: 0 when this node is
    well; its patience grows with it. `call_due`: when silent peers are called again.
    `spoken`: in which boot the daemon of a peer last said something through its tunnel; `hushed`: since when one that
    owes a sign is asked in vain, while its machine answers.
    """

    wards: dict[bytes, Ward] = {}
    heard: int = 0
    doubts: dict[bytes, Doubt] = {}
    errands: dict[int, Errand] = {}
    rumours: dict[bytes, Rumour] = {}
    told: dict[bytes, int] = {}
    strain: int = 0
    call_due: int | None = None
    spoken: dict[bytes, int] = {}
    hushed: dict[bytes, int] = {}


def is_cut_off(mesh: Mesh) -> bool:
    """Did this node say that it hears nobody?"""
    known = mesh.layers.get("gossip")
    return known is not None and known.reason == HEARS_NOBODY


def is_on(mesh: Mesh) -> bool:
    """Can anything be said and heard through tunnels? Without gossip, WireGuard's sessions alone tell who is there."""
    known = mesh.layers.get("gossip")
    return known is not None and known.reason in ("", HEARS_NOBODY)
