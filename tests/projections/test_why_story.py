"""Each record is told as it was then, and no more of it than concerns the subject."""

from tests.stories import ALPHA, BETA, BETA_AT, GAMMA, MESH, NOON, STORY, records, updated
from wgmesh.domain import events as e
from wgmesh.domain.folding import fold
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.records import Record
from wgmesh.projections.why_story import Told, about, told
from wgmesh.projections.wording import key

BETA_KEY = key(BETA.public_key)
SUBJECT = (BETA.key, BETA_KEY)


def one(event: e.Event) -> Record:
    return records((4000, "test", event), after=len(STORY))[0]


def test_the_newest_comes_first_and_each_has_its_frame() -> None:
    story = told(fold(STORY[:6]), MESH, STORY[6:9], BETA.key)
    assert story[0] == Told(9, NOON + 4390, "PeerConnected", "wireguard", (), f"connected with beta at {BETA_AT}")
    assert [each.sequence for each in story] == [9, 8, 7]


def test_news_is_told_against_what_was_known_before_it() -> None:
    renamed = one(updated(BETA, "bravo", BETA_AT.ip))
    present = fold((renamed,), MESH)
    (newest, *_) = told(fold(STORY[:6]), present, (*STORY[6:9], renamed), BETA.key)
    assert newest.sentence == "news of beta: hostname bravo, its record 1.1"


def test_others_are_called_as_they_are_now_and_their_records_may_be_missing() -> None:
    (line,) = told(Mesh(), MESH, STORY[10:11], BETA.key)
    assert line.sentence == "connected with gamma at 192.168.1.23:21820"


def test_nothing_is_told_of_nothing() -> None:
    assert told(Mesh(), MESH, (), b"") == ()


def test_a_roll_call_is_cut_to_the_subject() -> None:
    sightings = (e.Sighting(ALPHA.key, 1, 2, 3), e.Sighting(BETA.key, 4, 5, 6))
    assert about(one(e.PeersSighted(sightings)), SUBJECT).event == e.PeersSighted(sightings[1:])
    of_others = one(e.PeersSighted(sightings[:1]))
    assert about(of_others, SUBJECT) == of_others


def test_changes_are_cut_to_the_subject() -> None:
    changes = (f"add peer {BETA_KEY}", "add route 10.71.0.0/16")
    assert about(one(e.DeviceChanged(changes, 3)), SUBJECT).event == e.DeviceChanged(changes[:1], 3)
    whole = one(e.DeviceChanged(changes[1:], 0))
    assert about(whole, SUBJECT) == whole
    failed = one(e.DeviceChangeFailed(changes, ("no", "exists")))
    assert about(failed, SUBJECT).event == e.DeviceChangeFailed(changes[:1], ("no",))
    assert about(failed, (BETA.key, "")) == failed
    assert about(one(e.DeviceChanged(changes, 0)), (BETA.key, "")).event == e.DeviceChanged(changes, 0)


def test_what_concerns_one_peer_stays_whole() -> None:
    record = one(e.PeerDisconnected(GAMMA.key, 1))
    assert about(record, SUBJECT) == record
