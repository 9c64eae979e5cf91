"""A kernel is asked for an echo, with the right that anybody may be given and with root's; silence is no answer."""

from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from tests.adapters.own_namespace import own_namespace, run
from wgmesh.adapters import echo
from wgmesh.adapters.echo import Echoes

PING_GROUPS = Path("/proc/sys/net/ipv4/ping_group_range")
HERE, NEIGHBOUR, NOBODY = "fd00::1", "fd00::2", "fd00::3"


@pytest.fixture(autouse=True, params=["1 0", "0 2147483647"], ids=["root", "anybody"])
def alone(request: pytest.FixtureRequest) -> Iterator[None]:
    """A network in which only root may ask, and one in which anybody may."""
    with own_namespace():
        PING_GROUPS.write_text(str(request.param))
        run(f"ip addr add {HERE}/64 dev eth0 nodad")
        run("ip netns add neighbour")
        run("ip link set eth1 netns neighbour")
        run(f"ip -n neighbour addr add {NEIGHBOUR}/64 dev eth1 nodad")
        run("ip -n neighbour link set eth1 up")
        yield


def asked(*addresses: str, interface: str = "eth0", seconds: float = 1.2) -> list[str]:
    """Who answered within this time; a reason why a question did not leave is an answer of its own."""
    answers: list[str] = []

    async def main() -> None:
        echoes = Echoes(interface, answers.append)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(echoes.run)
            await anyio.sleep(0.2)
            for address in addresses:
                if reason := echoes.ask(address):
                    answers.append(reason)
            await anyio.sleep(seconds)
            tasks.cancel_scope.cancel()

    anyio.run(main)
    return answers


def test_who_is_there_answers_and_who_is_not_does_not() -> None:
    assert asked(NEIGHBOUR, NOBODY) == [NEIGHBOUR]


def test_each_answer_is_told_from_the_others() -> None:
    assert sorted(asked(NEIGHBOUR, HERE, NEIGHBOUR)) == [HERE, NEIGHBOUR, NEIGHBOUR]


def test_what_cannot_leave_is_told_as_a_reason() -> None:
    assert asked(NEIGHBOUR, interface="nowhere0") == ["No such device"]
    assert asked("2001:db8::1") == ["Network is unreachable"]


def test_a_request_that_is_lost_is_made_again() -> None:
    """The neighbour gets the address while the question is under way; where it lives is known before."""
    mac = run("ip -n neighbour -br link show eth1").split()[2]
    run(f"ip neigh add {NOBODY} lladdr {mac} nud permanent dev eth0")
    answers: list[str] = []

    async def main() -> None:
        echoes = Echoes("eth0", answers.append)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(echoes.run)
            await anyio.sleep(0.1)
            assert echoes.ask(NOBODY) is None
            await anyio.sleep(0.3)
            run(f"ip -n neighbour addr add {NOBODY}/128 dev eth1 nodad")
            await anyio.sleep(0.8)
            tasks.cancel_scope.cancel()

    anyio.run(main)
    assert answers == [NOBODY]


def test_a_question_is_forgotten_after_a_second_and_many_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(echo, "CAP", 1)
    assert asked(NOBODY, NEIGHBOUR) == ["too many questions are under way"]
