"""Holds the files to the habits of the house: short, tested where they stand, nothing left lying about.

Docstrings, unfinished comments and the rest of the style are the linter's, in pyproject.toml. Each check here is shown
to bite on a wrong text below it.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.source import ROOT, Source, graph, reached, sources, texts

# Targets are about 110 and 10 (CONTRIBUTING.md); past these, something has become two things.
FILE_LINES = 400
FUNCTION_LINES = 60
COMMAND_LINES = 15

FORBIDDEN_WORDS = ("util", "utils", "helper", "helpers", "manager", "common")
LEFT_FOR_LATER = re.compile(r"\b(TOD[O]|FIXM[E]|NotImplementedErro[r])\b")  # in brackets: this file is read too

# Rooms in which each module answers for itself, in a test file of its own.
MIRRORED = ("wgmesh/domain", "wgmesh/projections", "wgmesh/adapters")

# Where running begins: the command, and the daemon that `join` becomes.
# What is started by name, with `python -m`.
ENTRANCES = [
    "wgmesh.__main__",
    "wgmesh.daemon.__main__",
    "wgmesh.adapters.netlink.serve",
    "wgmesh.adapters.registry.serve",
]

# Written before what will use them; a module that is used leaves this list.
AWAITED: list[str] = []

AnyFunction = ast.FunctionDef | ast.AsyncFunctionDef


def too_long(source: Source) -> Iterator[str]:
    """The file, its functions and its commands, where they are past their limits."""
    lines = source.text.count("\n")
    if lines > FILE_LINES:
        yield f"{source.path}: {lines} lines, at most {FILE_LINES}"
    for function in _functions(source):
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        if length > FUNCTION_LINES:
            yield f"{source.path}:{function.lineno}: {function.name} has {length} lines, at most {FUNCTION_LINES}"
        if _is_command(source, function) and _body_lines(function) > COMMAND_LINES:
            yield f"{source.path}:{function.lineno}: command {function.name} does more than parse, call and print"


def forbidden_names(source: Source) -> Iterator[str]:
    """Names that say nothing: a drawer for everything is found by nobody."""
    definitions = [node for node in ast.walk(source.tree) if isinstance(node, AnyFunction | ast.ClassDef)]
    for name in (*source.name.split("."), *(node.name for node in definitions)):
        words = re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", name)
        if any(word.lower() in FORBIDDEN_WORDS for word in words):
            yield f"{source.path}: {name}: name it by what it does"


def mirrored(path: Path) -> Path:
    """Where the tests of a module are: wgmesh/adapters/x/y.py has tests/adapters/x/test_y.py."""
    return Path("tests", *path.parts[1:-1], f"test_{path.name}")


def left_for_later(text: str) -> list[str]:
    """Marks of unfinished work."""
    return LEFT_FOR_LATER.findall(text)


def paths_of(machine: tuple[str, ...], text: str) -> list[str]:
    """Absolute paths in the text that exist on one machine only."""
    places = "|".join(re.escape(place) for place in machine if place != "/")
    return re.findall(rf"(?<![\w./-])(?:{places})(?![\w-])", text)


def unused(files: list[Source]) -> list[str]:
    """Modules that nobody reaches from an entrance, by an import or by their name in a text, as programs are started.

    Packages only hold their modules and are not counted.
    """
    edges = graph(files)
    for file in files:
        edges[file.name] += [text for text in _texts_in(file) if text in edges]
    used = reached(edges, ENTRANCES)
    return [file.name for file in files if file.path.name != "__init__.py" and file.name not in used]


def _functions(source: Source) -> list[AnyFunction]:
    return [node for node in ast.walk(source.tree) if isinstance(node, AnyFunction)]


def _texts_in(source: Source) -> list[str]:
    constants = [node.value for node in ast.walk(source.tree) if isinstance(node, ast.Constant)]
    return [value for value in constants if isinstance(value, str)]


def _is_command(source: Source, function: AnyFunction) -> bool:
    decorators = " ".join(ast.unparse(each) for each in function.decorator_list)
    return source.name.startswith("wgmesh.cli") and re.search(r"\.(command|callback)\b", decorators) is not None


def _body_lines(function: AnyFunction) -> int:
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_files_functions_and_commands_are_short() -> None:
    wrong = [line for source in sources("wgmesh", "tests") for line in too_long(source)]
    assert not wrong, "\n".join(wrong)
    assert (ROOT / "run").read_text().count("\n") <= FILE_LINES


def test_names_say_what_a_thing_does() -> None:
    wrong = [line for source in sources("wgmesh", "tests") for line in forbidden_names(source)]
    assert not wrong, "\n".join(wrong)


def test_each_module_has_its_own_test_file() -> None:
    modules = [source.path for source in sources(*MIRRORED) if source.path.name != "__init__.py"]
    missing = [f"{path} wants {mirrored(path)}" for path in modules if not (ROOT / mirrored(path)).is_file()]
    assert not missing, "\n".join(missing)


def has_tests(source: Source) -> bool:
    """It has some of its own, or holds somebody to a contract."""
    classes = (node for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef))
    bases = [ast.unparse(base) for each in classes for base in each.bases]
    return any(each.name.startswith("test_") for each in _functions(source)) or any(
        base.endswith("Contract") for base in bases
    )


def test_no_test_file_is_without_tests() -> None:
    files = [source for source in sources("tests") if source.path.name.startswith("test_")]
    assert [file.path for file in files if not has_tests(file)] == []


def test_nothing_is_left_for_later() -> None:
    assert [path for path, text in texts() if left_for_later(text)] == []


def test_no_text_names_a_path_of_the_machine_it_was_written_on() -> None:
    machine = (str(ROOT), str(Path.home()), sys.prefix)
    assert [(path, paths_of(machine, text)) for path, text in texts() if paths_of(machine, text)] == []


def test_no_module_lies_unused() -> None:
    assert unused(sources("wgmesh")) == AWAITED


def _function(lines: int, *, docstring: int = 0, decorator: str = "") -> str:
    quotes = '    """' + "\n" * docstring + '"""\n' if docstring else ""
    return f"{decorator}\ndef f():\n{quotes}" + "    x = 1\n" * lines


@pytest.mark.parametrize(
    ("path", "text", "wrong"),
    [
        ("wgmesh/a.py", "x = 1\n" * 400, 0),
        ("wgmesh/a.py", "x = 1\n" * 401, 1),
        ("wgmesh/a.py", _function(59), 0),
        ("wgmesh/a.py", _function(60), 1),
        ("wgmesh/a.py", _function(16, decorator="@app.command()"), 0),
        ("wgmesh/cli/a.py", _function(16), 0),
        ("wgmesh/cli/a.py", _function(15, docstring=5, decorator="@app.command('a')"), 0),
        ("wgmesh/cli/a.py", _function(16, decorator="@app.command()"), 1),
        ("wgmesh/cli/a.py", _function(16, decorator="@app.callback()"), 1),
    ],
)
def test_what_is_too_long_is_seen(path: str, text: str, wrong: int) -> None:
    assert len(list(too_long(Source(Path(path), text)))) == wrong


@pytest.mark.parametrize(
    ("path", "text", "wrong"),
    [
        ("wgmesh/utils.py", "", 1),
        ("wgmesh/common/a.py", "", 1),
        ("wgmesh/a.py", "class PeerManager: ...", 1),
        ("wgmesh/a.py", "def parse_helper(): ...", 1),
        ("wgmesh/a.py", "async def manager(): ...", 1),
        ("wgmesh/a.py", "from contextlib import contextmanager\nclass Utility: ...\ndef commonly(): ...", 0),
    ],
)
def test_a_name_that_says_nothing_is_seen(path: str, text: str, wrong: int) -> None:
    assert len(list(forbidden_names(Source(Path(path), text)))) == wrong


def test_a_module_is_mirrored_at_any_depth() -> None:
    assert mirrored(Path("wgmesh/domain/values.py")) == Path("tests/domain/test_values.py")
    assert mirrored(Path("wgmesh/adapters/dht/krpc.py")) == Path("tests/adapters/dht/test_krpc.py")


def test_unfinished_work_is_seen() -> None:
    for mark in ("todo".upper(), "fixme".upper(), "Not" + "ImplementedError"):
        assert left_for_later(f"x = 1  # {mark}: tomorrow") == [mark]
    assert left_for_later("to do, fix me") == []


def test_a_path_of_this_machine_is_seen() -> None:
    machine = ("/", "/src/mesh", "/home/ada")
    assert paths_of(machine, "see /src/mesh/run and '/home/ada'") == ["/src/mesh", "/home/ada"]
    assert paths_of(machine, "/src/meshes, https://host/src/mesh, /home/adam, /") == []


def test_an_unused_module_is_seen() -> None:
    files = [
        Source(Path("wgmesh/__init__.py"), ""),
        Source(Path("wgmesh/__main__.py"), "from wgmesh.cli import main"),
        Source(Path("wgmesh/cli/__init__.py"), "def main():\n    from wgmesh.a import b"),
        Source(Path("wgmesh/a.py"), "PROGRAM = 'wgmesh.c'"),
        Source(Path("wgmesh/b.py"), "import wgmesh.a"),
        Source(Path("wgmesh/c.py"), ""),
    ]
    assert unused(files) == ["wgmesh.b"]
