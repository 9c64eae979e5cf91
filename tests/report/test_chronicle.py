"""What the page is told is what the log says, at every record of it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cast import ALICE, BOB, CAROL, DAVE
from tests.stories import ALPHA, BETA, GAMMA, STORY, discovered, records
from tests.told import EVERYTHING, told
from wgmesh.domain import events as e
from wgmesh.domain.folding import fold
from wgmesh.projections.timeline import sentence
from wgmesh.projections.wording import key
from wgmesh.report.chronicle import MOST_LETTERS, Chronicle, NodeChange, chronicle, state_of

TOLD = chronicle(STORY)


def after(told: Chronicle, place: int) -> dict[int, NodeChange]:
    """As the page adds it up."""
    return {change[1]: change for change in told.nodes if change[0] <= place}


def test_each_record_is_a_row_with_its_sentence_cause_and_kind() -> None:
    assert TOLD.network == "10.71.0.0/16"
    assert TOLD.sequence == [record.sequence for record in STORY]
    assert [TOLD.causes[cause] for cause in TOLD.cause] == [record.cause for record in STORY]
    assert [TOLD.kinds[kind] for kind in TOLD.kind] == [type(record.event).__name__ for record in STORY]
    assert TOLD.text[-1] == sentence(fold(STORY[:-1]), STORY[-1])


def test_a_record_is_found_by_each_node_that_it_speaks_of() -> None:
    assert TOLD.keys == [key(node.public_key) for node in (ALPHA, BETA, GAMMA)]
    assert [TOLD.who[place] for place in (0, 6, 8, 11, 12)] == [[0], [1], [1], [1, 2], [2]]


def test_layers_are_told_when_they_change() -> None:
    trouble = records((5000, "lan", e.LayerSuspended("lan", "in\x1buse")), after=len(STORY))
    assert chronicle((*STORY, *trouble)).layers == [(5, "lan", ""), (13, "lan", "in\\x1buse")]


@settings(max_examples=40)
@given(st.lists(st.sampled_from(EVERYTHING), max_size=20))
def test_the_changes_add_up_to_what_the_fold_makes_at_every_record(events: list[e.Event]) -> None:
    log = told(*ALICE.joined(), *(who.discovered() for who in (BOB, CAROL, DAVE)), *events)
    page = chronicle(log)
    for place in range(len(log)):
        mesh, nodes = fold(log[: place + 1]), after(page, place)
        shown = {page.keys[node]: change[2:] for node, change in nodes.items() if node}
        assert shown == {
            key(peer.public_key): (
                state_of(mesh, peer),
                peer.hostname,
                peer.ipv4,
                str(peer.proven or ""),
            )
            for peer in mesh.peers.values()
        }
        assert nodes[0][4] == mesh.ipv4


def test_how_this_node_is_follows_its_life() -> None:
    life = records((1, "operator", e.NodeStopped("SIGTERM")), (2, "operator", e.MeshLeft()), after=len(STORY))
    page = chronicle((*STORY, *life))
    assert [after(page, place)[0][2] for place in (0, 1, 13, 14)] == ["joined", "running", "stopped", "left"]


def test_who_is_banned_forgotten_or_gone_is_called_so() -> None:
    ends: tuple[e.Event, ...] = (
        e.PeerExpired(GAMMA.key, 1),
        e.PeerBanned(BETA.public_key),
        e.PeerBanned(GAMMA.public_key),
        e.PeerUnbanned(BETA.public_key),
    )
    page = chronicle((*STORY, *records(*((4000 + n, "x", event) for n, event in enumerate(ends)), after=len(STORY))))
    told_so = [(page.keys[node], state) for place, node, state, *_ in page.nodes if place >= len(STORY)]
    beta, gamma = key(BETA.public_key), key(GAMMA.public_key)
    assert told_so == [(gamma, "forgotten"), (beta, "banned"), (gamma, "banned"), (beta, "silent")]


def test_a_record_of_a_peer_that_nobody_introduced_changes_nothing() -> None:
    page = chronicle((*STORY[:6], *STORY[7:9]))
    assert page.text[-1] == "PeerConnected of a peer that no readable record introduced"
    assert page.keys == [key(ALPHA.public_key)]


@pytest.mark.parametrize("hostname", ["<script>x()</script>", "\x1b[31mred", "\u202etxt.exe", 'a"b\u2028c'])
def test_nothing_in_a_name_steers_a_terminal_or_the_direction_of_writing(hostname: str) -> None:
    page = chronicle((*STORY[:6], *records((9, "lan", discovered(BETA, hostname, "192.168.1.17")), after=6)))
    assert page.text[-1].isprintable()
    assert page.nodes[-1][3].isprintable()


def test_a_very_long_sentence_is_cut() -> None:
    long = records((9, "wireguard", e.DeviceChanged(("add route 10.0.0.0/8",) * 100, 0)), after=len(STORY))
    assert len(chronicle((*STORY, *long)).text[-1]) < MOST_LETTERS + 50


def test_an_empty_log_is_an_empty_chronicle() -> None:
    assert chronicle(()) == Chronicle("", [], [], [], [], [], [], [], [], [], [], [])
