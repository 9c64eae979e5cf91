"""What answers share: how long ago, what was dropped, and how several things are listed."""

from tests.stories import BETA, GAMMA, STORY, mesh_of
from wgmesh.domain.events import ClockSkewObserved, DatagramsRejected
from wgmesh.domain.values import DAY, MINUTE, Ground
from wgmesh.projections.why_answer import Circumstances, grounds, listed, skew_of

SEALED = DatagramsRejected({"seal": 61}, ("192.168.1.66", "192.168.1.67"))
OLDER = DatagramsRejected({"replay": 1, "seal": 2}, ("192.168.1.67",))
HARMLESS = DatagramsRejected({"size": 5}, ("192.168.1.9",))
SEEN = Circumstances(5 * MINUTE, 0, True, None, (SEALED, OLDER, HARMLESS))


def test_how_long_ago_a_record_was_written() -> None:
    assert SEEN.since(Ground(3, 3 * MINUTE, 0)) == "2 min"


def test_who_sends_what_our_secret_does_not_open() -> None:
    assert SEEN.unopened() == ("192.168.1.66", "192.168.1.67")
    assert Circumstances(0, 0, True, None, (HARMLESS,)).unopened() == ()


def test_why_datagrams_of_a_source_were_dropped_is_told_by_the_newest_that_names_it() -> None:
    assert SEEN.dropped_from("192.168.1.67") == "seal 61"
    assert Circumstances(0, 0, True, None, (OLDER,)).dropped_from("192.168.1.67") == "replay 1, seal 2"
    assert SEEN.dropped_from("192.168.1.1") == ""


def test_grounds_are_named_once_and_only_where_there_are_any() -> None:
    assert grounds(Ground(3, 0, 0), None, Ground(0, 0, 0), Ground(2, 0, 0), Ground(3, 0, 0)) == (3, 2)


def test_a_clock_that_is_off_is_told_for_a_day() -> None:
    mesh = mesh_of(ClockSkewObserved(BETA.key, "192.168.1.17", 3), told=STORY)
    seen = Circumstances(mesh.head.at, 0, True)
    assert skew_of(mesh, BETA.key, seen) == (
        "the clock of beta at 192.168.1.17 is about 3 h ahead of this machine's: set the wrong one"
    )
    assert skew_of(mesh, GAMMA.key, seen) == ""
    assert skew_of(mesh, BETA.key, Circumstances(mesh.head.at + DAY, 0, True)) == ""


def test_things_are_listed_as_people_do() -> None:
    assert [listed(["a"]), listed("ab"), listed("abc")] == ["a", "a and b", "a, b and c"]
