"""Two logs tell together what neither tells alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.pair_stories import DEAF, SILENT, WELL, WRONG_SECRET, of_beta
from tests.simulation.small_site import settled
from tests.stories import ALPHA, BETA, GAMMA, STORY, discovered, joined, records, started, updated
from wgmesh.domain import events as e
from wgmesh.domain.folding import carried, fold
from wgmesh.domain.records import Record
from wgmesh.domain.values import Incarnation
from wgmesh.pairs.side import END_OF_TIME, Side, side_of
from wgmesh.pairs.skew import Skew, skew
from wgmesh.pairs.verdict import Direction, direction, of_the_meshes, of_the_tunnel

ALONE = STORY[:6]
UP = ("lan", e.LayerResumed("lan"))


def judged(speaker: tuple[Record, ...], listener: tuple[Record, ...]) -> Direction:
    one, other = side_of(speaker), side_of(listener)
    return direction(one, other, -skew(one, other).ahead)


def moved(log: tuple[Record, ...], seconds: float) -> tuple[Record, ...]:
    return tuple(replace(record, at=record.at + int(seconds * 1000)) for record in log)


@given(st.integers(-(10**9), 10**9), st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), min_size=1))
def test_the_difference_of_clocks_is_within_the_doubt(ahead: int, delays: list[tuple[int, int]]) -> None:
    said = {Incarnation(1, number): 10**9 + number * 10_000 for number in range(len(delays))}

    def side(who: bytes, heard: dict[bytes, dict[Incarnation, int]], offset: int) -> Side:
        mesh = replace(fold(ALONE), identity=who)
        return Side(mesh, (), {at: moment + offset for at, moment in said.items()}, heard, {}, {}, ())

    there = {each: at + delay + ahead for (each, at), (delay, _) in zip(said.items(), delays, strict=True)}
    back = {each: at + delay for (each, at), (_, delay) in zip(said.items(), delays, strict=True)}
    one, other = side(b"a", {b"b": back}, 0), side(b"b", {b"a": there}, ahead)
    found = skew(one, other)
    assert found.doubt is not None
    assert abs(found.ahead - ahead) <= found.doubt + 1
    assert found.doubt <= (min(a for a, _ in delays) + min(b for _, b in delays)) // 2 + 1
    quiet = side(b"b", {}, ahead)
    assert skew(one, quiet).doubt is None
    assert abs(skew(one, quiet).ahead - ahead) <= min(b for _, b in delays)


def test_where_neither_heard_the_other_the_clocks_are_taken_to_agree() -> None:
    assert skew(side_of(ALONE), side_of(DEAF)) == Skew(0, None, 0)


def test_a_clock_that_was_set_does_not_confuse_what_was_before() -> None:
    stepped = records((5000, "log", e.ClockStepped(3_600_000)), after=len(STORY))
    before, after = side_of(STORY), side_of((*STORY, *stepped))
    assert [line.at for line in after.lines[:-1]] == [line.at + 3_600_000 for line in before.lines]
    assert after.lines[-1].at == stepped[0].at


def test_machines_in_the_simulator_hear_each_other_and_their_clocks_agree() -> None:
    _, machines = settled(2)
    one, other = (side_of(tuple(machine.disk.read())) for machine in machines)
    found = skew(one, other)
    assert found.words >= 2
    assert abs(found.ahead) <= (found.doubt or 0) <= 1000
    assert [direction(one, other, 0).kind, direction(other, one, 0).kind] == ["heard", "heard"]
    assert of_the_tunnel(one, other) == "WireGuard: both say that they are connected"


def test_who_was_heard_was_heard() -> None:
    assert judged(WELL, STORY).kind == "heard"
    assert judged(STORY, WELL) == Direction("alpha", "beta", "heard", "its record arrived", 1795348924119)


def test_who_says_nothing_never_sent_and_why() -> None:
    others = "none of its --peer leads to alpha; nobody told it of alpha; it runs with --no-dht"
    no_way = "it had no way to alpha: layer lan cannot work: UDP port 51830 is in use"
    assert judged(SILENT, ALONE) == Direction("beta", "alpha", "never sent", f"{no_way}; {others}")
    assert judged(of_beta(), ALONE).why == f"it had no way to alpha: layer lan never came up; {others}"
    assert judged(of_beta(lan=False), ALONE).why == f"it had no way to alpha: it runs with --no-lan; {others}"
    assert judged(records((1, "start", joined(BETA))), ALONE).why == "it never started"
    stopped = records((500, "x", e.NodeStopped("SIGTERM")), after=len(DEAF))
    assert judged(moved((*DEAF, *stopped), -9000), ALONE).why == "it never ran while alpha did"


def test_what_was_sent_and_did_not_arrive_is_told_from_what_was_never_sent() -> None:
    assert judged(DEAF, ALONE).kind == "never heard"
    assert judged(ALONE, DEAF).kind == "never heard"
    assert judged(ALONE, DEAF).why == (
        "it announced itself on the LAN; nothing of that arrived: a firewall, a router or a switch between the two?"
    )
    assert judged(ALONE, SILENT) == Direction(
        "alpha",
        "beta",
        "never heard",
        "it announced itself on the LAN, where beta did not listen (layer lan cannot work: UDP port 51830 is in use)",
    )


def test_who_was_not_let_in_was_refused() -> None:
    dropped = judged(ALONE, WRONG_SECRET)
    assert dropped.kind == "refused"
    assert dropped.why.startswith("datagrams from 192.168.1.5 were dropped (seal 61): another secret")
    refused = records((5, "lan", e.PeerRefused(ALPHA.key, "alpha", "use the whole URI")), after=5)
    assert judged(ALONE, (*DEAF, *refused)).why == "use the whole URI"
    clock = records((5, "exchange", e.ClockSkewObserved(ALPHA.key, "192.168.1.5", 3)), after=5)
    assert judged(ALONE, (*DEAF, *clock)).why == (
        "the clock of alpha at 192.168.1.5 is about 3 h ahead of that of beta: set the wrong one"
    )
    banned = records((500, "operator/ban", e.PeerBanned(ALPHA.public_key)), after=len(WELL))
    assert judged(STORY, (*WELL, *banned)).why.startswith("beta banned it: wgmesh unban ")


def test_what_was_dropped_of_others_says_nothing() -> None:
    others = records((600, "timer", e.DatagramsRejected({"seal": 61}, ("192.168.1.66",))), after=len(DEAF))
    assert judged(ALONE, (*DEAF, *others)).kind == "never heard"


def test_the_tunnel_is_told_as_each_sees_it() -> None:
    assert of_the_tunnel(side_of(STORY), side_of(DEAF)) == (
        "WireGuard: alpha says connected, beta says that it does not know the other"
    )
    stopped = records((500, "x", e.NodeStopped("SIGTERM")), after=len(WELL))
    left = records((500, "x", e.MeshLeft()), after=len(WELL))
    for log, said in ((stopped, "that it stopped"), (left, "that it left")):
        assert of_the_tunnel(side_of(STORY), side_of((*WELL, *log))).endswith(f"beta says {said}")


def test_two_meshes_are_said_to_be_two() -> None:
    other = replace(fold(STORY).parameters, network="10.99.0.0/16")  # type: ignore[type-var]
    elsewhere = records((1, "start", replace(joined(BETA), parameters=other)), (2, "start", started()))
    assert of_the_meshes(side_of(STORY), side_of(elsewhere)).startswith(
        "they are in two meshes, 10.71.0.0/16 and 10.99"
    )
    assert of_the_meshes(side_of(STORY), side_of(WELL)) == ""


def test_a_log_that_begins_with_a_carried_state_is_a_side_too() -> None:
    log = records((9000, "log", carried(fold(WELL))), (9001, "x", updated(ALPHA, "alpha", "192.168.1.5")), after=70)
    side = side_of(log)
    assert (side.name, len(side.runs)) == ("beta", 1)
    assert direction(side_of(STORY), side, 0).kind == "heard"


def test_a_run_ends_when_it_is_stopped_or_the_next_begins_and_else_not() -> None:
    again = records((5000, "start", started(2)), (5005, "x", e.NodeStopped("SIGTERM")), after=len(STORY))
    side = side_of((*STORY, *again))
    assert [(end - begin) // 1000 for begin, end in side.runs] == [4999, 5]
    assert side_of(STORY).runs == ((STORY[1].at, END_OF_TIME),)


@pytest.mark.parametrize("hostname", ["", "beta"])
def test_a_side_is_named_by_its_hostname_or_its_key(hostname: str) -> None:
    log = records((1, "start", joined(BETA)), (2, "start", started()))
    if hostname:
        log = WELL
    assert side_of(log).name == (hostname or "YDRufJEaX2uhVBKRdMr+dbKUrDu9VUljL0jOxiZvhBA=")


def test_a_record_of_a_peer_that_nobody_introduced_is_left_out() -> None:
    log = (*ALONE, *records((9, "lan", discovered(GAMMA, "gamma", "192.168.1.9")), after=6))
    odd = records((10, "lan", e.PeerDisconnected(BETA.key, 1)), after=7)
    assert len(side_of((*log, *odd)).lines) == len(log)
