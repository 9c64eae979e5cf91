"""Alice on a ring with others: all are connected, and gossip works. For tests of the watch."""

import dataclasses
from collections.abc import Mapping

from tests.cast import ALICE, EVERYBODY, Member
from tests.playbook import Playbook, due_tasks, given, next_wakeup, span
from wgmesh.domain.device import Device, DevicePeer, DeviceSample, Traffic
from wgmesh.domain.effects import Effect, Sample, SendGossip
from wgmesh.domain.gossip_messages import Answer, GossipMessage, Probe, Pull
from wgmesh.domain.inputs import Due, Resumed, Sampled, Whispered
from wgmesh.domain.records import Record

OTHERS = EVERYBODY[1:]
# Any word that asks for no answer.
WORD = Pull(b"")


def before(us: Member, others: tuple[Member, ...] = OTHERS) -> Member:
    """The one before us on the ring of identities."""
    lower = [each for each in others if each.key < us.key]
    return max(lower or others, key=lambda each: each.key)


def sampled(*who: Member, ages: Mapping[Member, int] | None = None, rx: Mapping[Member, int] | None = None) -> Sampled:
    """What WireGuard says: sessions with these; ages and bytes received where they are not 0 ms and 100."""
    device = Device(peers=tuple(DevicePeer(each.public_key, 1, each.wireguard) for each in who))
    age, received = ages or {}, rx or {}
    traffic = (Traffic(w.public_key, True, age.get(w, 0), age.get(w, 0), received.get(w, 100)) for w in who)
    return Sampled(DeviceSample(device, tuple(traffic)))


def ring(*others: Member) -> Playbook:
    """Alice is connected with these since the very beginning."""
    story = given().when(ALICE.start()).given(*(each.discovered() for each in others))
    return story.when(Resumed("gossip")).when(sampled(*others))


def says(who: Member, message: GossipMessage = WORD) -> Whispered:
    """It is heard through its tunnel."""
    return Whispered(who.key, message, 0)


def probed(effects: tuple[Effect, ...]) -> dict[bytes, int]:
    """Who is asked for a sign by these effects, and under which number."""
    return {e.to: e.message.number for e in effects if isinstance(e, SendGossip) and isinstance(e.message, Probe)}


def answers(story: Playbook, who: Member) -> Playbook:
    """It answers what it was just asked."""
    return story.when(says(who, Answer(probed(story.effects)[who.key])))


def lives_on(story: Playbook, at: str, sample: Sampled) -> Playbook:
    """Time passes; whenever she looks at WireGuard, it says this."""
    recent, effects = list[Record](), list[Effect]()
    while (due := next_wakeup(story.state)) is not None and due <= span(at):
        for task in due_tasks(story.state, moment := max(due, story.now)):
            story = story.when(Due(task), at=f"{moment} ms")
            recent, effects = [*recent, *story.recent], [*effects, *story.effects]
            if Sample() in story.effects:
                story = story.when(sample)
                recent, effects = [*recent, *story.recent], [*effects, *story.effects]
    return dataclasses.replace(story, now=span(at), recent=tuple(recent), effects=tuple(effects))
