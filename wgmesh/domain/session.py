"""What this run is in the middle of: frozen, bounded, empty after every start, in no snapshot.

`evolve` never reads it. Every table has a cap, and the oldest entry goes first.
"""

from typing import TypeVar

from msgspec import Struct

from wgmesh.domain.allowance import Allowance
from wgmesh.domain.device import Traffic
from wgmesh.domain.envelope import Layer
from wgmesh.domain.punch import Punching
from wgmesh.domain.relay_state import Relaying
from wgmesh.domain.values import Endpoint, IdentityKey, Incarnation
from wgmesh.domain.watch import Watch

# As many peers as a mesh may have (threats: one member announces 10,000 keys).
PEER_CAP = 1024
# Sources whose rate is limited at once (threats: a million spoofed sources).
SOURCE_CAP = 4096
# Records that all misbehaviour of others together may write in an epoch.
EPOCH_CAP = 8

Key = TypeVar("Key")
Value = TypeVar("Value")


class Trickle(Struct, frozen=True):
    """RFC 6206: the present interval (ms), when it began, when we speak in it, how many said the same in it.

    `spoken` is when we last announced. All times are on `awake`.
    """

    interval: int = 0
    began: int = 0
    fires: int | None = None
    equals: int = 0
    spoken: int | None = None


class Bucket(Struct, frozen=True):
    """Tokens left (in thousandths) and when they were counted."""

    tokens: int
    counted: int


class Knock(Struct, frozen=True):
    """An address that we say Hello to: when next (`due`), to whom (zeros: whoever is there), how often we did.

    `boot`: that `to` named, for one who is not known yet. `interface`: of a LAN. `named_by`: the layer that named it.
    """

    due: int
    to: IdentityKey
    layer: Layer = "exchange"
    interface: str = ""
    boot: int = 0
    tries: int = 0
    named_by: str = ""


class Supply(Struct, frozen=True):
    """A node at a confirmed address that is sent the records of `rest`, and when the next of them are due."""

    layer: Layer
    interface: str
    address: Endpoint
    rest: tuple[bytes, ...]
    due: int


class Welcome(Struct, frozen=True):
    """Who was news to us, and when: for a while it is answered again from there."""

    sender: Endpoint
    at: int


class Introducer(Struct, frozen=True):
    """Who tells us of nodes: a peer inside its tunnel, or else whoever is at an address."""

    identity: bytes = b""
    source: str = ""


class Try(Struct, frozen=True):
    """An endpoint that a peer is tried at on nothing but a claim, and since when."""

    identity: IdentityKey
    endpoint: Endpoint
    began: int


class News(Struct, frozen=True):
    """News of one node: how often it is still told, and who told us (empty: nobody inside a tunnel)."""

    left: int
    teller: bytes


class Comparison(Struct, frozen=True):
    """Sums of records that were found to differ from a member's: theirs, ours, when, and how often in vain before."""

    theirs: int
    ours: int
    began: int
    in_vain: int


class Trade(Struct, frozen=True):
    """What is still owed between us and a member: shares of records that we want, identities whose records it lacks.

    `rounds`: how often more we ask.
    """

    wanted: tuple[int, ...]
    given: tuple[bytes, ...]
    rounds: int


class Question(Struct, frozen=True):
    """How often a STUN server was asked, and when it is asked again (None: no more)."""

    tries: int
    due: int | None


class Inquiry(Struct, frozen=True):
    """Who is asked where it sees us; `judge_due`: when what has come by then is judged (None: it was)."""

    questions: dict[Endpoint, Question]
    judge_due: int | None


class Visits(Struct, frozen=True):
    """When the registry is thought of next, was last asked, how often in vain, and when our note last went there."""

    due: int | None = None
    begun: int | None = None
    tries: int = 0
    noted: int | None = None


class Session(Struct, frozen=True):
    """`counters`: highest message counter by sender. `greeted`: when we last sent a Hello, by identity.

    `heard`: when a datagram of it last reached us, by identity. `sources`: answers left, by source address.
    `refusals`, `contests`: records that others' oddities, and rival routes, wrote in the present epoch. Times are on
    `awake`, None is never.
    `trying`: hearsay that is tried now, by identity. `tries`: when each claim last was, by identity and endpoint;
    `targets`: which was the last at an address. `turns`: how many may begin.
    `news`: what is being told, by identity. `digest_due`, `digests`: when the next Digest is due, and how many were
    sent; `newest`: who connected since; `head_told`: when others last heard how far our log reaches; `remind_due`: when
    a silent peer gets a Digest. `comparisons`, `trades`: with those whose records differ; `answered`, `served`: when
    one was last told what we hold, and what it may still pull.
    `nudges`: when connected peers are to be spoken to. `sleeps`: when this node woke up, and for how long it had slept.
    `watch`: whom it watches and doubts.

    `knocks`: addresses that are tried; `knocks_spent`: until when their rate is used up. `found`: addresses that
    were named to us, and who answered there. `renew_due`, `renewals`: when our record is raised if nobody answers,
    and how often it was. `introduced`: of how many unknown nodes each may still tell us, `newcomers`: all together;
    `curbed`: when we wrote down that one told of more. `welcomed`: who was news when. `asked_back`: who named
    another start of ours, and when we last said Hello for it. `owed`: who lacks records; `paged`: who got them
    when; `supplies`: who gets them now.

    `walk_due`: when the DHT is thought of next; `walks`: how often it was walked alone. `walked_into`: addresses that
    it named in the hour `walked_hour`. `visits`: to the registry.

    `punching`: who is looked for through NATs. `servers`: STUN servers; `inquiry`: who of them is asked now,
    `inquiry_due`: when all are next, `inquired`: when last, `inquiries_in_vain`: how often nobody answered. As which
    address WireGuard's port was seen: `mapped` by servers, `sighted` by members.
    `redialled`: when WireGuard was last made to call, by identity. `roams`: how many of its moves may still be written.
    `outrun`: above which other lives of ours we jumped, and when.
    """

    began: int = 0
    clock_offset: int | None = None
    trickle: Trickle = Trickle()
    counters: dict[bytes, Incarnation] = {}
    greeted: dict[bytes, int] = {}
    heard: dict[bytes, int] = {}
    sources: dict[str, Bucket] = {}
    epoch: int = 0
    refusals: int = 0
    contests: int = 0
    trying: dict[bytes, Try] = {}
    tries: dict[bytes, int] = {}
    targets: dict[str, Try] = {}
    turns: Bucket | None = None
    sampled: int | None = None
    sample_due: int | None = None
    brisk_until: int = 0
    turn_due: int | None = None
    roll_call_due: int | None = None
    forget_due: int | None = None
    news: dict[bytes, News] = {}
    news_due: int | None = None
    digest_due: int | None = None
    digests: int = 0
    head_told: int | None = None
    newest: bytes = b""
    remind_due: int | None = None
    comparisons: dict[bytes, Comparison] = {}
    trades: dict[bytes, Trade] = {}
    trade_due: int | None = None
    answered: dict[bytes, int] = {}
    served: dict[bytes, Bucket] = {}
    nudges: tuple[int, ...] = ()
    sleeps: tuple[tuple[int, int], ...] = ()
    traffic: tuple[Traffic, ...] = ()
    watch: Watch = Watch()
    knocks: dict[Endpoint, Knock] = {}
    knocks_spent: int = 0
    found: dict[Endpoint, bytes] = {}
    renew_due: int | None = None
    renewals: int = 0
    welcomed: dict[bytes, Welcome] = {}
    asked_back: dict[bytes, int] = {}
    introduced: dict[Introducer, Allowance] = {}
    newcomers: Allowance | None = None
    curbed: dict[Introducer, int] = {}
    owed: dict[bytes, bool] = {}
    paged: dict[bytes, int] = {}
    supplies: dict[bytes, Supply] = {}
    walk_due: int | None = None
    walks: int = 0
    walked_hour: int = 0
    walked_into: tuple[Endpoint, ...] = ()
    punching: Punching = Punching()
    servers: tuple[Endpoint, ...] = ()
    inquiry: Inquiry | None = None
    inquiry_due: int | None = None
    inquired: int = 0
    inquiries_in_vain: int = 0
    mapped: dict[Endpoint, Endpoint] = {}
    redialled: dict[bytes, int] = {}
    roams: dict[bytes, Allowance] = {}
    outrun: dict[bytes, int] = {}
    sighted: dict[bytes, Endpoint] = {}
    relaying: Relaying = Relaying()
    visits: Visits = Visits()


def remember(table: dict[Key, Value], key: Key, value: Value, cap: int) -> dict[Key, Value]:
    """The table with this entry as its newest, and without its oldest where it would outgrow the cap."""
    kept = {known: held for known, held in table.items() if known != key}
    if len(kept) >= cap:
        del kept[next(iter(kept))]
    kept[key] = value
    return kept
