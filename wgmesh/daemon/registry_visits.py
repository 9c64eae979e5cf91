"""Visits to the registry: one at a time, each request in a thread of its own, so that nobody waits for a slow server.

What speaks HTTPS is a process that lives for one visit (`adapters/registry/worker`); the notes that it brings are
opened here. A thread that still waits when the daemon ends is left to end with it.
"""

import asyncio
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import anyio

from wgmesh.adapters.registry.lines import Place
from wgmesh.adapters.registry.worker import BoardWorker
from wgmesh.domain.errors import Refused
from wgmesh.domain.visiting import Errand, Open, Visit, Visited, visit
from wgmesh.settings import Settings


class RegistryVisits:
    """`title`: of the mesh's issue; `opened` knows what a note says. `deliver` gets what each visit came to, and
    where the registry is."""

    def __init__(self, settings: Settings, title: str, opened: Open, deliver: Callable[[Visited, str], None]) -> None:
        self._opened, self._deliver = opened, deliver
        self._host = urlsplit(settings.registry_url).hostname or ""
        place = Place(settings.registry_url, settings.registry_repo, title, settings.registry_token)
        self._board = BoardWorker(place)
        self._wanted: Errand | None = None
        self._stir = anyio.Event()

    def set_out(self, errands: Iterable[Errand]) -> None:
        """Go on the newest of these errands as soon as the visit before it is over."""
        for errand in errands:
            self._wanted = errand
            self._stir.set()

    async def run(self) -> None:
        """Visit whenever there is an errand, until cancelled."""
        try:
            while True:
                await self._stir.wait()
                self._stir = anyio.Event()
                errand, self._wanted = self._wanted, None
                assert errand is not None
                self._deliver(await self._go(visit(errand, self._opened)), self._host)
                await _in_thread(self._board.end)
        finally:
            self._board.abandon()

    async def _go(self, visiting: Visit) -> Visited:
        """Drive the visit: what it asks for, one after the other."""
        try:
            request = next(visiting)
            while True:
                try:
                    answer = await _in_thread(partial(self._board.carry_out, request))
                except Refused as refused:
                    request = visiting.throw(refused)
                else:
                    request = visiting.send(answer)
        except StopIteration as over:
            visited: Visited = over.value
            return visited


async def _in_thread(call: Callable[[], object]) -> Any:
    """What came of it, or the error; a thread that is not waited for any more does not keep the process alive."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[object] = loop.create_future()

    def work() -> None:
        try:
            outcome, error = call(), None
        except BaseException as failure:  # noqa: BLE001 - it is raised where it is waited for
            outcome, error = None, failure
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, done, outcome, error)

    threading.Thread(target=work, name="registry", daemon=True).start()
    return await done


def _settle(done: "asyncio.Future[object]", outcome: object, error: BaseException | None) -> None:
    if done.cancelled():
        return
    if error is not None:
        done.set_exception(error)
    else:
        done.set_result(outcome)
