"""Whoever is refused hears why and what to do, and finds the machine as it was."""

import os
import socket
import sqlite3
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.stories import NOON, joined, records, started
from wgmesh import preflight
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.adapters.ports import free_port
from wgmesh.adapters.state_files import Generation, Lock, make_seed, write_generations
from wgmesh.domain import events as e
from wgmesh.domain.errors import LogFull, WgmeshError
from wgmesh.domain.identity import Identity
from wgmesh.domain.keys import parameters
from wgmesh.domain.parameters import ipv4_of, ipv6_of
from wgmesh.domain.secret import fingerprint, format_uri, mint, parse
from wgmesh.domain.values import Interface
from wgmesh.preflight import Ready, addresses, check
from wgmesh.settings import Options, Settings, resolve

URI = format_uri(mint(bytes(range(32))))
ANOTHER = format_uri(mint(bytes(32)))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A node that needs no rights: it only records what it would do to WireGuard."""
    return resolve(Options(state_dir=str(tmp_path / "state"), wireguard="none", hostname="alpha"), {})


@pytest.fixture
def entered(settings: Settings) -> Path:
    """A state directory after the first join, still without a log."""
    directory = Path(settings.state_dir)
    directory.mkdir(0o700)
    make_seed(directory)
    write_generations(directory, [Generation(1, URI)])
    return directory


def checked(settings: Settings, given: str | None = URI, *, dry_run: bool = False) -> tuple[Ready, list[str]]:
    """What comes of it, and what was remarked."""
    remarks: list[str] = []
    return check(settings, given, remarks.append, dry_run=dry_run), remarks


def refused(settings: Settings, given: str | None = URI) -> str:
    """The sentence; what is on disk is looked at before and after it."""
    before = _files(Path(settings.state_dir).parent)
    with pytest.raises(WgmeshError) as refusal:
        checked(settings, given)
    assert _files(Path(settings.state_dir).parent) == before
    return str(refusal.value)


def _files(directory: Path) -> dict[str, bytes]:
    paths = sorted(directory.rglob("*"))
    # SQLite makes an index beside a log that is only read.
    paths = [path for path in paths if not path.name.endswith(("-shm", "-wal"))]
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in paths}


def keep_log(directory: Path, *events: e.Event) -> None:
    """A log with these events in it."""
    log = EventLog.open(directory / "events.db", at=NOON)
    log.append(records(*((place, "test", event) for place, event in enumerate(events))))
    log.close()


def own_start(directory: Path) -> tuple[e.Event, ...]:
    """How the log of the node with this seed begins."""
    identity = Identity.from_seed((directory / "identity.seed").read_bytes())
    given = parameters(parse(URI))
    ipv4, ipv6 = ipv4_of(given, identity.public_key, 3), ipv6_of(given, identity.public_key)
    return e.MeshJoined(identity.key, identity.public_key, given, ipv4, ipv6), started()


def test_a_first_join_is_ready_and_nothing_is_changed(settings: Settings, tmp_path: Path) -> None:
    ready, remarks = checked(settings)
    assert (ready.settings.secret, ready.seed, ready.mesh, remarks) == (URI, None, None, [])
    assert addresses(ready) == ()
    assert list(tmp_path.iterdir()) == []


def test_what_is_ready_shows_no_secret(settings: Settings) -> None:
    assert URI not in repr(checked(settings)[0])


def test_white_space_around_the_secret_is_nobodys_mistake(settings: Settings) -> None:
    assert checked(settings, f" {URI}\n")[0].settings.secret == URI


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (None, "no secret was given: make one with `wgmesh init`"),
        ("", "the secret is empty"),
        ("test", "does not begin with wgmesh://v1/"),
        (URI.lower(), "the secret"),
        (URI[:-1] + ("A" if URI[-1] != "A" else "B"), "checksum is wrong"),
        ("wgmesh://v2/abc", "version 2"),
        ("wgmesh://v1/", "ends behind"),
        ("wgmesh://v1/correct-horse-battery", "--allow-weak-secret"),
    ],
)
def test_a_secret_that_is_none_is_refused(settings: Settings, given: str | None, why: str) -> None:
    assert why in refused(settings, given)


def test_a_weak_secret_is_taken_where_the_operator_says_so(settings: Settings) -> None:
    weak = "wgmesh://v1/correct-horse-battery"
    assert checked(replace(settings, allow_weak_secret=True), weak)[0].settings.secret == weak


def test_a_weak_secret_that_was_stored_is_taken_only_where_the_operator_says_so(
    settings: Settings, entered: Path
) -> None:
    write_generations(entered, [Generation(1, "wgmesh://v1/correct-horse-battery")])
    assert "--allow-weak-secret" in refused(settings, None)
    assert checked(replace(settings, allow_weak_secret=True), None)[0].seed


def test_after_the_first_join_the_secret_need_not_be_given(settings: Settings, entered: Path) -> None:
    assert checked(settings, None)[0].settings.secret == URI
    assert checked(settings, URI)[0].settings.secret == URI


def test_the_newest_secret_that_was_stored_goes_before_an_older_one(settings: Settings, entered: Path) -> None:
    write_generations(entered, [Generation(1, URI), Generation(2, ANOTHER)])
    assert checked(settings, URI)[0].settings.secret == ANOTHER


def test_another_meshs_secret_is_refused_with_both_fingerprints(settings: Settings, entered: Path) -> None:
    sentence = refused(settings, ANOTHER)
    for uri in (URI, ANOTHER):
        assert fingerprint(parse(uri)).hex() in sentence
        assert uri not in sentence


def test_a_weak_secret_has_no_fingerprint_to_be_named_by(settings: Settings, entered: Path) -> None:
    weak = "wgmesh://v1/correct-horse-battery"
    assert "a weak one" in refused(replace(settings, allow_weak_secret=True), weak)


def test_another_uri_of_the_same_mesh_is_refused(settings: Settings, entered: Path) -> None:
    assert "use the whole URI" in refused(settings, f"{URI}?subnet=10.64.0.0/16")


@pytest.mark.parametrize("name", ["identity.seed", "secrets"])
def test_a_file_that_others_can_read_is_refused_with_the_cure(settings: Settings, entered: Path, name: str) -> None:
    (entered / name).chmod(0o644)
    assert f"run `chmod 600 {entered / name}`" in refused(settings)


def test_a_directory_that_others_can_read_is_refused_with_the_cure(settings: Settings, entered: Path) -> None:
    entered.chmod(0o755)
    assert f"run `chmod 700 {entered}`" in refused(settings)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_seed_of_another_owner_is_refused_with_the_cure(settings: Settings, entered: Path) -> None:
    os.chown(entered / "identity.seed", 65534, -1)
    assert "belongs to user 65534: run `chown 0 " in refused(settings)


def test_a_file_in_place_of_the_directory_is_refused(settings: Settings) -> None:
    Path(settings.state_dir).touch(0o600)
    assert "is not a directory" in refused(settings)


def test_a_second_daemon_is_refused_with_the_pid_of_the_first(settings: Settings, entered: Path) -> None:
    lock = Lock(entered)
    assert f"already, as process {os.getpid()}: stop that one first" in refused(settings)
    lock.release()


def test_a_read_only_file_system_is_refused(settings: Settings) -> None:
    assert "/proc" in refused(replace(settings, state_dir="/proc/wgmesh/state"))


def test_a_full_disk_is_refused(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "ROOM_BYTES", 2**70)
    with pytest.raises(LogFull, match="is full: make room on it"):
        checked(settings)


def test_the_log_says_the_addresses_that_the_node_has(settings: Settings, entered: Path) -> None:
    ready, _ = checked(settings)
    public_key = Identity.from_seed((entered / "identity.seed").read_bytes()).public_key
    given = parameters(parse(URI))
    assert addresses(ready) == (ipv4_of(given, public_key, 0), ipv6_of(given, public_key))
    keep_log(entered, *own_start(entered))
    assert addresses(checked(settings)[0]) == (ipv4_of(given, public_key, 3), ipv6_of(given, public_key))


def test_an_address_that_an_attached_network_hides_is_not_promised(settings: Settings, entered: Path) -> None:
    ready, _ = checked(settings)
    inside = Interface("eth0", 2, 1500, ("10.0.0.1/8",))
    assert len(addresses(replace(ready, interfaces=(inside,)))) == 1


def test_another_nodes_log_is_refused(settings: Settings, entered: Path) -> None:
    keep_log(entered, joined(), started())
    assert "is of another node than" in refused(settings)


def test_a_log_without_its_seed_is_refused(settings: Settings, entered: Path) -> None:
    keep_log(entered, *own_start(entered))
    (entered / "identity.seed").unlink()
    assert "restore the seed, or move the log away" in refused(settings)


def test_a_log_with_other_parameters_is_refused(settings: Settings, entered: Path) -> None:
    first, second = own_start(entered)
    assert isinstance(first, e.MeshJoined)
    keep_log(entered, replace(first, parameters=parameters(parse(ANOTHER))), second)
    assert "use the whole URI" in refused(settings)


def test_a_log_of_a_newer_version_is_refused(settings: Settings, entered: Path) -> None:
    keep_log(entered, *own_start(entered), e.NodeStopped("SIGTERM"))
    connection = sqlite3.connect(entered / "events.db")
    with connection:
        connection.execute("UPDATE stored_events SET topic = 'NodeStopped.2' WHERE originator_version = 3")
    connection.close()
    assert "install the wgmesh that wrote" in refused(settings)


def test_a_log_without_a_record_is_that_of_a_first_join(settings: Settings, entered: Path) -> None:
    EventLog.open(entered / "events.db", at=NOON).close()
    assert checked(settings)[0].mesh is None


def test_a_damaged_log_is_left_to_the_daemon_which_repairs_it(settings: Settings, entered: Path) -> None:
    (entered / "events.db").write_bytes(b"SQLite format 3\0" + bytes(5000))
    (entered / "events.db").chmod(0o600)
    assert checked(settings)[0].mesh is None


def test_a_port_in_use_is_refused(settings: Settings) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert f"UDP port {port} is in use: choose another" in refused(replace(settings, listen_port=port))


def test_a_port_that_is_free_is_ready(settings: Settings) -> None:
    assert checked(replace(settings, listen_port=free_port(21820)))[0].settings.listen_port


def test_without_wireguard_it_says_what_to_install(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "wireguard-go is not installed: run `sudo apt install" in refused(replace(settings, wireguard="auto"))


def test_an_interface_of_the_lan_that_is_not_there_is_remarked_on(settings: Settings) -> None:
    ready, remarks = checked(replace(settings, lan_interfaces=("eth77",)))
    assert remarks == ["the interface eth77 is not there or not up; wgmesh uses it as soon as it is"]
    assert ready.interfaces == ()


def test_what_lies_in_the_mesh_is_not_announced(settings: Settings) -> None:
    own = parameters(parse(URI)).network
    assert f"--advertise-routes {own} is within the mesh's own range" in refused(
        replace(settings, advertise_routes=(own,))
    )


def test_a_machine_that_forwards_nothing_hears_of_the_switch(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    announcing = replace(settings, advertise_routes=("192.168.50.0/24", "192.168.51.0/24"))
    monkeypatch.setattr(preflight, "forwarding_off", lambda: ("IPv4", "IPv6"))
    _, (remark,) = checked(announcing)
    assert "this machine forwards no IPv4" in remark
    assert "`sysctl -w net.ipv4.ip_forward=1`" in remark
    monkeypatch.setattr(preflight, "forwarding_off", lambda: ("IPv6",))
    assert checked(announcing)[1] == []
