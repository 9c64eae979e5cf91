"""The guest's first files as bytes: an archive in cpio's `newc` format, and what a kernel module needs with it."""

import gzip
import stat
from collections.abc import Iterable
from pathlib import Path

FILE, PROGRAM, DIRECTORY = stat.S_IFREG | 0o644, stat.S_IFREG | 0o755, stat.S_IFDIR | 0o755

Entry = tuple[str, int, bytes]  # path, mode, content


def archive(entries: Iterable[Entry]) -> bytes:
    """A compressed archive as the kernel unpacks it (Documentation/driver-api/early-userspace/buffer-format.rst)."""
    out = bytearray()
    for inode, (name, mode, data) in enumerate([*entries, ("TRAILER!!!", 0, b"")], start=1):
        path = name.encode() + b"\0"
        fields = (inode, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0)
        out += _padded(b"070701" + b"".join(b"%08X" % field for field in fields) + path) + _padded(data)
    return gzip.compress(bytes(out), compresslevel=1)


def modules_with_needs(tree: Path, names: Iterable[str]) -> list[Path]:
    """The files of these kernel modules and of all that they need, each behind what it needs; none for a built-in."""
    lines = (tree / "modules.dep").read_text().splitlines()
    needs = {_name(path): (path, rest.split()) for path, _, rest in (line.partition(":") for line in lines)}
    ordered: dict[str, Path] = {}

    def visit(name: str) -> None:
        path, others = needs.get(name, ("", []))
        for other in others:
            visit(_name(other))
        if path:
            ordered.setdefault(name, tree / path)

    for name in names:
        visit(name)
    return list(ordered.values())


def _name(path: str) -> str:
    return Path(path).name.partition(".ko")[0].replace("-", "_")


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
