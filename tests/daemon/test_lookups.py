"""Names that the operator gave: what is told of them, how often, and what is said when they lead nowhere."""

import logging
from collections.abc import Sequence

import anyio
import pytest

from wgmesh.daemon import lookups
from wgmesh.daemon.lookups import Lookups
from wgmesh.domain.inputs import Found, Input, Listed, Located
from wgmesh.domain.values import Endpoint

pytestmark = pytest.mark.anyio

HERE, THERE = Endpoint("192.0.2.1", 51), Endpoint("192.0.2.2", 51)
NEVER_SECONDS = 3600.0


class Names:
    """What a resolver knows: the answers for each name, the last of them for good; None is a failure."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **answers: Sequence[Endpoint | None]) -> None:
        self.answers = {name: list(each) for name, each in answers.items()}
        monkeypatch.setattr(lookups, "resolve", self.resolve)

    async def resolve(self, host: str, port: int) -> tuple[Endpoint, ...]:
        assert port == 51
        answers = self.answers[host]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        if found is None:
            raise OSError(f"nobody is called {host}")
        return (found,)


class Told:
    """What the node is told."""

    def __init__(self) -> None:
        self.inputs: list[Input] = []
        self._more = anyio.Event()

    def put(self, given: Input) -> None:
        self.inputs.append(given)
        self._more.set()
        self._more = anyio.Event()

    async def until(self, *wanted: Input) -> None:
        """Return when all of these were told."""
        with anyio.fail_after(10):
            while any(each not in self.inputs for each in wanted):
                await self._more.wait()


def pauses(monkeypatch: pytest.MonkeyPatch, first: float, longest: float) -> None:
    """How long is waited, at first and at most."""
    monkeypatch.setattr(lookups, "FIRST_PAUSE_SECONDS", first)
    monkeypatch.setattr(lookups, "LONGEST_PAUSE_SECONDS", longest)


async def test_places_are_told_once_where_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    Names(monkeypatch, b=[HERE], c=[THERE], us=[HERE])
    told = Told()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Lookups(["b:51", "c:51"], ["us:51"], [], told.put).run)
        await told.until(Found("peer", (HERE,)), Found("peer", (THERE,)), Located((HERE,)))
        await anyio.wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    assert len(told.inputs) == 3


async def test_that_there_is_no_endpoint_of_ours_is_told_because_an_earlier_run_may_have_had_one() -> None:
    told = Told()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Lookups([], [], [], told.put).run)
        await told.until(Located(()))
        tasks.cancel_scope.cancel()
    assert told.inputs == [Located(())]


async def test_a_name_that_leads_nowhere_is_warned_of_once_and_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pauses(monkeypatch, 0.001, NEVER_SECONDS)
    Names(monkeypatch, b=[None, None, None, THERE])
    told = Told()
    with caplog.at_level(logging.WARNING, "wgmesh"):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(Lookups(["b:51"], [], [], told.put).run)
            await told.until(Found("peer", (THERE,)))
            tasks.cancel_scope.cancel()
    assert caplog.messages == ["b has no address now (nobody is called b); it is tried again"]
    assert Found("peer", ()) not in told.inputs, "no answer is no news"


async def test_of_several_endpoints_those_are_told_that_were_found(monkeypatch: pytest.MonkeyPatch) -> None:
    Names(monkeypatch, us=[None], we=[THERE])
    told = Told()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Lookups([], ["us:51", "we:51"], [], told.put).run)
        await told.until(Located((THERE,)))
        tasks.cancel_scope.cancel()


async def test_servers_are_looked_up_again_now_and_then_and_that_none_is_left_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses(monkeypatch, 0.001, 0.001)
    monkeypatch.setattr(lookups, "SERVERS_PAUSE_SECONDS", 0.001)
    Names(monkeypatch, s=[HERE, THERE, None])
    told = Told()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(Lookups([], [], ["s:51"], told.put).run)
        await told.until(Listed((HERE,)), Listed((THERE,)), Listed(()))
        tasks.cancel_scope.cancel()


async def test_another_network_is_a_reason_to_look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses(monkeypatch, NEVER_SECONDS, NEVER_SECONDS)
    Names(monkeypatch, b=[None, THERE])
    told = Told()
    looking = Lookups(["b:51"], [], [], told.put)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(looking.run)
        await told.until(Located(()))
        await anyio.wait_all_tasks_blocked()
        looking.changed()
        await told.until(Found("peer", (THERE,)))
        tasks.cancel_scope.cancel()
