"""docs/events.md, generated: what stands in the log, from the docstrings, fields and bounds of the catalogue.

`python -m tests.events_page` writes the page; a test holds it to the code.
"""

import inspect
import types
from collections.abc import Iterator
from typing import Any, get_args, get_origin, get_type_hints

from msgspec import Struct

from tests.bounds import DAILY
from tests.source import ROOT
from wgmesh.domain.events import CATALOGUE
from wgmesh.domain.records import EVENTS
from wgmesh.domain.values import U32, IdentityKey, Port

PAGE = ROOT / "docs" / "events.md"

INTRODUCTION = """# Events

Generated from `wgmesh/domain/events.py` by `python -m tests.events_page`; change it there.

Everything that wgmesh holds to be true is in the log of the node, `events.db` in its state directory, one record after
the other. `wgmesh events` tells it in sentences, `wgmesh events --json` prints one JSON object a line: the frame of the
record, and beside it the fields of its event. No event holds a secret, a private key, a token or a raw datagram.

| frame | |
|---|---|
| `sequence` | counts the records of a log from 1, without gaps |
| `at` | wall-clock time, ms since 1970 |
| `name`, `version` | of the event; a change of fields is a new version, a change of meaning a new name |
| `cause` | what it came from: `start`, `network`, `lan`, `wireguard`, `timer/…`, `operator/…`, `log` |
| `because` | sequences of the earlier records that it rests on |
| `chain` | hash of this record and of the chain before it: 16 bytes in hex |

Bytes are base64, times and durations are ms. `identity` is a node's Ed25519 key, `public_key` its WireGuard key.
"At most a day" is what bounds the log: so many records of a name a day, on one node in a mesh of 100 peers.
"""

_NAMED = {
    IdentityKey: "key, 32 bytes",  # equal to PublicKey; the docstrings tell the two apart
    Port: "port",
    U32: "u32",
    str: "text",
    int: "number",
    bool: "true or false",
    bytes: "bytes",
    types.NoneType: "nothing",
}


def page() -> str:
    """The whole page."""
    sections = [INTRODUCTION, *(_event(event) for event in CATALOGUE), "# Values\n", *(_value(it) for it in _values())]
    return "\n".join(sections)


def _event(event: type) -> str:
    name = event.__name__
    lines = [
        f"## {name}",
        "",
        inspect.getdoc(event) or "",
        "",
        f"Version {EVENTS.versions[name]}, at most {DAILY[name]:,} a day.",
    ]
    return "\n".join([*lines, "", *_fields(event), *([""] if _hints(event) else [])])


def _value(value: type[Struct]) -> str:
    order = ["Written as a list, in this order.", ""] if value.__struct_config__.array_like else []
    return "\n".join([f"## {value.__name__}", "", inspect.getdoc(value) or "", "", *order, *_fields(value), ""])


def _fields(struct: type) -> Iterator[str]:
    hints = _hints(struct)
    if hints:
        yield "| field | |"
        yield "|---|---|"
    for name, hint in hints.items():
        yield f"| `{name}` | {_kind(hint)} |"


def _hints(struct: type) -> dict[str, Any]:
    return get_type_hints(struct, include_extras=True)


def _kind(hint: Any) -> str:
    """A type in words; values of our own are linked."""
    if hint in _NAMED:
        return _NAMED[hint]
    arguments = get_args(hint)
    match get_origin(hint):
        case None:
            return f"[{hint.__name__}](#{hint.__name__.lower()})"
        case builtin if builtin is tuple:
            return f"list of {_kind(arguments[0])}"
        case builtin if builtin is dict:
            return f"object of {_kind(arguments[1])} by {_kind(arguments[0])}"
        case _ if isinstance(hint, types.UnionType):
            return " or ".join(_kind(each) for each in arguments)
        case _:
            return " or ".join(f"`{each}`" for each in arguments)


def _values() -> list[type[Struct]]:
    """The values that events are made of, in the order in which a reader meets them."""
    found: dict[type[Struct], None] = {}
    waiting = list(CATALOGUE)
    while waiting:
        for hint in _hints(waiting.pop(0)).values():
            for part in (hint, *get_args(hint)):
                if isinstance(part, type) and issubclass(part, Struct) and part not in found:
                    found[part] = None
                    waiting.append(part)
    return list(found)


if __name__ == "__main__":
    PAGE.write_text(page())
