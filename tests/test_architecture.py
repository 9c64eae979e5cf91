"""Holds every file to the rules of tests/architecture.py, and proves on wrong files that each rule bites."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import architecture as house
from tests.source import Import, Source, among, graph, reached, sources, within


def imports_against_the_rules(source: Source) -> Iterator[str]:
    """Every import that a rule forbids, as "file:line: … imports …: reason"."""
    for each in source.imports:
        for reason in _reasons_against(source, each):
            yield f"{source.path}:{each.line}: {source.name} imports {each.target}: {reason}"


def impurities(source: Source) -> Iterator[str]:
    """Every expression and class of a pure room that makes it less than pure."""
    for node in ast.walk(source.tree):
        reason = _impurity(node)
        if reason:
            yield f"{source.path}:{getattr(node, 'lineno', 0)}: {ast.unparse(node).splitlines()[0]}: {reason}"


def circles(files: list[Source]) -> list[str]:
    """The modules that import each other in a circle, whatever its length."""
    edges = graph(files)
    return sorted(name for name in edges if name in reached(edges, edges[name]))


def loaded_by_the_daemon(files: list[Source]) -> list[str]:
    """What the daemon can reach, by any chain of imports, though it must not."""
    return [name for name in reached(graph(files), ["wgmesh.daemon.__main__"]) if among(name, house.NOT_IN_DAEMON)]


def _reasons_against(source: Source, each: Import) -> Iterator[str]:
    name, target = source.name, each.target
    if not among(name, ("wgmesh", "tests.simulation")) or target in house.FOR_ALL:
        return
    room = next(rule for rule in house.ROOMS if within(name, rule.room))
    if not among(target, room.may):
        yield room.reason
    if within(name, "tests"):
        return
    yield from (rule.reason for rule in house.RESERVED if within(target, rule.room) and not among(name, rule.may))
    at_once = not each.lazy and not each.typing_only
    if within(name, "wgmesh.cli") and at_once and not among(target, house.CLI_AT_ONCE):
        yield house.CLI_REASON
    if within(name, "wgmesh.adapters") and within(target, "wgmesh.adapters"):
        yield from _against_the_other_adapter(name, target)
    if within(name, "wgmesh.domain") and within(target, "wgmesh.domain"):
        yield from _against_the_layers(_part(name, 2), _part(target, 2))


def _against_the_other_adapter(name: str, target: str) -> Iterator[str]:
    if _part(name, 2) != _part(target, 2) and not among(target, house.SHARED_ADAPTERS):
        yield house.ADAPTER_REASON


def _against_the_layers(mine: str, theirs: str) -> Iterator[str]:
    if _layer(theirs) > _layer(mine):
        yield house.LAYER_REASON
    both_policies = _layer(theirs) == _layer(mine) == _layer(house.POLICIES) and mine != theirs
    if both_policies and theirs not in house.POLICIES_THAT_ASK_POLICIES.get(mine, ()):
        yield house.POLICY_REASON


def _part(name: str, index: int) -> str:
    parts = name.split(".")
    return parts[index] if index < len(parts) else ""


def _layer(module: str) -> int:
    named = next((level for level, names in enumerate(house.LAYERS) if module in names), None)
    return _layer(house.POLICIES) if named is None else named


def _impurity(node: ast.AST) -> str | None:
    match node:
        case ast.Set() | ast.SetComp():
            return house.SET_REASON
        case ast.BinOp(op=ast.BitAnd() | ast.BitOr() | ast.BitXor() | ast.Sub(), left=left, right=right):
            return house.SET_REASON if _is_view(left) or _is_view(right) else None
        case ast.Call(func=ast.Name(id=name)):
            return house.IMPURE_CALLS.get(name)
        case ast.ClassDef(bases=bases, keywords=keywords):
            frozen = any(word.arg == "frozen" and ast.unparse(word.value) == "True" for word in keywords)
            return house.BASE_REASON if any(not _is_plain(base, frozen=frozen) for base in bases) else None
    return None


def _is_view(node: ast.AST) -> bool:
    """`mapping.keys()` or `.items()`, whose arithmetic makes sets."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("keys", "items")


def _is_plain(base: ast.expr, *, frozen: bool) -> bool:
    name = ast.unparse(base).split("[")[0].split(".")[-1]
    return name in house.PLAIN_BASES or name in house.ERROR_BASES or (name == "Struct" and frozen)


def test_every_import_keeps_the_rules() -> None:
    wrong = [line for source in sources("wgmesh", "tests") for line in imports_against_the_rules(source)]
    assert not wrong, "\n".join(wrong)


def test_the_pure_rooms_are_pure() -> None:
    wrong = [line for source in sources("wgmesh/domain", "wgmesh/projections") for line in impurities(source)]
    assert not wrong, "\n".join(wrong)


def test_no_imports_run_in_a_circle() -> None:
    assert circles(sources("wgmesh")) == [], "what needs each other is one module, or lacks a third below both"


def test_the_daemon_reaches_nothing_that_only_people_need() -> None:
    assert loaded_by_the_daemon(sources("wgmesh")) == [], house.DAEMON_REASON


def test_every_rule_says_why_and_names_what_exists() -> None:
    for rule in (*house.ROOMS, *house.RESERVED):
        assert len(rule.reason.split()) >= 4, rule
    assert [name for name in house.PURE_STDLIB if name.split(".")[0] not in sys.stdlib_module_names] == []


WRONG_IMPORTS = [
    ("wgmesh/domain/mesh.py", "import time", "the core is pure"),
    ("wgmesh/domain/mesh.py", "def f():\n    import logging", "the core is pure"),
    ("wgmesh/domain/mesh.py", "from . import values", "the core is pure"),
    ("wgmesh/domain/mesh.py", "from wgmesh.adapters import clock", "the core is pure"),
    ("wgmesh/domain/mesh.py", "from cryptography.hazmat.primitives import hashes", "three files"),
    ("wgmesh/domain/values.py", "from wgmesh.domain.mesh import Mesh", "read it bottom up"),
    ("wgmesh/domain/mesh.py", "from wgmesh.domain import gossip", "read it bottom up"),
    ("wgmesh/domain/mesh.py", "import wgmesh.domain", "read it bottom up"),
    ("wgmesh/domain/liveness.py", "from wgmesh.domain.cadence import due", "read it bottom up"),
    ("wgmesh/domain/liveness.py", "from wgmesh.domain.gossip import spread", "one policy, one file"),
    ("wgmesh/domain/discovery.py", "from wgmesh.domain.gossip import spread", "one policy, one file"),
    ("wgmesh/domain/gossip.py", "from wgmesh.domain.decide import step", "there is one way in"),
    ("wgmesh/daemon.py", "from wgmesh.domain.decide import step", "there is one way in"),
    ("wgmesh/projections/status.py", "import sqlite3", "a view is a pure function"),
    ("wgmesh/projections/status.py", "from wgmesh.node import Node", "a view is a pure function"),
    ("wgmesh/adapters/lan.py", "from wgmesh.projections import status", "not its business"),
    ("wgmesh/adapters/lan.py", "from wgmesh.adapters.control import serve", "adapters do not know each other"),
    ("wgmesh/adapters/lan.py", "import requests", "not its business"),
    ("wgmesh/adapters/lan.py", "import eventsourcing.persistence", "the log has one door"),
    ("wgmesh/node.py", "import anyio", "the simulator runs this very code"),
    ("wgmesh/node.py", "from wgmesh.adapters.event_log import EventLog", "the simulator runs this very code"),
    ("wgmesh/replay.py", "import sqlite3", "the past is decided again"),
    ("wgmesh/daemon.py", "from wgmesh.cli import main", "nothing depends on how it is called"),
    ("wgmesh/cli/status.py", "from wgmesh.projections import status", "inside the command function"),
    ("wgmesh/cli/status.py", "import rich.table", "inside the command function"),
    ("wgmesh/attic.py", "import json", "a new room needs a rule"),
    ("tests/simulation/world.py", "from wgmesh.adapters.udp import Socket", "touch the real world"),
    ("tests/simulation/world.py", "import anyio", "touch the real world"),
]


@pytest.mark.parametrize(("path", "text", "reason"), WRONG_IMPORTS)
def test_a_wrong_import_is_seen_and_told_why(path: str, text: str, reason: str) -> None:
    found = list(imports_against_the_rules(Source(Path(path), text)))
    assert any(reason in line and line.startswith(f"{path}:") for line in found), found


RIGHT_IMPORTS = [
    ("wgmesh/domain/keys.py", "from cryptography.hazmat.primitives import hashes\nimport hmac"),
    ("wgmesh/domain/discovery.py", "from wgmesh.domain.membership import admit\nfrom wgmesh.domain.mesh import Mesh"),
    ("wgmesh/domain/decide.py", "from wgmesh.domain import gossip, liveness"),
    ("wgmesh/adapters/lan.py", "import wgmesh\nfrom wgmesh import __version__"),
    ("wgmesh/adapters/lan.py", "import socket\nimport anyio\nfrom wgmesh.adapters.udp import Socket"),
    ("wgmesh/adapters/wireguard/kernel.py", "from wgmesh.adapters.wireguard.port import Port\nimport pyroute2"),
    ("wgmesh/cli/status.py", "import typer\ndef f():\n    from wgmesh.projections import status\n    import rich"),
    ("wgmesh/node.py", "from wgmesh.domain.decide import step"),
    ("tests/simulation/world.py", "import heapq\nfrom wgmesh.node import Node"),
]


@pytest.mark.parametrize(("path", "text"), RIGHT_IMPORTS)
def test_a_right_import_passes(path: str, text: str) -> None:
    assert list(imports_against_the_rules(Source(Path(path), text))) == []


@pytest.mark.parametrize(
    "text",
    [
        "x = {1, 2}",
        "x = {y for y in z}",
        "x = set()",
        "x = frozenset(y)",
        "x = a.keys() - b.keys()",
        "x = b | a.items()",
        "x = hash(y)",
        "open('f')",
        "print(1)",
        "class A(B): ...",
        "class A(Struct): ...",
        "class A(msgspec.Struct, frozen=False): ...",
    ],
)
def test_an_impure_line_is_seen(text: str) -> None:
    assert len(list(impurities(Source(Path("wgmesh/domain/mesh.py"), text)))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "x = {'a': 1}",
        "x = a.keys()",
        "x: frozenset[int]",
        "x = a - b",
        "class A: ...",
        "class A(msgspec.Struct, frozen=True): ...",
        "class A(Protocol[T]): ...",
        "class A(WgmeshError): ...",
    ],
)
def test_a_pure_line_passes(text: str) -> None:
    assert list(impurities(Source(Path("wgmesh/domain/mesh.py"), text))) == []


def test_a_circle_is_seen_even_through_a_third_and_through_a_function() -> None:
    files = [
        Source(Path("wgmesh/a.py"), "from wgmesh.b import x"),
        Source(Path("wgmesh/b.py"), "def f():\n    from wgmesh import c"),
        Source(Path("wgmesh/c.py"), "import wgmesh.a"),
        Source(Path("wgmesh/d.py"), "import wgmesh.a\nif TYPE_CHECKING:\n    import wgmesh.d"),
    ]
    assert circles(files) == ["wgmesh.a", "wgmesh.b", "wgmesh.c"]


def test_what_the_daemon_reaches_through_others_is_seen() -> None:
    files = [
        Source(Path("wgmesh/daemon/__main__.py"), "from wgmesh.adapters import lan"),
        Source(Path("wgmesh/adapters/lan.py"), "def f():\n    import sqlite_utils"),
        Source(Path("wgmesh/adapters/read_tables.py"), "import sqlite_utils"),
    ]
    assert loaded_by_the_daemon(files) == ["sqlite_utils"]
