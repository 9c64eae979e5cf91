"""Real wireguard-go on real links: the contract, whose interface it is, and what happens when the process dies."""

import base64
import errno
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.own_namespace import run
from tests.adapters.wireguard.contract import BEN, BEN_IPS, CAT, DESIRED, WireGuardContract, diff
from tests.adapters.wireguard.keyring import Keyring
from tests.adapters.wireguard.refusals import Plan, RefusingLinks, rounds, with_many_peers
from wgmesh.adapters.netlink.links import Links
from wgmesh.adapters.netlink.requests import Link
from wgmesh.adapters.netlink.worker import Worker
from wgmesh.adapters.wireguard import wireguard_go
from wgmesh.adapters.wireguard.userspace import Userspace
from wgmesh.domain.device import (
    FOREIGN_KEY,
    AddPeer,
    AddRoute,
    CreateInterface,
    Device,
    DevicePeer,
    DeviceSample,
    SetDevice,
    Traffic,
    UpdatePeer,
)
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.values import Endpoint

pytestmark = pytest.mark.namespaces

SOCKET = Path("/run/wireguard/wgmesh0.sock")
PATIENCE_SECONDS = 10.0


def awake() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000


@pytest.fixture
def worker() -> Worker:
    return Worker()


@pytest.fixture
def links(namespace: None, worker: Worker) -> Iterator[Links]:
    links = Links(worker)
    yield links
    links.close()


@pytest.fixture
def wireguard(links: Links) -> Iterator[Userspace]:
    wireguard = Userspace("wgmesh0", Keyring(), links, awake)
    yield wireguard
    wireguard.remove()


def made(wireguard: Userspace, desired: Device = DESIRED) -> Userspace:
    assert wireguard.apply(diff(wireguard.sample(), desired)).failed == ()
    return wireguard


class TestUserspace(WireGuardContract):
    @pytest.fixture
    def wireguard(self, links: Links) -> Iterator[Userspace]:
        wireguard = Userspace("wgmesh0", Keyring(), links, awake)
        yield wireguard
        wireguard.remove()


class TestWhoseInterface:
    def test_an_interface_of_another_kind_is_refused_and_left_alone(self, wireguard: Userspace) -> None:
        run("ip link add wgmesh0 type bridge")
        with pytest.raises(WgmeshError, match=r"wgmesh0 is no wireguard-go's \(bridge\).*--interface"):
            wireguard.claim()
        with pytest.raises(WgmeshError, match="did not make it"):
            wireguard.remove()
        assert "wgmesh0" in run("ip link show wgmesh0")
        run("ip link delete wgmesh0")

    def test_an_interface_that_the_kernel_carries_is_refused_with_the_option_that_takes_it(self, links: Links) -> None:
        wireguard = Userspace("wgmesh0", Keyring(), links, awake)
        said = wireguard._whose(None, Link("wgmesh0", 7, 0, 1420, "wireguard"))
        assert "is a WireGuard of the kernel: if wgmesh made it, choose --wireguard kernel" in said

    def test_a_device_with_another_key_is_refused_and_left_alone(self, links: Links, wireguard: Userspace) -> None:
        stranger = made(Userspace("wgmesh0", Keyring("eve"), links, awake))
        for attempt in (wireguard.claim, wireguard.sample, wireguard.remove):
            with pytest.raises(WgmeshError, match=r"wgmesh0 has another private key.*--interface"):
                attempt()
        assert "another private key" in wireguard.apply((CreateInterface(),)).failed[0][1]
        assert stranger.sample().device == DESIRED
        stranger.remove()

    def test_a_device_without_a_key_is_ours_by_its_alias_until_it_has_peers(self, wireguard: Userspace) -> None:
        wireguard.apply((CreateInterface(),))
        assert "alias wgmesh" in run("ip link show wgmesh0")
        wireguard.claim()
        run("ip link set wgmesh0 up alias somebody")
        with pytest.raises(WgmeshError, match="did not make it"):
            wireguard.claim()
        run("ip link set wgmesh0 alias wgmesh")
        wireguard.apply((AddPeer(DevicePeer(BEN)),))
        with pytest.raises(WgmeshError, match="did not make it"):
            wireguard.claim()
        run(f"wg set wgmesh0 peer {_base64(BEN)} remove")

    def test_a_device_in_another_network_namespace_is_refused(self, links: Links, wireguard: Userspace) -> None:
        with subprocess.Popen(
            ["unshare", "--net", "wireguard-go", "-f", "wgmesh0"], stdout=subprocess.DEVNULL
        ) as other:
            _await(SOCKET.exists)
            with pytest.raises(WgmeshError, match=r"another network namespace.*--interface"):
                wireguard.claim()
            other.kill()
        wireguard.claim()

    def test_foreign_peers_are_kept_and_known_by_their_psk(self, wireguard: Userspace, tmp_path: Path) -> None:
        made(wireguard)
        psk = tmp_path / "psk"
        psk.write_text(_base64(bytes(range(32))))
        eve = Keyring("eve").public_key
        run(f"wg set wgmesh0 peer {_base64(eve)} preshared-key {psk} allowed-ips 10.7.0.0/16")
        sample = wireguard.sample()
        assert diff(sample, DESIRED) == ()
        assert sample.device is not None
        assert DevicePeer(eve, FOREIGN_KEY, None, ("10.7.0.0/16",)) in sample.device.peers


class TestDrift:
    def test_what_was_changed_by_hand_is_repaired_in_one_pass(self, wireguard: Userspace) -> None:
        made(wireguard)
        run("ip addr del 10.1.0.1/32 dev wgmesh0")
        run("ip addr add 10.1.0.77/24 dev wgmesh0")
        run("ip route del fd00:1::/64 dev wgmesh0")
        run("ip link set wgmesh0 mtu 1000")  # takes IPv6 along
        run(f"wg set wgmesh0 listen-port 21999 peer {_base64(BEN)} remove")
        assert wireguard.apply(diff(wireguard.sample(), DESIRED)).failed == ()
        assert wireguard.sample().device == DESIRED

    def test_a_renamed_interface_is_made_anew(self, wireguard: Userspace) -> None:
        made(wireguard)
        run("ip link set wgmesh0 name other0")
        assert wireguard.sample().device is None
        made(wireguard)
        assert "other0" not in run("ip link")

    def test_a_renamed_interface_is_removed_as_well(self, wireguard: Userspace) -> None:
        made(wireguard)
        run("ip link set wgmesh0 name other0")
        wireguard.remove()
        assert "other0" not in run("ip link")

    def test_routes_of_others_through_the_interface_are_left_alone(self, wireguard: Userspace) -> None:
        made(wireguard)
        run("ip route add 10.50.0.0/16 dev wgmesh0")
        sample = wireguard.sample()
        assert sample.device == DESIRED
        assert "10.50.0.0/16" in run("ip route")

    def test_a_prefix_that_is_routed_elsewhere_stays_there(self, wireguard: Userspace) -> None:
        run("ip route add 10.60.0.0/16 dev eth0")
        made(wireguard)
        assert wireguard.apply((AddRoute("10.60.0.0/16"),)).failed == ((AddRoute("10.60.0.0/16"), "File exists"),)


class TestErrors:
    def test_of_a_hundred_changes_in_one_transaction_the_bad_one_is_named(self, wireguard: Userspace) -> None:
        made(wireguard)
        bad = UpdatePeer(CAT, endpoint=Endpoint("fe80::1", 1, "nosuch0"))
        good = [AddPeer(DevicePeer(bytes(31) + bytes([n]), allowed_ips=(f"10.2.0.{n}/32",))) for n in range(1, 100)]
        outcome = wireguard.apply((*good[:50], bad, *good[50:]))
        assert outcome.failed == ((bad, "Invalid argument"),)
        assert outcome.done == tuple(good)
        device = wireguard.sample().device
        assert device is not None
        assert len(device.peers) == 101

    def test_a_taken_port_is_named_and_got_once_it_is_free(self, wireguard: Userspace) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("0.0.0.0", DESIRED.listen_port))
            outcome = wireguard.apply(diff(wireguard.sample(), DESIRED))
            [(change, error)] = outcome.failed
            assert isinstance(change, SetDevice)
            assert error == "UDP port 21820 is in use"
        made(wireguard)
        assert wireguard.sample().device == DESIRED

    @pytest.mark.parametrize("number", [errno.EBUSY, errno.ENOBUFS, errno.EEXIST])
    def test_a_kernel_that_refuses_in_the_middle_is_brought_round_in_three_rounds(
        self, links: Links, wireguard: Userspace, number: int
    ) -> None:
        plan = Plan(number, every=3)
        refused = Userspace("wgmesh0", Keyring(), RefusingLinks(links, plan), awake)
        failures = list(rounds(refused, with_many_peers(DESIRED)))
        assert plan.refused > 2
        assert len(failures) <= 4  # nothing at all can be done before there is an interface
        assert wireguard.sample().device == with_many_peers(DESIRED)
        refused.remove()

    def test_an_answer_that_makes_no_sense_is_an_error_of_this_time_only(self, wireguard: Userspace) -> None:
        SOCKET.parent.mkdir()
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(SOCKET))
            listener.listen()
            thread = threading.Thread(target=_say, args=(listener, b"private_key=canary\nerrno=0\n\n"))
            thread.start()
            with pytest.raises(OSError, match="an answer that cannot be read") as refusal:
                wireguard.sample()
            thread.join()
        assert refusal.value.errno == errno.EPROTO
        assert "canary" not in repr(refusal.value.__cause__)

    def test_a_process_that_stands_still_cannot_be_claimed_and_is_named(
        self, wireguard: Userspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(wireguard_go, "ANSWER_SECONDS", 0.2)
        made(wireguard)
        pid = _wireguard_go()
        os.kill(pid, signal.SIGSTOP)
        os.waitid(os.P_PID, pid, os.WSTOPPED)  # its last thread may have answered until then
        with pytest.raises(WgmeshError, match=rf"wireguard-go \(process {pid}\) does not answer"):
            wireguard.claim()
        with pytest.raises(WgmeshError, match=r"could not be removed: wireguard-go .* does not answer"):
            wireguard.remove()
        outcome = wireguard.apply((UpdatePeer(BEN, keepalive=1),))
        assert outcome.failed == ((UpdatePeer(BEN, keepalive=1), f"wireguard-go (process {pid}) does not answer"),)
        os.kill(pid, signal.SIGCONT)

    def test_a_process_that_does_not_start_says_how_to_see_why(self, namespace: None, links: Links) -> None:
        wireguard = Userspace("a-name-that-is-too-long", Keyring(), links, awake)
        [(_, error)] = wireguard.apply((CreateInterface(),)).failed
        assert error == "Numerical result out of range"


class TestDeath:
    def test_when_the_process_dies_the_descriptor_wakes_and_the_wish_is_made_again_in_full(
        self, wireguard: Userspace
    ) -> None:
        made(wireguard)
        first = wireguard.pidfd
        assert first is not None
        assert select.select([first], [], [], 0)[0] == []
        signal.pidfd_send_signal(first, signal.SIGKILL)
        assert select.select([first], [], [], PATIENCE_SECONDS)[0] == [first]
        assert SOCKET.exists()
        assert wireguard.sample() == DeviceSample(None)
        assert not SOCKET.exists()
        assert _pidfd(wireguard) is None
        os.fstat(first)  # still open: somebody may be waiting on it
        made(wireguard)
        assert wireguard.sample().device == DESIRED
        second = _pidfd(wireguard)
        assert second is not None
        assert select.select([first, second], [], [], 0)[0] == [first]

    def test_the_process_has_nothing_of_ours(self, wireguard: Userspace, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("WGMESH_SECRET", "canary")
        read, write = os.pipe()
        os.set_inheritable(write, True)
        made(wireguard)
        os.close(write)
        assert os.read(read, 1) == b""  # nobody else has the other end
        os.close(read)
        pid = _wireguard_go()
        assert os.getsid(pid) == pid
        assert Path(f"/proc/{pid}/environ").read_bytes() == b"WG_PROCESS_FOREGROUND=1\0"
        assert Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[1:] == [b"-f", b"wgmesh0", b""]
        assert {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in range(3)} == {"/dev/null"}

    def test_who_comes_after_a_kill_9_finds_all_as_it_was(self, links: Links, wireguard: Userspace) -> None:
        script = (
            "import os, tests.adapters.wireguard.test_userspace as t\n"
            "t.made(t.Userspace('wgmesh0', t.Keyring(), t.Links(), t.awake)); os.kill(os.getpid(), 9)"
        )
        died = subprocess.run([sys.executable, "-c", script], check=False)
        assert died.returncode == -signal.SIGKILL
        wireguard.claim()
        assert wireguard.sample().device == DESIRED
        assert diff(wireguard.sample(), DESIRED) == ()
        pidfd = wireguard.pidfd
        assert pidfd is not None
        signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        assert select.select([pidfd], [], [], PATIENCE_SECONDS)[0] == [pidfd]
        assert wireguard.sample() == DeviceSample(None)


class TestTraffic:
    @pytest.fixture
    def pair(self, links: Links) -> Iterator[tuple[Userspace, Userspace]]:
        """Two devices that know each other, in one network; the second is called through eth0, link-local."""
        ada, ben = Keyring("ada"), Keyring("ben")
        pair = Userspace("wgmesh0", ada, links, awake), Userspace("wgmesh1", ben, links, awake)
        own = Device(1, 21001, 1400, True, ("fd00:1::1/128",), ("fd00:1::/64",), (DevicePeer(ben.public_key, 1),))
        made(pair[0], own)
        caller = (DevicePeer(ada.public_key, 1, None, BEN_IPS),)
        made(pair[1], Device(1, 21002, 1400, True, ("fd00:1::2/128",), (), caller))
        yield pair
        pair[0].remove()
        pair[1].remove()

    def test_ages_begin_with_the_first_handshake_and_endpoints_have_their_link(
        self, links: Links, pair: tuple[Userspace, Userspace]
    ) -> None:
        ada, ben = pair
        assert _traffic(ada) == Traffic(Keyring("ben").public_key)
        called = Endpoint(_link_local("eth1"), 21002, "eth0")
        ada.apply((UpdatePeer(Keyring("ben").public_key, endpoint=called, keepalive=25),))
        _await(lambda: _traffic(ada).handshake_age is not None and _traffic(ben).received_age is not None)
        assert _traffic(ada).handshaken
        assert _traffic(ada).rx_bytes > 0
        time.sleep(0.2)
        assert 200 <= (_traffic(ada).handshake_age or 0) < 10_000
        # What was set is remembered; where a caller came from, and what was set before our time, the kernel knows.
        assert _endpoint(ada) == called
        assert _endpoint(ben) == Endpoint(_link_local("eth0"), 21001, "eth1")
        assert _endpoint(Userspace("wgmesh0", Keyring("ada"), links, awake)) == called
        # A new process knows that there was a handshake, not when.
        anew = _traffic(Userspace("wgmesh0", Keyring("ada"), links, awake))
        assert (anew.handshaken, anew.handshake_age, anew.received_age) == (True, None, None)


def test_a_look_at_a_quiet_device_asks_no_worker_and_a_change_is_seen_at_once(
    namespace: None, worker: Worker, links: Links, wireguard: Userspace
) -> None:
    def asks_nobody() -> bool:
        worker.close()
        assert wireguard.sample().device == DESIRED
        return worker.pid is None

    made(wireguard)
    _await(asks_nobody)  # the kernel gives the interface its link-local address a little later
    assert asks_nobody()
    run("ip addr del 10.1.0.1/32 dev wgmesh0")
    device = wireguard.sample().device
    assert device is not None
    assert device.addresses == ("fd00:1::1/128",)
    assert worker.pid is not None


def _say(listener: socket.socket, text: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(100)
        connection.sendall(text)


def _pidfd(wireguard: Userspace) -> int | None:
    return wireguard.pidfd


def _traffic(wireguard: Userspace) -> Traffic:
    [traffic] = wireguard.sample().traffic
    return traffic


def _endpoint(wireguard: Userspace) -> Endpoint | None:
    device = wireguard.sample().device
    assert device is not None
    return device.peers[0].endpoint


def _link_local(interface: str) -> str:
    return run(f"ip -6 -o addr show {interface} scope link").split()[3].partition("/")[0]


def _wireguard_go() -> int:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(SOCKET))
        return int.from_bytes(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 4), sys.byteorder)


def _base64(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _await(holds: object) -> None:
    assert callable(holds)
    for _ in range(int(PATIENCE_SECONDS / 0.02)):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError("it did not come to pass")
