"""Persist, then act: inputs are decided, their records made durable, and only then is anything sent or applied.

When the log refuses, the whole turn is as if it had never been: nothing is acted on that could not be written.
"""

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from wgmesh.domain import cadence, sparing
from wgmesh.domain.decide import step
from wgmesh.domain.device import Device
from wgmesh.domain.draft import State
from wgmesh.domain.effects import Consult, Echo, Effect, Exit, LookUp, Nudge, Redial, RemoveInterface, Sample
from wgmesh.domain.inputs import Consulted, Due, Input, Rejected, Start
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.records import Record
from wgmesh.domain.relay_state import Lease
from wgmesh.domain.session import Session
from wgmesh.domain.values import Endpoint, Moment
from wgmesh.domain.visiting import Errand, Visited
from wgmesh.node.challenges import Challenges
from wgmesh.node.keyring import Keyring
from wgmesh.node.notes import Notes
from wgmesh.node.reception import Arrival, Received, Receiver
from wgmesh.node.recording import Decided, Recorder
from wgmesh.node.rejections import Rejections
from wgmesh.node.sending import Entropy, Outgoing, Sender
from wgmesh.node.tunnel_port import Noted, Packet, TunnelPort
from wgmesh.node.wish import Wish

LOT_BYTES = 8


class Log(Protocol):
    """Where records become durable."""

    @property
    def chain(self) -> bytes:
        """16 bytes that stand for all that was ever appended."""

    def append(self, records: Sequence[Record]) -> object:
        """Durable on return, all or none; LogFull when the next try may succeed, LogBroken when none will."""


class Walk(Struct, frozen=True):
    """Look this infohash (20 bytes) up in the DHT, and announce this port under it, if there is one."""

    infohash: bytes
    announce_port: int | None


class Turn(Struct, frozen=True):
    """What a turn came to: its durable records, what is to be sent, and what is to be done to the device.

    `nudges`: mesh addresses that something is to be sent to, through the tunnel. `echoes`: those that are to answer.
    `walks`: through the DHT. `errands`: to the registry. `packets`: from WireGuard's own port.
    `redials`: WireGuard keys of peers that WireGuard is to call anew.
    """

    records: tuple[Record, ...] = ()
    outgoing: tuple[Outgoing, ...] = ()
    commands: tuple[Sample | RemoveInterface | Exit, ...] = ()
    nudges: tuple[str, ...] = ()
    echoes: tuple[str, ...] = ()
    walks: tuple[Walk, ...] = ()
    packets: tuple[Packet, ...] = ()
    errands: tuple[Errand, ...] = ()
    redials: tuple[bytes, ...] = ()


class Node:
    """One node. `at` and `awake` (ms) come with every call; `entropy(n)` gives n bytes of chance.

    A recorder is told of each turn after its records are durable.
    """

    def __init__(
        self, keyring: Keyring, log: Log, mesh: Mesh, entropy: Entropy, recorder: Recorder | None = None
    ) -> None:
        self._log = log
        self._recorder = recorder
        self._state = State(mesh, Session())
        self._deadlines_of: tuple[State, dict[str, int]] = self._state, cadence.deadlines(self._state)
        self._lots_key = b""
        self._inputs = 0
        self._keyring = keyring
        self._rejections = Rejections()
        challenges = Challenges()
        self._receiver = Receiver(keyring, challenges, self._rejections)
        self._sender = Sender(keyring, challenges, entropy)
        self._port = TunnelPort(keyring, self._rejections, entropy)
        self._notes = Notes(keyring, self._rejections)
        self._wish = Wish()

    @property
    def mesh(self) -> Mesh:
        """What the log says."""
        return self._state.mesh

    @property
    def session(self) -> Session:
        """What this run is in the middle of."""
        return self._state.session

    @property
    def tried(self) -> dict[bytes, Endpoint]:
        """Where peers are tried just now though nothing but a claim stands for it, by identity."""
        return sparing.tried(self._state.session)

    @property
    def leases(self) -> dict[bytes, Lease]:
        """Which relays granted themselves for whom, where that is still to be proven."""
        return self._state.session.relaying.leases

    def receive(self, arrival: Arrival, at: int, awake: int) -> Received | None:
        """Read a datagram; None (and a count) when it is not for us. Needs a started node."""
        return self._receiver.receive(self._state, self._sender.digest(self.mesh), arrival, at, awake)

    def hear(self, sender: Endpoint, packet: bytes, awake: int) -> Noted | None:
        """Read what came to WireGuard's own port and is not WireGuard's; None (and a count) when it is not for us."""
        return self._port.hear(self.mesh, sender, packet, awake)

    @property
    def notes(self) -> Notes:
        """Knows what a sealed note says."""
        return self._notes

    def consulted(self, visited: Visited, host: str, awake: int) -> Consulted:
        """Read what a visit to the registry, on this host, came to; what is not for us is counted."""
        return self._notes.judge(self.mesh, visited, host, awake)

    def reject(self, reason: str, source: str, awake: int, times: int = 1) -> None:
        """Count what an adapter dropped before it came here."""
        self._rejections.count(reason, source, awake, times)

    def rejected(self) -> Rejected:
        """What was not for us since the log was last told of such."""
        return self._rejections.so_far()

    def next_wakeup(self) -> int | None:
        """When (`awake`, ms) something is due by itself."""
        report = self._rejections.due
        tasks = self._deadlines().values()
        return min(tasks if report is None else (*tasks, report), default=None)

    def due(self, awake: int) -> tuple[Input, ...]:
        """The inputs that time itself makes."""
        tasks: tuple[Input, ...] = tuple(Due(task) for task, at in self._deadlines().items() if at <= awake)
        report = self._rejections.due
        return (*tasks, self._rejections.report()) if report is not None and report <= awake else tasks

    def _deadlines(self) -> dict[str, int]:
        """Worked out once a state: most turns of the loop ask for them before and after, and change nothing."""
        state, deadlines = self._deadlines_of
        if state is not self._state:
            deadlines = cadence.deadlines(self._state)
            self._deadlines_of = self._state, deadlines
        return deadlines

    def turn(self, inputs: Iterable[Input], at: int, awake: int) -> Turn:
        """Decide these inputs at this moment, write what was decided, and say what follows from it.

        Raises what the log raises; then the node is as it was before.
        """
        self._receiver.begin_turn()
        decided = self._decide(inputs, at, awake)
        records = tuple(record for each in decided for record in each.step.records)
        if records:
            self._log.append(records)
        if decided:
            before, self._state = self._state, decided[-1].step.state
            if self._recorder is not None:
                self._recorder.keep(before, decided)
        return self._carry_out(records, [effect for each in decided for effect in each.step.effects], at, awake)

    def desired(self, awake: int) -> Device:
        """The WireGuard device as it should be now."""
        return self._wish.at(self._state, awake)

    def _decide(self, inputs: Iterable[Input], at: int, awake: int) -> list[Decided]:
        """Each input on top of what came of the one before it."""
        state, decided = self._state, list[Decided]()
        for given in inputs:
            now = Moment(at, awake, self._lot(given))
            decided.append(Decided(given, now, step(state, given, now)))
            state = decided[-1].step.state
        return decided

    def _carry_out(self, records: tuple[Record, ...], effects: list[Effect], at: int, awake: int) -> Turn:
        if not effects:
            return Turn(records)
        commands = tuple(effect for effect in effects if isinstance(effect, Sample | RemoveInterface | Exit))
        outgoing = tuple(self._sender.send(self.mesh, effects, at, awake, self._log.chain))
        nudges = tuple(effect.address for effect in effects if isinstance(effect, Nudge))
        echoes = tuple(effect.address for effect in effects if isinstance(effect, Echo))
        walks = tuple(walk for effect in effects if isinstance(effect, LookUp) for walk in self._walks(effect))
        packets = tuple(self._port.say(self.mesh, effects, awake))
        errands = tuple(self._errand(effect) for effect in effects if isinstance(effect, Consult))
        redials = tuple(effect.public_key for effect in effects if isinstance(effect, Redial))
        return Turn(records, outgoing, commands, nudges, echoes, walks, packets, errands, redials)

    def _errand(self, effect: Consult) -> Errand:
        """What goes to the registry: our record as it stands now, sealed."""
        mesh, sender = self.mesh, self._sender
        entry = sender.note(mesh) if effect.writes else b""
        return Errand(effect.number, effect.made, effect.creates, entry, sender.signed_record(mesh), mesh.identity)

    def _walks(self, effect: LookUp) -> Iterator[Walk]:
        """The core knows hours; what they are called in the DHT takes the secret."""
        for place, hour in enumerate(effect.hours):
            announces = effect.announce and place == 0 and self.mesh.exchange_port
            yield Walk(self._keyring.keys.infohash(hour), self.mesh.exchange_port if announces else None)

    def _lot(self, given: Input) -> bytes:
        """Chance for one input: secret to others, and the same again when the inputs are."""
        if isinstance(given, Start):
            self._lots_key = self._keyring.identity.lots_key(given.boot)
        self._inputs += 1
        return hmac.digest(self._lots_key, self._inputs.to_bytes(8), hashlib.sha256)[:LOT_BYTES]
