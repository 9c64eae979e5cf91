"""Names, keys, durations and amounts are written in one way."""

import pytest

from tests.stories import ALPHA, BETA, BETA_AT, GAMMA, MESH, SETTINGS, STORY, discovered, joined, mesh_of
from wgmesh.domain.events import PeerExpired, PeersPurged, SettingsChanged
from wgmesh.domain.watch import HEARS_NOBODY
from wgmesh.projections.wording import amount, counted, duration, key, name_of, named_by, printable, skewed, trouble


def test_a_key_is_written_whole_and_as_wg_does() -> None:
    assert key(bytes(32)) == "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


def test_a_peer_goes_by_its_hostname_and_we_by_a_word() -> None:
    assert name_of(MESH, BETA.key) == "beta"
    assert name_of(MESH, ALPHA.key) == "this node"


def test_who_was_let_go_goes_by_the_name_that_it_had() -> None:
    gone = mesh_of(PeerExpired(BETA.key, 1), PeersPurged((BETA.key,), ()), told=STORY)
    assert name_of(gone, BETA.key) == "beta"


def test_a_node_that_is_not_known_goes_by_its_key() -> None:
    assert name_of(mesh_of(joined()), BETA.key) == key(BETA.public_key)


@pytest.mark.parametrize("hostname", ["", "gamma", "alpha"])
def test_a_hostname_that_is_empty_or_also_anothers_or_ours_is_no_name(hostname: str) -> None:
    told = (joined(), SettingsChanged(SETTINGS), discovered(GAMMA, "gamma", "192.168.1.23"))
    mesh = mesh_of(*told, discovered(BETA, hostname, BETA_AT.ip))
    assert name_of(mesh, BETA.key) == key(BETA.public_key)


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (-5, "0 ms"),
        (250, "250 ms"),
        (3_999, "3 s"),
        (125_000, "2 min 5 s"),
        (120_999, "2 min"),
        (3 * 3_600_000, "3 h"),
        (26 * 3_600_000, "1 d 2 h"),
    ],
)
def test_a_duration_has_at_most_two_units(ms: int, text: str) -> None:
    assert duration(ms) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KiB"),
        (20 * 2**20, "20.0 MiB"),
        (3 * 2**40, "3.0 TiB"),
        (2**60, "1048576.0 TiB"),
    ],
)
def test_an_amount_has_the_unit_that_fits(count: int, text: str) -> None:
    assert amount(count) == text


def test_one_is_singular() -> None:
    assert [counted(number, "peer") for number in (0, 1, 2)] == ["0 peers", "1 peer", "2 peers"]


def test_who_hears_nobody_says_it_of_itself_and_not_of_a_layer() -> None:
    assert trouble("lan", "no interface") == "layer lan cannot work: no interface"
    assert trouble("gossip", HEARS_NOBODY) == "this node hears nobody: is its network up?"


def test_nothing_that_steers_a_terminal_stays() -> None:
    assert printable("a\x1b[31mb\nc\u202ed é 😀") == "a\\x1b[31mb\\nc\\u202ed é 😀"


def test_a_clock_is_ahead_or_behind() -> None:
    assert skewed("beta", "192.0.2.1", 3) == "the clock of beta at 192.0.2.1 is about 3 h ahead of this machine's"
    assert skewed("beta", "192.0.2.1", -2) == "the clock of beta at 192.0.2.1 is about 2 h behind this machine's"


def test_who_named_an_address_is_the_operator_or_a_layer() -> None:
    assert [named_by("peer"), named_by("dht")] == ["--peer", "the layer dht"]


def test_a_clock_is_off_from_this_machines_or_from_anothers() -> None:
    assert skewed("beta", "192.0.2.9", 3).endswith("is about 3 h ahead of this machine's")
    assert skewed("beta", "192.0.2.9", -3, "that of gamma").endswith("is about 3 h behind that of gamma")
