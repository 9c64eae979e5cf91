"""Visits to the registry: one at a time, each request in a thread of its own, so that nobody waits for a slow server.

What speaks HTTPS is loaded with the first visit: most meshes never need its megabytes. A thread that still waits when
the daemon ends is left to end with it.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

import anyio

from wgmesh.adapters.clock import Clock
from wgmesh.domain.errors import Refused
from wgmesh.domain.values import SECOND
from wgmesh.domain.visiting import Errand, Open, Request, Visit, Visited, visit
from wgmesh.settings import Settings

CarryOut = Callable[[Request], object]


class RegistryVisits:
    """`title`: of the mesh's issue; `opened` knows what a note says. `deliver` gets what each visit came to, and
    where the registry is."""

    def __init__(self, settings: Settings, title: str, opened: Open, deliver: Callable[[Visited, str], None]) -> None:
        self._settings, self._title, self._opened, self._deliver = settings, title, opened, deliver
        self._host = urlsplit(settings.registry_url).hostname or ""
        self._carry_out: CarryOut | None = None
        self._wanted: Errand | None = None
        self._stir = anyio.Event()

    def set_out(self, errands: Iterable[Errand]) -> None:
        """Go on the newest of these errands as soon as the visit before it is over."""
        for errand in errands:
            self._wanted = errand
            self._stir.set()

    async def run(self) -> None:
        """Visit whenever there is an errand, until cancelled."""
        while True:
            await self._stir.wait()
            self._stir = anyio.Event()
            errand, self._wanted = self._wanted, None
            assert errand is not None
            self._deliver(await self._go(visit(errand, self._opened)), self._host)

    async def _go(self, visiting: Visit) -> Visited:
        """Drive the visit: what it asks for, one after the other."""
        try:
            request = next(visiting)
            while True:
                try:
                    answer = await _in_thread(self._ask, request)
                except Refused as refused:
                    request = visiting.throw(refused)
                else:
                    request = visiting.send(answer)
        except StopIteration as over:
            visited: Visited = over.value
            return visited

    def _ask(self, request: Request) -> object:
        """In the thread."""
        if self._carry_out is None:
            self._carry_out = self._open()
        return self._carry_out(request)

    def _open(self) -> CarryOut:
        from wgmesh.adapters.registry.board import Board  # noqa: PLC0415 - loads urllib3
        from wgmesh.adapters.registry.dialects import dialect_of  # noqa: PLC0415
        from wgmesh.adapters.registry.http import Http  # noqa: PLC0415

        settings = self._settings
        dialect = dialect_of(settings.registry_url)
        http = Http(settings.registry_url, dialect.headers_with(settings.registry_token))
        return Board(http, dialect, settings.registry_repo, self._title, _Time()).carry_out


class _Time:
    """The clocks that a board goes by."""

    def __init__(self) -> None:
        self._clock = Clock()

    def now(self) -> tuple[int, int]:
        """Wall clock and steady clock, ms."""
        return self._clock.now()

    def sleep(self, ms: int) -> None:
        """Block for so long."""
        time.sleep(ms / SECOND)


async def _in_thread(ask: Callable[[Request], object], request: Request) -> Any:
    """What came of it, or the error; a thread that is not waited for any more does not keep the process alive."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[object] = loop.create_future()

    def work() -> None:
        try:
            outcome, error = ask(request), None
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
