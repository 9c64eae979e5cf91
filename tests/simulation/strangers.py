"""Who lacks the secret and stands on the segment all the same: sends noise, and again what others sealed.

What such a one is sent is counted: nobody owes it a byte, but for what it replayed to somebody who never saw it.
"""

from collections.abc import Callable
from random import Random

from tests.simulation.marks import sometimes
from tests.simulation.network import ALL_NODES, GROUP, LAN_PORT, Frame, Nic, Segment
from wgmesh.domain.values import Endpoint

SIZES = (0, 1, 39, 255, 256, 256, 512, 1200, 1200, 1200, 1201, 9000)
# Datagrams of others that are kept for later, the newest first.
CAPTURED = 200
# More datagrams than an inbox holds, and how often they come at once.
BURST, BURSTS = 1500, 0.01


class Stranger:
    """`received`: bytes from honest members (`is_member` knows their addresses); `sent`: bytes of its own."""

    def __init__(
        self,
        name: str,
        number: int,
        segment: Segment,
        chance: Random,
        *,
        replays: bool,
        is_member: Callable[[str], bool],
    ) -> None:
        self.name = name
        self.chance = chance
        self.replays = replays
        self.is_member = is_member
        self.sent = 0
        self.received = 0
        self.captured: list[Frame] = []
        self.ports: dict[str, int] = {}
        self.nic = Nic(self, "eth0", 2, f"fe80::bad:{number:x}")
        self.nic.plug(segment, f"{segment.network}.{90 + number}/24" if segment.network else "")

    def hear(self, nic: Nic, frame: Frame) -> None:
        """On a segment everybody hears the groups; the rest is meant for us."""
        self.ports[frame.source.ip] = frame.source.port
        if frame.target.ip in (GROUP, ALL_NODES):
            self.captured = [frame, *self.captured[: CAPTURED - 1]]
        elif self.is_member(frame.source.ip):
            self.received += frame.size
            assert isinstance(frame.content, bytes), f"{self.name}, who is nobody's peer, was sent {frame.content}"
            if self.replays:
                sometimes("stranger_answered")
                self.captured = [frame, *self.captured[: CAPTURED - 1]]

    def act(self) -> None:
        """Send something, at times more of it than anybody takes."""
        for _ in range(BURST if self.chance.random() < BURSTS else 1):
            self._send()

    def _send(self) -> None:
        """From our own address or from somebody else's."""
        segment = self.nic.segment
        assert segment
        target = self.chance.choice((GROUP, ALL_NODES, *(ip for ip in segment.owners if self.is_member(ip))))
        if self.replays and self.captured:
            sometimes("replayed")
            data = self.chance.choice(self.captured).content
            assert isinstance(data, bytes)
        else:
            data = self.chance.randbytes(self.chance.choice(SIZES))
        self.sent += len(data)
        segment.send(self.nic, Frame(self._source(target), self._to(target), len(data), data))

    def _source(self, target: str) -> Endpoint:
        own = self.nic.address(target)
        assert self.nic.segment
        others = [ip for ip in self.nic.segment.owners if (":" in ip) == (":" in target) and self.is_member(ip)]
        ip = self.chance.choice((own, own, *others, "203.0.113.9"))
        return Endpoint(ip or "203.0.113.9", self.chance.choice((LAN_PORT, 40_000)))

    def _to(self, target: str) -> Endpoint:
        return Endpoint(target, self.ports.get(target, LAN_PORT))
