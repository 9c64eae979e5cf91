"""A node with a real log and a real recording, for tests that replay: alice meets bob, who comes and goes."""

import os
from contextlib import closing
from pathlib import Path

from tests.cast import ALICE, BOB, SECRET
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.daemon.recorder import FileRecorder
from wgmesh.domain import snapshot
from wgmesh.domain.device import Device, DevicePeer, DeviceSample, Traffic
from wgmesh.domain.folding import fold
from wgmesh.domain.inputs import Carry, Due, Input, Networked, Resumed, Sampled, Stop
from wgmesh.domain.values import MINUTE
from wgmesh.node import Keyring, Node

NOON = 1_767_268_800_000


def record_a_life(directory: Path, *, half_bytes: int = 1 << 20, minutes: int = 5, boot: int = 1) -> None:
    """`events.db` and `inputs` in this directory."""
    with closing(EventLog.open(directory / "events.db", at=NOON)) as log:
        recorder = FileRecorder(directory / "inputs", ALICE.key, half_bytes)
        keyring = Keyring(ALICE.identity, Keyring.of(bytes(32), SECRET).keys, ALICE.mesh, 1)
        mesh = fold(log.records())
        node = Node(keyring, log, mesh, os.urandom, recorder)
        for number, inputs in enumerate(happenings(minutes, boot)):
            awake = mesh.head.awake + number * MINUTE
            node.turn(inputs, NOON + awake, awake)
        state = snapshot.encode(node.mesh)
        log.save_snapshot(log.head.sequence, log.head.chain, snapshot.shape("0.0.1"), state)
        recorder.close()


def happenings(minutes: int, boot: int) -> list[list[Input]]:
    """One turn a minute."""
    device = Device(peers=(DevicePeer(BOB.public_key, 1, BOB.wireguard),))
    heard = Sampled(DeviceSample(device, (Traffic(BOB.public_key, handshaken=True, handshake_age=5),)))
    silent = Sampled(DeviceSample(device, (Traffic(BOB.public_key, handshaken=True, handshake_age=10 * MINUTE),)))
    turns: list[list[Input]] = [[ALICE.start(boot=boot), Networked((ALICE.interface,)), Resumed("lan")]]
    turns.append([BOB.says_hello(ALICE, boot=boot), BOB.replies(ALICE), Due("sample")])
    turns += [[heard if number % 2 else silent, Due("roll-call")] for number in range(minutes)]
    return [*turns, [Carry()], [heard], [Stop("SIGTERM")]]
