"""Visits over real HTTP: nodes that share a registry read each other's notes, and nobody waits for a slow one."""

import os
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import anyio
import pytest
from msgspec.structs import replace

from tests.adapters.registry.github_server import REPOSITORY, Tracker, serving
from tests.adapters.registry.test_board import fill, once
from tests.cast import ALICE, BOB, CAROL, SECRET, Member
from tests.playbook import given
from wgmesh.adapters.registry.dialects import GITHUB
from wgmesh.daemon.registry_visits import RegistryVisits
from wgmesh.domain.keys import derive, parameters
from wgmesh.domain.visiting import PAGES, Errand, Visited
from wgmesh.node import Keyring
from wgmesh.node.challenges import Challenges
from wgmesh.node.notes import Notes
from wgmesh.node.rejections import Rejections
from wgmesh.node.sending import Sender
from wgmesh.settings import Options, Settings, resolve


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    with serving() as tracker:
        yield tracker


def settings(tracker: Tracker, token: str) -> Settings:
    found = resolve(Options(registry=True, registry_url=tracker.url, registry_repo=REPOSITORY), {})
    return replace(found, registry_token=token)


def errand(who: Member, number: int = 0, writes: bool = True) -> Errand:
    ring = Keyring(who.identity, derive(SECRET), parameters(SECRET), 1)
    mesh, sender = given(*who.joined()).mesh, Sender(ring, Challenges(), os.urandom)
    entry = sender.note(mesh) if writes else b""
    return Errand(number, 0, True, entry, sender.signed_record(mesh), who.key)


def opener() -> Notes:
    return Notes(Keyring(ALICE.identity, derive(SECRET), parameters(SECRET), 1), Rejections())


def visited(tracker: Tracker, errands: Iterable[Errand], token: str = "token-a") -> list[Visited]:
    """What each of these errands, one after the other, came to."""
    results = list[tuple[Visited, str]]()

    async def go() -> None:
        done = anyio.Event()

        def deliver(visited: Visited, host: str) -> None:
            results.append((visited, host))
            done.set()

        visits = RegistryVisits(settings(tracker, token), "wgmesh-0123456789abcdef", opener().opened, deliver)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(visits.run)
            for each in errands:
                done = anyio.Event()
                visits.set_out([each])
                with anyio.fail_after(20):
                    await done.wait()
            tasks.cancel_scope.cancel()

    anyio.run(go)
    assert {host for _, host in results} == {"127.0.0.1"}
    return [result for result, _ in results]


def test_a_new_mesh_costs_four_requests_and_a_known_one_two(tracker: Tracker) -> None:
    (first,) = visited(tracker, [errand(ALICE)])
    assert (first.number, first.created, first.wrote, len(tracker.requests)) == (1, True, True, 4)
    tracker.requests.clear()
    (reader,) = visited(tracker, [errand(BOB, writes=False)], token="")
    assert (reader.number, [note.record.identity for note in reader.notes]) == (1, [ALICE.key])
    assert len(tracker.requests) == 2
    tracker.requests.clear()
    (second,) = visited(tracker, [errand(BOB)], "token-b")
    assert (second.number, second.wrote, len(tracker.requests)) == (1, True, 3)


def test_among_many_newer_issues_an_old_one_is_found_and_not_made_again(tracker: Tracker) -> None:
    visited(tracker, [errand(ALICE)])
    fill(tracker, PAGES * GITHUB.page_size)
    tracker.requests.clear()
    found, again = visited(tracker, [errand(BOB, writes=False), errand(BOB)], token="token-b")
    assert [note.record.identity for note in found.notes] == [ALICE.key]
    assert (again.number, again.created, again.wrote) == (1, False, True)
    assert len(tracker.requests) == 2 * (PAGES + 2) + 1
    tracker.faults.append(lambda _, __, path: (403, {"retry-after": "7"}, b"") if path == "/search/issues" else None)
    (limited,) = visited(tracker, [errand(CAROL)])
    assert (limited.created, limited.wait, limited.wrote) == (False, 7000, False)


def test_a_node_edits_its_own_note_and_what_anybody_says_beside_it_is_no_note(tracker: Tracker) -> None:
    visited(tracker, [errand(ALICE), errand(BOB)])
    tracker.comments[0]["body"] = "hello"
    again = replace(errand(BOB), signed=b"something newer")
    (result,) = visited(tracker, [again])
    assert ([note.record.identity for note in result.notes], result.rejected) == ([BOB.key], 1)
    assert [each["id"] for each in tracker.comments] == [1, 2]


def test_row_39_what_the_server_refuses_is_what_the_visit_came_to(tracker: Tracker) -> None:
    tracker.faults.append(once((429, {"retry-after": "7"}, b"")))
    refused, served = visited(tracker, [errand(ALICE), errand(ALICE)])
    assert (refused.trouble, refused.wait) == ("the registry has had enough of us for now", 7000)
    assert (served.trouble, served.wrote) == ("", True)


def test_row_39_a_server_that_does_not_answer_holds_nobody_up(tracker: Tracker) -> None:
    held, asked, pids = threading.Event(), threading.Event(), list[int]()

    def hold(*_: object) -> tuple[int, dict[str, str], bytes]:
        asked.set()
        held.wait(5)
        return 500, {}, b""

    tracker.faults.append(hold)

    async def end() -> float:
        visits = RegistryVisits(settings(tracker, "t"), "title", opener().opened, lambda *_: None)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(visits.run)
            visits.set_out([errand(ALICE)])
            assert await anyio.to_thread.run_sync(asked.wait, 5)
            pids.append(visits._board.pid or 0)
            began = time.monotonic()
            tasks.cancel_scope.cancel()
        return time.monotonic() - began

    try:
        assert anyio.run(end) < 1
        given_up = time.monotonic() + 2  # long before the server answers
        while Path(f"/proc/{pids[0]}").exists():
            assert time.monotonic() < given_up
            time.sleep(0.01)
    finally:
        held.set()


def test_row_41_the_token_goes_to_the_registry_and_nowhere_else(tracker: Tracker) -> None:
    with serving() as evil:
        tracker.faults.append(lambda *_: (301, {"location": evil.url}, b""))
        (result,) = visited(tracker, [errand(ALICE)], "canary")
    assert set(tracker.seen_tokens) == {"canary"}
    assert evil.requests == []
    assert "another host" in result.trouble
    assert "canary" not in repr(result)
