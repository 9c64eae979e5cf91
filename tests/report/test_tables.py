"""The rows say what the log says."""

import json

import msgspec

from tests.cast import ALICE, BOB
from tests.stories import ALPHA, BETA, BETA_AT, GAMMA, MESH, STORY, records
from tests.told import told
from wgmesh.domain import events as e
from wgmesh.domain.folding import carried
from wgmesh.domain.values import Endpoint
from wgmesh.projections.wording import key
from wgmesh.report.tables import Tables, iso, tables

TOLD = tables(STORY)


def test_each_record_is_a_row_with_its_own_fields_as_json() -> None:
    assert [row["sequence"] for row in TOLD.events] == [record.sequence for record in STORY]
    last = TOLD.events[-1]
    assert (last["name"], last["cause"], last["sentence"]) == (
        "PeerDisconnected", "wireguard", "gamma is silent, no sign for 3 min 1 s",
    )  # fmt: skip
    assert json.loads(last["fields"]) == msgspec.to_builtins(STORY[-1].event)


def test_peers_and_their_endpoints_are_as_they_were_last() -> None:
    assert [(row["name"], row["state"]) for row in TOLD.peers] == [("beta", "connected"), ("gamma", "silent")]
    assert [(row["endpoint"], row["source"]) for row in TOLD.endpoints] == [
        ("192.168.1.17:21820", "lan"),
        ("192.168.1.23:21820", "record"),
    ]


def test_a_record_is_mentioned_by_each_peer_that_is_in_it() -> None:
    assert [row["sequence"] for row in TOLD.mentions if row["peer"] == key(BETA.public_key)] == [7, 8, 9, 12]
    assert key(ALPHA.public_key) not in [row["peer"] for row in TOLD.mentions]


def test_a_connection_lasts_until_its_peer_roams_falls_silent_or_leaves() -> None:
    roamed = Endpoint("192.168.1.99", 7)
    more = records(
        (4000, "wireguard", e.PeerRoamed(BETA.key, roamed, BETA_AT)),
        (4010, "wireguard", e.PeerConnected(GAMMA.key, roamed)),
        (4020, "lan", e.PeerLeft(BETA.key, ALICE.record().incarnation, b"goodbye")),
        after=len(STORY),
    )
    rows = tables((*STORY, *more)).connections
    names = {key(BETA.public_key): "beta", key(GAMMA.public_key): "gamma"}
    assert [(names[row["peer"]], row["begun_by"], row["ended_by"], row["seconds"]) for row in rows] == [
        ("beta", 9, 14, 3995),
        ("gamma", 11, 13, 3690),
        ("beta", 14, 16, 20),
        ("gamma", 15, None, None),
    ]


def test_a_log_that_begins_with_a_carried_state_has_the_connections_of_then() -> None:
    (row,) = tables(records((9000, "log", carried(MESH)), after=70)).connections
    assert (row["since"], row["begun_by"]) == ("2026-11-22T12:00:04.390Z", 9)


def test_a_peer_that_nobody_introduced_is_in_no_table_but_its_record_is() -> None:
    log = told(*ALICE.joined(), e.PeerConnected(BOB.key, BOB.wireguard))
    rows = tables(log)
    assert (len(rows.events), rows.events[-1]["sentence"], rows.peers) == (5, "", [])


def test_an_empty_log_is_empty_tables() -> None:
    assert tables(()) == Tables([], [], [], [], [])


def test_times_sort_as_texts() -> None:
    assert [iso(at) for at in (0, 1_795_348_804_118)] == ["1970-01-01T00:00:00.000Z", "2026-11-22T12:00:04.118Z"]
