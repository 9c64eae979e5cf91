"""The board in a process of its own, so that what speaks HTTPS costs the daemon nothing between two visits.

A process is started by the first request of a visit, and ended with the visit. What it kept of the registry's answers,
to be told by the next visit what did not change, we carry from one to the next, unread.
"""

import os
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from wgmesh.adapters.registry.lines import Asked, Outcome, Place, Recall
from wgmesh.adapters.worker import LineWorker
from wgmesh.domain.errors import Refused
from wgmesh.domain.visiting import Close, Find, Make, Note, Put, Read, Request, Search, Titles

PROGRAM = "wgmesh.adapters.registry.serve"
# To read an issue takes up to six requests of ten seconds, and the process to start seconds on the smallest machines.
ANSWER_SECONDS = 90.0
# What concerns HTTPS in our environment, in either case: the ways out, and which certificates count (OpenSSL).
CONCERNING = ("http_proxy", "https_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir")
# What each request gives.
VALUES: dict[type, Any] = {
    Find: Titles,
    Search: Titles,
    Make: int,
    Close: None,
    Read: list[Note] | None,
    Put: None,
    Recall: bytes,
}


class BoardWorker:
    """For one visit at a time. Every call blocks, but for `abandon`."""

    def __init__(self, place: Place, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._place = place
        self._worker = LineWorker(PROGRAM, "it", answer_seconds, concerning(os.environ), self._greeting)

    @property
    def pid(self) -> int | None:
        """The process that runs now; None between visits."""
        return self._worker.pid

    def carry_out(self, request: Request) -> object:
        """What the request asks for; Refused where the registry, or the process, does not do it."""
        return self._ask(request)

    def end(self) -> None:
        """The visit is over, and so is the process, if there is one."""
        if self._worker.pid is None:
            return
        try:
            self._place = replace(self._place, kept=self._ask(Recall()))
        except Refused:
            pass  # the next visit is told all of it
        self._worker.close()

    def abandon(self) -> None:
        """Nobody waits for this visit any more."""
        self._worker.abandon()

    def _ask(self, asked: Asked) -> Any:
        """A request is not made twice: what was written before the process died is there."""
        try:
            line = self._worker.ask(msgspec.json.encode(asked), again=False)
        except OSError as error:
            raise Refused(f"the process that speaks HTTPS does not serve us: {error.strerror or error}") from error
        outcome = msgspec.json.decode(line, type=Outcome)
        if outcome.refused is not None:
            raise Refused(outcome.refused, outcome.wait)
        return msgspec.json.decode(outcome.value, type=VALUES[type(asked)])

    def _greeting(self) -> bytes:
        return msgspec.json.encode(self._place) + b"\n"


def concerning(environment: Mapping[str, str]) -> dict[str, str]:
    """What of our environment the process needs."""
    return {name: value for name, value in environment.items() if name.lower() in CONCERNING}
