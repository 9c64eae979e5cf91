"""The guest's first files: read back field by field, and modules in an order in which each can be loaded."""

import gzip
from pathlib import Path

from tests.kernel.initramfs import DIRECTORY, FILE, PROGRAM, archive, modules_with_needs


def test_an_archive_has_each_file_whole_with_its_mode() -> None:
    packed = gzip.decompress(archive([("bin", DIRECTORY, b""), ("bin/sh", PROGRAM, b"#!"), ("a", FILE, b"12345")]))
    names, contents, at = [], {}, 0
    while at < len(packed):
        assert packed[at : at + 6] == b"070701"
        fields = [int(packed[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        mode, size, name_size = fields[1], fields[6], fields[11]
        name = packed[at + 110 : at + 110 + name_size - 1].decode()
        at = (at + 110 + name_size + 3) & ~3
        names.append((name, mode))
        contents[name] = packed[at : at + size]
        at = (at + size + 3) & ~3
    assert names == [("bin", DIRECTORY), ("bin/sh", PROGRAM), ("a", FILE), ("TRAILER!!!", 0)]
    assert (contents["bin/sh"], contents["a"]) == (b"#!", b"12345")


def test_a_module_stands_behind_all_that_it_needs_and_only_once(tmp_path: Path) -> None:
    lines = ("net/9p.ko: fs/a-b.ko net/c.ko", "fs/a-b.ko: net/c.ko", "net/c.ko:", "other.ko:")
    (tmp_path / "modules.dep").write_text("\n".join(lines) + "\n")
    found = modules_with_needs(tmp_path, ["9p", "a_b", "built_in"])
    assert [path.relative_to(tmp_path).as_posix() for path in found] == ["net/c.ko", "fs/a-b.ko", "net/9p.ko"]
