"""What goes into a bug report, made in a directory of its own and looked at once more before it is packed."""

import io
import os
import platform
import re
import sqlite3
import tarfile
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from wgmesh.cli.place import LOG_NAME
from wgmesh.cli.reading import is_running, sample
from wgmesh.cli.replaying import Past, borrowed
from wgmesh.cli.terminal import remark, say
from wgmesh.cli.writing import new_file

if TYPE_CHECKING:
    from wgmesh.adapters.event_log.database import Head
    from wgmesh.domain.records import Record
    from wgmesh.node.recording import Beginning, Taken
    from wgmesh.projections.peers import Live
    from wgmesh.redaction.log import Redacted

# Where a bundle unpacks to, and what the recording is called in it and is looked for as.
FOLDER = "wgmesh-bugreport"
RECORDING = "inputs"
ABOUT = "about.json"
# In networks of a few addresses most secrets give somebody the name of somebody else.
MOST_SECRETS = 200


class Bundle:
    """The files of a bundle, by name, for as long as it is entered; WgmeshError if they do not tell the same story."""

    def __init__(self, directory: Path, recording: Path | None) -> None:
        self._directory = directory
        usual = directory / RECORDING
        self._recording = recording or (usual if usual.is_file() else None)
        self._open = ExitStack()
        self.files: dict[str, bytes] = {}

    def __enter__(self) -> Self:
        with self._open:
            copy = self._open.enter_context(borrowed(self._directory))
            past = Past(copy, None)
            room = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="wgmesh-bugreport-")))
            self._make(past, room, _damage_of(past, copy))
            self._open = self._open.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()

    def _make(self, past: Past, room: Path, damage: str) -> None:
        from wgmesh.domain.errors import WgmeshError
        from wgmesh.redaction.log import redacted

        if past.unreadable:
            raise WgmeshError(f"{past.unreadable}: make the bundle with the wgmesh that wrote it")
        with past.opened() as reader:
            records, beginning = tuple(past.records(reader)), reader.beginning
        live = sample(self._directory) if is_running(self._directory) else None
        recordings = self._recordings()
        secrets = (os.urandom(32) for _ in range(MOST_SECRETS))
        result = redacted(records, secrets, (live, *recordings.values()))
        self._add_log(result, beginning, room)
        for name, recording in recordings.items():
            self._add_recording(name, result, recording)
        self.files[ABOUT] = _about(result, damage, live)
        _check_is_silent(result, self.files)

    def _recordings(self) -> "dict[str, tuple[Beginning, list[Taken]]]":
        """The recording and the older half of its ring, as far as they are there."""
        from wgmesh.cli.redeciding import naming
        from wgmesh.node.recording import read_recording

        found: dict[str, tuple[Beginning, list[Taken]]] = {}
        for suffix in (".old", "") if self._recording else ():
            assert self._recording is not None
            path = self._recording.with_name(self._recording.name + suffix)
            if path.is_file() or not suffix:
                with naming(path), path.open("rb") as file:
                    beginning, taken = read_recording(file.read)
                    found[RECORDING + suffix] = beginning, list(taken)
        return found

    def _add_log(self, result: "Redacted", beginning: "Head", room: Path) -> None:
        """Written, and read back as anybody will read it."""
        from wgmesh.adapters.event_log.authoring import write_log
        from wgmesh.adapters.event_log.database import Head

        chain = result.pseudonyms.rewritten(beginning.chain) if beginning.sequence else beginning.chain
        write_log(room / LOG_NAME, result.records, Head(beginning.sequence, chain))
        _check_is_read_back(room / LOG_NAME, result.records)
        self.files[LOG_NAME] = (room / LOG_NAME).read_bytes()

    def _add_recording(self, name: str, result: "Redacted", recording: "tuple[Beginning, list[Taken]]") -> None:
        from wgmesh.domain.errors import WgmeshError
        from wgmesh.redaction.log import recording_of

        try:
            self.files[name] = recording_of(result, *recording)
        except WgmeshError as error:
            remark(f"the recording {name} is left out: {error}")


def packed(bundle: Bundle, output: Path | None) -> None:
    """Write the bundle as a compressed archive that only its owner may read; WgmeshError if it cannot be written."""
    from wgmesh.cli.times import local, now

    present = now()
    path = output or Path(f"{FOLDER}-{local(present):%Y%m%d-%H%M%S}.tar.gz")
    with new_file(path) as file, tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in bundle.files.items():
            entry = tarfile.TarInfo(f"{FOLDER}/{name}")
            entry.size, entry.mtime, entry.mode = len(content), present // 1000, 0o600
            archive.addfile(entry, io.BytesIO(content))
    say(f"{path}: {', '.join(bundle.files)}; it replays to the same state, under other names", "good")
    say(f"to look at it: tar -xf {path} && wgmesh replay {FOLDER}", "faint")


def _about(result: "Redacted", damage: str, live: "Live | None") -> bytes:
    import msgspec

    from wgmesh import __version__

    said = {
        "schema_version": 1,
        "wgmesh": __version__,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "kernel": platform.release(),
        "machine": platform.machine(),
        "records": len(result.records),
        "damage": damage,
        "wireguard": result.pseudonyms.rewritten(live),
    }
    return msgspec.json.format(msgspec.json.encode(said)) + b"\n"


def _damage_of(past: Past, copy: Path) -> str:
    """What is wrong with the log behind the records that go along; empty if nothing is."""
    from wgmesh.domain.errors import WgmeshError

    try:
        past.complain()
    except WgmeshError as error:
        damage = str(error).removeprefix(f"{copy}: ")
        remark(damage)
        return damage
    return ""


def _check_is_read_back(path: Path, records: "tuple[Record, ...]") -> None:
    from msgspec.structs import replace

    from wgmesh.adapters.event_log.reader import LogReader
    from wgmesh.adapters.event_log.verify import verify

    verdict = verify(path, running=False)
    assert not verdict.reason, f"a log that was just written is bad at {verdict.first_bad}: {verdict.reason}"
    with LogReader(path, running=False) as reader:
        again = tuple(replace(record, chain=b"") for record in reader.records())
    assert again == records, "a log that was just written is not read back"


def _check_is_silent(result: "Redacted", files: dict[str, bytes]) -> None:
    """No key and no address of anybody in any file, however it came there."""
    from wgmesh.domain.errors import WgmeshError

    for hidden in result.pseudonyms.hidden:
        whole = re.compile(rb"(?<![\w.:])" + re.escape(hidden) + rb"(?![\w.:]*\w)")
        for name, content in files.items():
            if hidden in content and whole.search(content):
                raise WgmeshError(f"{hidden!r} could still be read in {name}: nothing is written")
