"""Several nodes' event logs, merged as they are written and told in sentences, a colour a node."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from wgmesh.adapters.event_log.reader import LogReader
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.folding import evolve
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.records import Record
from wgmesh.projections.timeline import sentence
from wgmesh.projections.wording import printable

# How far behind the story may be; a person does not see it.
POLL_SECONDS = 0.05
COLOURS = (36, 33, 35, 32, 34, 31)
# What happens so often, or says so little to somebody who sees it for the first time, that the story is better without.
UNTOLD = ("SettingsChanged", "LayerResumed", "InterfacesChanged")


class Teller:
    """Prints lines, in colour where that is wished; one at a time, whoever calls."""

    def __init__(self, coloured: bool, write: Callable[[str], object]) -> None:
        self._coloured = coloured
        self._write = write
        self._turn = threading.Lock()

    def say(self, text: str, colour: int = 1) -> None:
        """One line; `colour` is an SGR code, 1 is bold. A terminal gets no more of it than fits."""
        if self._coloured:
            columns = shutil.get_terminal_size().columns
            fitting = text if len(text) <= columns else f"{text[: columns - 1]}…"
            text = f"\033[{colour}m{fitting}\033[0m"
        with self._turn:
            self._write(f"{text}\n")


class Chronicle:
    """One node's log, folded as far as it was told."""

    def __init__(self, name: str, log: Path, colour: int) -> None:
        self.name = name
        self.mesh = Mesh()
        self._log = log
        self._colour = colour
        self._reader: LogReader | None = None

    def news(self) -> Iterator[tuple[int, str, int]]:
        """What was written since the last call: when (ms), a line, its colour."""
        for record in self._records():
            before, self.mesh = self.mesh, evolve(self.mesh, record)
            if type(record.event).__name__ not in UNTOLD:
                clock = time.strftime("%H:%M:%S", time.localtime(record.at / 1000)) + f".{record.at % 1000:03d}"
                told = printable(sentence(before, record))
                yield record.at, f"{clock}  {self.name:<6} {record.cause:<12} {told}", self._colour

    def close(self) -> None:
        """Let go of the log."""
        if self._reader:
            self._reader.close()

    def _records(self) -> Iterator[Record]:
        if self._reader is None:
            try:
                self._reader = LogReader(self._log, running=True)
            except WgmeshError:  # nothing was written yet; a daemon that cannot is seen to end
                return
        if self.mesh.head.sequence == 0 or self._reader.changed():
            for record in self._reader.records(self.mesh.head.sequence):
                assert isinstance(record, Record)
                yield record


class Story:
    """Tells the chronicles in the background, in the order of time, from `with` to the end of its block."""

    def __init__(self, chronicles: list[Chronicle], teller: Teller) -> None:
        self._chronicles = chronicles
        self._teller = teller
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tell, name="story", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _tell(self) -> None:
        while not self._ended.wait(POLL_SECONDS):
            self._tell_news()
        self._tell_news()
        for chronicle in self._chronicles:
            chronicle.close()

    def _tell_news(self) -> None:
        news = sorted(line for chronicle in self._chronicles for line in chronicle.news())
        for _, line, colour in news:
            self._teller.say(line, colour)
