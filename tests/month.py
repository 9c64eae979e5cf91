"""A month of a mesh of a hundred nodes, as the log of one of them: hourly roll calls, and peers that go and come."""

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.cast import ALICE, Member
from wgmesh.adapters.event_log.writer import EventLog
from wgmesh.domain import events as e
from wgmesh.domain.identity import Identity
from wgmesh.domain.records import Record
from wgmesh.domain.values import DAY, HOUR, SECOND

NOON = 1_767_268_800_000
PEERS = 100
# Peers that go silent, say something new and come back, each hour.
CHURN = 8

Told = tuple[int, str, e.Event]


def write_month(path: Path) -> int:
    """The log at `path`; how many records it has."""
    records = [
        Record(sequence, NOON + awake, awake, cause, (), event)
        for sequence, (awake, cause, event) in enumerate(_month(), start=1)
    ]
    with closing(EventLog.open(path, at=NOON)) as log:
        for start in range(0, len(records), 1000):
            log.append(records[start : start + 1000])
    return len(records)


def _month() -> Iterator[Told]:
    chance = random.Random(1)
    peers = [
        Member(f"n{number}", Identity.from_seed(number.to_bytes(32)), f"10.{number}.0.1")
        for number in range(10, 10 + PEERS)
    ]
    changes = dict.fromkeys(peers, 2)
    yield from ((0, "start", event) for event in ALICE.joined())
    for peer in peers:
        yield SECOND, "lan", peer.discovered()
        yield SECOND, "lan", peer.observed()
        yield 2 * SECOND, "wireguard", e.PeerConnected(peer.key, peer.wireguard)
    for awake in range(HOUR, 30 * DAY + 1, HOUR):
        yield awake, "timer/roll-call", e.PeersSighted(tuple(_sighting(peer, chance) for peer in peers))
        for peer in chance.sample(peers, CHURN):
            changes[peer] += 1
            yield awake, "wireguard", e.PeerDisconnected(peer.key, 181_000)
            yield awake + SECOND, "lan", peer.updated(peer.record(change=changes[peer]))
            yield awake + 2 * SECOND, "wireguard", e.PeerConnected(peer.key, peer.wireguard)


def _sighting(peer: Member, chance: random.Random) -> e.Sighting:
    return e.Sighting(peer.key, chance.randrange(120_000), chance.randrange(10**9), chance.randrange(10**9))
