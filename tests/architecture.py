"""Who may import whom, and what a pure room may not do: the rules as data, each with its reason.

A rule that turns out wrong is changed here, with its reason; nothing is excepted by name anywhere else.
"""

import sys
from dataclasses import dataclass

STDLIB = tuple(sorted(sys.stdlib_module_names))

# What a pure room may use of the standard library: values in, values out.
PURE_STDLIB = (
    "base64", "binascii", "bisect", "collections", "enum", "functools", "hashlib", "heapq", "hmac", "ipaddress",
    "itertools", "json", "math", "operator", "re", "string", "struct", "textwrap", "types", "typing", "unicodedata",
    "urllib.parse",
)  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """`room` may import `may` and nothing else; or, as a reservation, `room` may be imported by `may` alone."""

    room: str
    may: tuple[str, ...]
    reason: str


# The libraries and the few modules that not everybody may import: (what, by whom, why). A library that is not here is
# not to be used at all. Tests may import everything.
RESERVED = (
    Rule("anyio", ("wgmesh.adapters", "wgmesh.daemon"), "the core and the node run without an event loop"),
    Rule("click", ("wgmesh.cli",), "the command line is loaded by the command line alone"),
    Rule(
        "cryptography",
        ("wgmesh.domain.envelope", "wgmesh.domain.identity", "wgmesh.domain.keys"),
        "what seals, derives and signs is three files that a reviewer can read whole",
    ),
    Rule("eventsourcing", ("wgmesh.adapters.event_log",), "the log has one door"),
    Rule("kademlia", ("wgmesh.adapters.dht",), "foreign protocols live beside their socket"),
    Rule("msgspec", ("wgmesh",), "the codec of wire and log, and the values themselves"),
    Rule("pyroute2", ("wgmesh.adapters",), "the kernel is spoken to by adapters"),
    Rule("rich", ("wgmesh.cli",), "the daemon does not carry what only a terminal needs"),
    Rule("rpcudp", ("wgmesh.adapters.dht",), "foreign protocols live beside their socket"),
    Rule("segno", ("wgmesh.adapters.qr",), "only a QR code needs it"),
    Rule("sqlite_utils", ("wgmesh.adapters.read_tables",), "for people and scripts; it costs the daemon megabytes"),
    Rule("typer", ("wgmesh.cli",), "the command line is loaded by the command line alone"),
    Rule(
        "urllib3",
        ("wgmesh.adapters.registry.http",),
        "HTTPS is for the registry, in a process of its own: it takes 7 MB",
    ),
    Rule("wgmesh.cli", ("wgmesh.cli", "wgmesh.__main__"), "nothing depends on how it is called"),
    Rule("wgmesh.daemon", ("wgmesh.daemon", "wgmesh.cli"), "the daemon is the top of the house"),
    Rule("wgmesh.domain.decide", ("wgmesh.node", "wgmesh.replay"), "there is one way in: step, called by the node"),
)
LIBRARIES = tuple(rule.room for rule in RESERVED if not rule.room.startswith("wgmesh."))

# The package itself holds a version and nothing else.
FOR_ALL = ("wgmesh", "wgmesh.__version__")

# The first that fits a module holds for it.
ROOMS = (
    Rule(
        "wgmesh.domain",
        ("wgmesh.domain", "cryptography", "msgspec", *PURE_STDLIB),
        "the core is pure: the same inputs give the same events on every machine, in the simulator and in replay",
    ),
    Rule(
        "wgmesh.projections",
        ("wgmesh.domain", "wgmesh.projections", "msgspec", *PURE_STDLIB),
        "a view is a pure function of the mesh, so that it can be asked of any moment",
    ),
    Rule(
        "wgmesh.adapters",
        ("wgmesh.domain", "wgmesh.adapters", *LIBRARIES, *STDLIB),
        "an adapter knows the core's words and its own library; who else is in the house is not its business",
    ),
    Rule(
        "wgmesh.node",
        ("wgmesh.domain", "wgmesh.projections", "wgmesh.node", "msgspec", *PURE_STDLIB),
        "the simulator runs this very code: no clock, chance, socket or database in it",
    ),
    Rule(
        "wgmesh.replay",
        ("wgmesh.domain", "wgmesh.projections", "wgmesh.node", "wgmesh.replay", "msgspec", *PURE_STDLIB),
        "the past is decided again without touching the present",
    ),
    Rule(
        "wgmesh.redaction",
        (
            "wgmesh.domain",
            "wgmesh.projections",
            "wgmesh.node",
            "wgmesh.replay",
            "wgmesh.redaction",
            "msgspec",
            *PURE_STDLIB,
        ),
        "pseudonyms come from values alone, and are checked by folding and deciding again: no file is touched",
    ),
    Rule(
        "wgmesh.preflight",
        (
            "wgmesh.adapters",
            "wgmesh.domain",
            "wgmesh.node",
            "wgmesh.preflight",
            "wgmesh.projections",
            "wgmesh.settings",
            "msgspec",
            *STDLIB,
        ),
        "join asks everything that can fail before it changes anything; it runs no node",
    ),
    Rule(
        "wgmesh.demo",
        (
            "wgmesh.adapters.event_log",
            "wgmesh.adapters.netns",
            "wgmesh.demo",
            "wgmesh.domain",
            "wgmesh.projections",
            "msgspec",
            *STDLIB,
        ),
        "the demo sees what a user sees: it starts the command, and reads logs",
    ),
    Rule(
        "wgmesh.pairs",
        ("wgmesh.domain", "wgmesh.projections", "wgmesh.pairs", "msgspec", *PURE_STDLIB),
        "two logs are compared as values: nothing in them is believed, opened or changed",
    ),
    Rule(
        "wgmesh.retelling",
        ("wgmesh.domain", "wgmesh.projections", "msgspec", "pprint", *PURE_STDLIB),
        "a test that is made of a log depends on what is tested, and on nothing of the machine it was made on",
    ),
    Rule(
        "wgmesh.supposing",
        ("wgmesh.domain", "msgspec", "contextlib", "importlib", "sys", *PURE_STDLIB),
        "it changes settings in values, and policies in this very process: a daemon never imports it",
    ),
    Rule(
        "wgmesh.report",
        (
            "wgmesh.domain",
            "wgmesh.projections",
            "wgmesh.report",
            "msgspec",
            "datetime",
            "importlib.resources",
            *PURE_STDLIB,
        ),
        "pages and tables are made of records and of what lies beside the module; it writes no file",
    ),
    Rule("wgmesh.settings", ("wgmesh.domain", "msgspec", *STDLIB), "settings are read before there is a node"),
    Rule("wgmesh.daemon", ("wgmesh", *LIBRARIES, *STDLIB), "the daemon ties the rooms together"),
    Rule("wgmesh.cli", ("wgmesh", *LIBRARIES, *STDLIB), "a verb calls whatever it needs"),
    Rule("wgmesh.__main__", ("wgmesh.cli",), "python -m wgmesh is the command and nothing more"),
    Rule("wgmesh", (), "a new room needs a rule here; and `import wgmesh` itself costs nothing"),
    Rule(
        "tests.simulation",
        (
            "wgmesh.domain",
            "wgmesh.projections",
            "wgmesh.node",
            "wgmesh.replay",
            "wgmesh.adapters.dht.mainline",
            "wgmesh.adapters.dht.krpc",
            "wgmesh.adapters.dht.bencode",
            "wgmesh.adapters.dht.compact",
            "wgmesh.adapters.dht.node_ids",
            "tests",
            "hypothesis",
            "msgspec",
            "pytest",
            *STDLIB,
        ),
        "what the simulator runs must not be able to touch the real world; the DHT's node is bytes in and bytes out",
    ),
)

# What several adapters are built on.
SHARED_ADAPTERS = ("wgmesh.adapters.clock", "wgmesh.adapters.udp", "wgmesh.adapters.worker")
ADAPTER_REASON = "adapters do not know each other, but for clock, udp and worker: the daemon brings them together"

# The domain from its ground up: one may import what is lower or beside, in no circle. What is not named is a policy.
POLICIES = "policies"
LAYERS = (
    ("values", "errors"),
    (
        "allowance", "device", "effects", "envelope", "events", "facts", "finding_events", "forgetting_events",
        "gossip_messages", "identity", "inputs", "keys", "log_events", "lots", "messages", "packing", "pages",
        "parameters", "peer", "peer_record", "records", "own_events", "path_probes", "relay_events", "relay_messages",
        "secret", "settings", "silence_events", "stun", "upcasts",
    ),
    (
        "attached", "draft", "electing", "flows", "folding", "holdings", "introduce", "mesh", "own_record", "passing",
        "peer_folding", "punch", "relay_folding", "relay_state", "ring", "session", "silences", "watch",
    ),
    (POLICIES,),
    ("cadence",),
    ("decide", ""),
)  # fmt: skip
LAYER_REASON = "in the domain, values <- what is said and recorded <- mesh <- policies <- decide: read it bottom up"

POLICIES_THAT_ASK_POLICIES = {
    "asking_back": ("reaching",),  # where a node may be
    "discovery": (
        "addressing",
        "announcing",
        "asking_back",
        "endpoints",
        "hearsay",
        "membership",
        "reaching",
        "redialling",
        "selfhood",
        "supplying",
        "unanswered",
    ),
    # A verdict is passed on; a strained node waits longer for it; who gave bytes and no word passes its watch on.
    "doubting": ("muteness", "spreading", "strain", "wards"),
    "endpoints": ("routes",),  # what goes through the mesh is no way to it
    "farewell": ("reaching",),  # where a peer's exchange may be
    "hearsay": ("membership", "selfhood"),
    "membership": ("forgetting", "introducing"),  # a newcomer may be one too many, and may need room
    "punching": ("endpoints", "membership", "rendezvous", "routes", "sighting"),  # where to probe, who is to know of it
    "redialling": ("reaching",),  # who is reached is not called
    "reaching": ("endpoints", "routes", "unanswered"),  # what may be nobody's address is not tried
    "granting": ("relays",),  # whom we reach ourselves
    "relaying": ("doubting", "liveness", "relays"),  # a tunnel that is not answered is asked for a sign first
    "returning": ("relaying", "relays"),  # where the relay that it came from is gone, another one is sought
    "sighting": ("endpoints", "inquiring", "mapping"),  # what a member sees is judged, and compared with servers
    "sparing": ("endpoints", "routes"),  # whose turn it is, if nobody is plagued by it
    "liveness": ("moving",),  # who was asleep doubts itself first
    "inquiring": ("mapping",),  # what was answered is judged
    "mapping": ("endpoints",),  # what may be nobody's address is not ours
    "moving": ("announcing",),  # who moved says so
    "wards": ("strain",),  # a strained node waits longer for what it is owed
    "watching": (
        "doubting",
        "errands",
        "liveness",
        "muteness",
        "relaying",
        "spreading",
        "strain",
        "wards",
    ),  # what each word through a tunnel means for the watch
}
POLICY_REASON = "one policy, one file: what two policies need belongs to the mesh or to the values"

# What the command line may load before it knows which verb was asked for: `wgmesh --help` and completion stay quick.
CLI_AT_ONCE = ("typer", "wgmesh.cli", *STDLIB)
CLI_REASON = "inside the command function: every verb pays only for what it uses"

# What must not be reachable by any import from the daemon.
NOT_IN_DAEMON = (
    "click",
    "rich",
    "sqlite_utils",
    "typer",
    "urllib3",
    "wgmesh.cli",
    "wgmesh.adapters.read_tables",
    "wgmesh.adapters.registry.serve",
)
DAEMON_REASON = "the daemon runs for months on small machines: 42 MB is its budget"

# Calls that no pure room may make, though no import gives them away.
IMPURE_CALLS = {
    "set": "the order of a set is not the same in two runs: use a tuple or a dict",
    "frozenset": "the order of a set is not the same in two runs: use a tuple or a dict",
    "hash": "the hash of a text is not the same in two runs: use hashlib",
    "id": "an address in memory is not the same in two runs",
    "open": "the core does no I/O",
    "print": "the core does no I/O",
    "input": "the core does no I/O",
    "exec": "the core runs no text",
    "eval": "the core runs no text",
    "__import__": "imports are read off the top of the file",
}
SET_REASON = IMPURE_CALLS["set"]

# What a class of a pure room may inherit from.
PLAIN_BASES = ("Enum", "Generic", "IntEnum", "IntFlag", "NamedTuple", "Protocol", "StrEnum")
ERROR_BASES = ("Exception", "ValueError", "WgmeshError", "Malformed")
BASE_REASON = "values are msgspec.Struct(frozen=True), and nothing else is inherited: what a class does is on its page"
