"""The project's own Python files as data, for the tests that hold them to the rules of the house."""

import ast
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEXT_SUFFIXES = ("", ".css", ".html", ".js", ".md", ".py", ".sh", ".toml", ".txt")


@dataclass(frozen=True)
class Import:
    """One imported name, dotted and whole: `from a.b import c` is `a.b.c`."""

    target: str
    line: int
    lazy: bool  # inside a function
    typing_only: bool  # under `if TYPE_CHECKING:`


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the root of the project, and its text."""

    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path.as_posix())

    @cached_property
    def name(self) -> str:
        """The dotted name of the module; a package has the name of its folder."""
        parts = self.path.with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        return tuple(_imports(self.tree, lazy=False, typing_only=False))


def sources(*rooms: str) -> list[Source]:
    """Every Python file below these folders of the project, in the order of their paths."""
    paths = sorted(path for room in rooms for path in (ROOT / room).rglob("*.py"))
    return [Source(path.relative_to(ROOT), path.read_text("utf-8")) for path in paths]


def texts() -> list[tuple[Path, str]]:
    """Every text that people read in this project, code and documents, with its path from the root."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if name == ".ci" or not name.startswith((".", "__")))
        paths = [Path(folder, name) for name in sorted(names) if Path(name).suffix in TEXT_SUFFIXES]
        found += [(path.relative_to(ROOT), path.read_text("utf-8")) for path in paths if not path.name.startswith(".")]
    return found


def graph(files: list[Source]) -> dict[str, list[str]]:
    """Who imports whom at run time: modules of the project by their own name, libraries by the name imported."""
    names = [file.name for file in files]
    edges: dict[str, list[str]] = {}
    for file in files:
        targets = [_module(each.target, names) for each in file.imports if not each.typing_only]
        edges[file.name] = [target for target in targets if target != file.name]
    return edges


def reached(edges: dict[str, list[str]], start: list[str]) -> list[str]:
    """All that can be reached from `start`, itself included, by any chain of imports."""
    seen: dict[str, None] = {}
    waiting = list(start)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen[name] = None
            waiting += edges.get(name, [])
    return sorted(seen)


def within(name: str, room: str) -> bool:
    """True for the module or package itself and for all that is in it."""
    return name == room or name.startswith(room + ".")


def among(name: str, rooms: Iterable[str]) -> bool:
    """True if the module is within one of them."""
    return any(within(name, room) for room in rooms)


def _module(target: str, names: list[str]) -> str:
    return max((name for name in names if within(target, name)), key=len, default=target)


def _imports(node: ast.AST, *, lazy: bool, typing_only: bool) -> Iterator[Import]:
    match node:
        case ast.Import(names=names):
            yield from (Import(name.name, node.lineno, lazy, typing_only) for name in names)
        case ast.ImportFrom(module=module, names=names, level=level):
            base = "." * level + (module or "")
            yield from (Import(f"{base}.{name.name}", node.lineno, lazy, typing_only) for name in names)
        case ast.If(test=ast.Name(id="TYPE_CHECKING"), body=body, orelse=orelse):
            for statement in body:
                yield from _imports(statement, lazy=lazy, typing_only=True)
            for statement in orelse:
                yield from _imports(statement, lazy=lazy, typing_only=typing_only)
        case _:
            inside = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for child in ast.iter_child_nodes(node):
                yield from _imports(child, lazy=inside, typing_only=typing_only)
