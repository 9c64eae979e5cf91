"""`events --to-test`: a slice of the log becomes a test that says what came of it."""

from pathlib import Path
from typing import TYPE_CHECKING

from wgmesh.cli.moments import story
from wgmesh.cli.reading import open_log
from wgmesh.cli.terminal import say
from wgmesh.cli.writing import new_file

if TYPE_CHECKING:
    from wgmesh.domain.records import Record


def write_test(directory: Path, since: str | None, until: str | None, output: Path | None) -> None:
    """Write the records from `since` to `until` as a pytest; WgmeshError where there is nothing to test."""
    from wgmesh import __version__
    from wgmesh.cli.times import now, parse
    from wgmesh.domain.errors import UsageError
    from wgmesh.domain.mesh import Mesh
    from wgmesh.retelling import as_test

    if output is None:
        raise UsageError("--to-test writes a file: name it with -o test_something.py")
    first, last = (parse(text, now()) if text else end for text, end in ((since, 0), (until, 2**63)))
    before, records = Mesh(), list["Record"]()
    with open_log(directory) as reader:
        for held, record, after in story(reader.records(), Mesh()):
            if record.at > last:
                break
            if after is held:  # it speaks of a peer whose own records cannot be read
                continue
            if record.at < first and held.settings is not None:
                records.clear()
                continue
            # Until the node has started there is no state to carry: then all is told from the first record on.
            before = before if records else held
            records.append(record)
    text = as_test(before, records, __version__)
    with new_file(output) as file:
        file.write(text.encode())
    say(f"{output}: {len(records)} records; python -m pytest {output}", "good")
