"""What must hold after every step, whatever happens to a node: the safety rules S1 to S12 of docs/simulation.md.

A rule that is broken ends the run. Each is told from scratch: nothing here asks the code that it judges.
"""

from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import msgpack

from tests import invariants
from tests.bounds import DAILY
from tests.simulation.marks import sometimes
from tests.simulation.watcher import Watcher
from tests.simulation.wireguard import REKEY_TIMEOUT
from tests.simulation.world import DAY, MILLISECOND, MINUTE, World
from wgmesh.domain import events as e
from wgmesh.domain import messages, peer_record
from wgmesh.domain.device import AddPeer, Change, RemovePeer
from wgmesh.domain.envelope import Layer, open_datagram
from wgmesh.domain.folding import evolve, fold
from wgmesh.domain.inputs import Sampled
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.records import Record
from wgmesh.domain.values import HOUR, Endpoint, Incarnation
from wgmesh.node import Turn
from wgmesh.projections.desired_device import desired_device
from wgmesh.projections.wanted_changes import wanted_changes

if TYPE_CHECKING:
    from tests.simulation.machine import Machine


# Addresses that the DHT names and that are asked who they are: 32 an hour, and those of the hour before until a walk.
STRANGERS_AN_HOUR = 64
# A node counts whole ms, by a clock that runs up to 300 ppm fast: of 5 s that is 1.5 ms.
INEXACT = 3 * MILLISECOND
# To one address, wherever it was named: a second, two, four, … apart, begun anew when there is news of it.
HELLOS_A_MINUTE = 60


class Broken(AssertionError):
    """A rule was broken: its number, on which machine, when, and how."""


class Ledger:
    """What is known of one machine. `owed` counts bytes that unvalidated addresses may still be sent, in this run."""

    def __init__(self, machine: "Machine") -> None:
        self.shadow = Mesh()
        self.acknowledged = (0, machine.disk.chain)
        self.greatest = Incarnation(0, 0)
        self.owed: dict[Endpoint, int] = {}
        self.validated: dict[Endpoint, bool] = {}
        self.knocks: Counter[tuple[Endpoint, int]] = Counter()
        self.named: dict[Endpoint, bool] = {}
        self.asked: dict[int, dict[Endpoint, bool]] = {}
        self.today = 0
        self.daily: Counter[str] = Counter()
        self.drawn = 0
        self.canaries = canaries(machine)


def canaries(machine: "Machine") -> tuple[bytes, ...]:
    """Secrets in every form in which they could get into a record."""
    ring = machine.keyring
    keys = (ring.keys.psk, ring.keys.envelope_key, ring.keys.membership_key, ring.identity.private_key)
    return (machine.secret.payload.encode(), *(b64encode(key)[:-1] for key in keys), *(k.hex().encode() for k in keys))


class Checks(Watcher):
    """Judges every step of every machine.

    `members` are the identities of all who hold the secret, `homes` all addresses that one of them ever had.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._ledgers: dict[str, Ledger] = {}
        self.members: dict[bytes, str] = {}
        self.owners: dict[bytes, list[Ledger]] = {}
        self.homes: dict[str, bool] = {}
        self.steps = 0

    def enter(self, machine: "Machine") -> None:
        """Judge this machine from now on."""
        ledger = self._ledgers[machine.name] = Ledger(machine)
        self.members[machine.keyring.identity.key] = machine.name
        self.owners.setdefault(machine.keyring.identity.key, []).append(ledger)
        machine.disk.on_append = lambda: self._appending(machine, ledger)

    def plugged(self, address: str) -> None:
        """It is where a member was, from now on."""
        self.homes[address] = True

    def restored(self, machine: "Machine") -> None:
        """Its disk is an old copy, which is no fault of the node."""
        ledger = self._ledgers[machine.name]
        ledger.acknowledged = (len(machine.disk.stored), machine.disk.chain)
        ledger.daily.clear()

    def began(self, machine: "Machine", mesh: Mesh) -> None:
        """S6 and S11 at a start."""
        ledger = self._ledgers[machine.name]
        kept = machine.disk.chain_at(ledger.acknowledged[0]) == ledger.acknowledged[1]
        self._require(kept, "S11", machine, "records that were acknowledged are lost")
        ledger.shadow = fold(machine.disk.read())
        self._same(machine, ledger.shadow, mesh)
        ledger.owed, ledger.validated, ledger.named, ledger.asked = {}, {}, {}, {}

    def turns(self, machine: "Machine") -> None:
        """A turn begins."""
        self._ledgers[machine.name].drawn = machine.drawn

    def _appending(self, machine: "Machine", ledger: Ledger) -> None:
        self._require(machine.drawn == ledger.drawn, "S11", machine, "a datagram was sealed before its commit")

    def refused(self, machine: "Machine", before: Mesh) -> None:
        """S11: what could not be written has not happened."""
        assert machine.daemon
        self._require(machine.daemon.mesh is before, "S11", machine, "it acts on what could not be written")

    def turned(self, machine: "Machine", before: Mesh, turn: Turn, moment: tuple[int, int]) -> None:
        """S1 to S6, S8, S11 and S12 after a turn."""
        self.steps += 1
        daemon = machine.daemon
        assert daemon
        mesh, disk = daemon.mesh, machine.disk
        self._require(mesh.head.sequence == len(disk.stored), "S11", machine, "it holds what is not in its log")
        searches = any(walk.announce_port is None for walk in turn.walks)
        self._require(not searches or not _has_tunnel(before), "DHT", machine, "it looks around with a live tunnel")
        if not turn.records:
            self._require(mesh is before, "S6", machine, "its mesh changed without a record")
            return
        ledger = self._ledgers[machine.name]
        for record in disk.read(after=before.head.sequence):
            self._judge(machine, ledger, record, moment)
            ledger.shadow = evolve(ledger.shadow, record)
        ledger.acknowledged = (len(disk.stored), disk.chain)
        ledger.greatest = max(ledger.greatest, mesh.incarnation)
        self._same(machine, ledger.shadow, mesh)
        self._invariants(machine, before, mesh, moment[1])

    def _invariants(self, machine: "Machine", before: Mesh, mesh: Mesh, awake: int) -> None:
        try:
            invariants.check_progress(before, mesh)
            invariants.check(mesh, awake)
        except AssertionError as broken:
            raise Broken(self._told("", machine, str(broken))) from broken

    def _judge(self, machine: "Machine", ledger: Ledger, record: Record, moment: tuple[int, int]) -> None:
        name, state = type(record.event).__name__, machine.disk.stored[record.sequence - 1].state
        told = (record.at, record.awake) == moment
        self._require(told, "S6", machine, f"{name} is of {record.at}, {record.awake} and was decided at {moment}")
        leak = any(canary in state for canary in ledger.canaries)
        self._require(not leak, "S8", machine, f"a secret is in {name}, record {record.sequence}")
        self._count(machine, ledger, name)
        self._judge_peer(machine, record)
        mark(record.event, ledger.shadow)

    def _judge_peer(self, machine: "Machine", record: Record) -> None:
        match record.event:
            case (
                e.PeerDiscovered(identity=identity, incarnation=said)
                | e.PeerUpdated(identity=identity, incarnation=said)
            ):
                self._require(identity in self.members, "S4", machine, f"{identity.hex()} is a peer and no member")
                owners = self.owners.get(identity)
                durable = owners is None or said <= max(owner.greatest for owner in owners)
                self._require(durable, "S11", machine, f"{self.members[identity]} said {said}, which it never logged")
            case _:
                pass

    def _count(self, machine: "Machine", ledger: Ledger, name: str) -> None:
        today = self._world.now // DAY
        if ledger.today != today:
            ledger.today, ledger.daily = today, Counter()
        ledger.daily[name] += 1
        within = ledger.daily[name] <= DAILY[name]
        self._require(within, "S12", machine, f"more than {DAILY[name]} records {name} in a day")

    def applies(self, machine: "Machine", changes: Sequence[Change]) -> None:
        """P10: nobody who is shaking hands, or has a session, is taken off the device only to be put there anew."""
        added = [change.peer.public_key for change in changes if isinstance(change, AddPeer)]
        for change in changes:
            if isinstance(change, RemovePeer) and change.public_key in added:
                tunnel = machine.wireguard.tunnels[change.public_key]
                ages = [self._world.now - each.born for each in (tunnel.unconfirmed, tunnel.present) if each]
                torn = [age for age in ages if age < REKEY_TIMEOUT - INEXACT]
                self._require(not torn, "P10", machine, f"a session {torn} µs old is torn down")

    def applied(self, machine: "Machine", sample: Sampled, all_done: bool) -> None:
        """S10, and S2 on the device itself."""
        daemon = machine.daemon
        assert daemon
        if not all_done:
            sometimes("second_apply_needed")
            return
        awake = daemon.awake()
        changes = wanted_changes(
            daemon.mesh, sample.sample, awake, desired_device(daemon.mesh, awake, daemon.node.tried)
        )
        self._require(not changes, "S10", machine, f"a second apply would make {changes}")
        if sample.sample.device:
            invariants.check_addresses(sample.sample.device)

    def received(self, machine: "Machine", source: Endpoint, size: int) -> None:
        """S7: bytes from an address may be answered by as many."""
        owed = self._ledgers[machine.name].owed
        owed[source] = owed.get(source, 0) + size

    def validated(self, machine: "Machine", source: Endpoint) -> None:
        """S7: who answers there asked for it."""
        self._ledgers[machine.name].validated[source] = True

    def named(self, machine: "Machine", addresses: Sequence[Endpoint]) -> None:
        """S7: who lies in the DHT names anybody."""
        self._ledgers[machine.name].named.update(dict.fromkeys(addresses, True))

    def strangers_asked(self, machine: "Machine") -> list[int]:
        """How many of them were asked who they are, hour by hour of this run."""
        return [len(asked) for asked in self._ledgers[machine.name].asked.values()]

    def sent(self, machine: "Machine", layer: Layer, to: Endpoint | None, data: bytes) -> None:
        """S7: no more bytes to an unvalidated address than came from it, but for a few Hellos to where a member is."""
        ledger = self._ledgers[machine.name]
        if to is None or to in ledger.validated:
            return
        if not self._is_knock(machine, layer, to, data):
            owed = ledger.owed[to] = ledger.owed.get(to, 0) - len(data)
            self._require(owed >= 0, "S7", machine, f"{-owed} bytes more to {to} than came from there")
            return
        minute = self._world.now // MINUTE
        ledger.knocks[to, minute] += 1
        within = ledger.knocks[to, minute] <= HELLOS_A_MINUTE
        self._require(within, "S7", machine, f"more than {HELLOS_A_MINUTE} Hellos to {to} in a minute")

    def _is_knock(self, machine: "Machine", layer: Layer, to: Endpoint, data: bytes) -> bool:
        """Is it a Hello to an address that was once a member's, or that the signed record of one or the DHT names?

        Or a goodbye to a member: nothing is expected back.
        """
        opened = open_datagram([(1, machine.keyring.keys.envelope_key)], layer, data)
        match messages.decode(opened[1]) if opened else None:
            case messages.Hello():
                return self._is_a_members(machine, to) or self._is_named(machine, to)
            case messages.Page([signed]):
                return peer_record.decode(signed).left and self._is_a_members(machine, to)
        return False

    def _is_named(self, machine: "Machine", to: Endpoint) -> bool:
        """Is it one of a few strangers' addresses that the DHT named? A mesh that is lied to troubles nobody much."""
        assert machine.daemon
        ledger, hour = self._ledgers[machine.name], machine.daemon.awake() // HOUR
        if to not in ledger.named:
            return False
        asked = ledger.asked.setdefault(hour, {})
        asked[to] = True
        within = len(asked) <= STRANGERS_AN_HOUR
        self._require(
            within, "S7", machine, f"more than {STRANGERS_AN_HOUR} strangers in an hour are asked who they are"
        )
        return True

    def _is_a_members(self, machine: "Machine", to: Endpoint) -> bool:
        assert machine.daemon
        held = tuple(machine.daemon.mesh.peers.values())
        claims = (claim.endpoint for peer in held for claim in peer.endpoints)
        seen = (claim.endpoint for peer in held for claim in peer.observed)
        proven = (peer.proven for peer in held if peer.proven)
        named = any(endpoint.ip == to.ip for endpoint in (*claims, *seen, *proven))
        return named or to.ip in self.homes

    def _same(self, machine: "Machine", folded: Mesh, live: Mesh) -> None:
        if msgpack.encode(folded) != msgpack.encode(live):
            differing = [f for f in live.__struct_fields__ if getattr(folded, f) != getattr(live, f)]
            self._require(False, "S6", machine, f"the fold of its log is not the live mesh: {', '.join(differing)}")

    def _require(self, holds: bool, rule: str, machine: "Machine", otherwise: str) -> None:
        if not holds:
            raise Broken(self._told(rule, machine, otherwise))

    def _told(self, rule: str, machine: "Machine", what: str) -> str:
        head = machine.daemon.mesh.head.sequence if machine.daemon else len(machine.disk.stored)
        return f"{rule or what[:2]}: {machine.name} at {self._world.now / 1e6:.6f} s, record {head}: {what}"


def _has_tunnel(mesh: Mesh) -> bool:
    return any(peer.connected for peer in mesh.present_peers)


def mark(event: e.Event, before: Mesh) -> None:
    """Rare paths that show in the log."""
    match event:
        case e.MeshAddressChanged(nonce):
            sometimes("second_nonce" if nonce == 1 else "third_nonce")
        case e.PeerRefused():
            sometimes("refused")
        case e.NewerPeerSeen():
            sometimes("newer_protocol")
        case e.PeerExpired():
            sometimes("expired")
        case e.CloneDetected(life=life):
            if before.life < life:
                sometimes("clone_gave_way")
        case e.PeerDiscovered(identity) if identity in before.peers:
            sometimes("returned")
        case e.ForeignPeerSeen():
            sometimes("foreign_peer")
        case _:
            pass
