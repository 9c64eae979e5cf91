"""STUN servers on the Internet between the segments: honest ones, and some that make addresses up."""

from collections.abc import Callable
from random import Random

from tests.simulation.marks import sometimes
from tests.simulation.network import Frame
from tests.simulation.routers import Middle
from tests.simulation.world import World
from wgmesh.domain.stun import MAGIC, REQUEST, SUCCESS, kind_of, transaction_of, xor_mapped
from wgmesh.domain.values import Endpoint

PORT = 3478
# UDP over IPv4.
HEADERS = 28


class StunServer:
    """Answers whoever asks, with what `says` makes of the address that it sees."""

    def __init__(self, middle: Middle, endpoint: Endpoint, says: Callable[[Endpoint], Endpoint]) -> None:
        self.endpoint = endpoint
        self.asked = 0
        self._middle, self._says = middle, says
        middle.hosts[endpoint.ip] = self

    def hear(self, frame: Frame) -> None:
        """A datagram comes."""
        data = frame.content
        if not isinstance(data, bytes) or frame.target != self.endpoint or kind_of(data) != REQUEST:
            return
        self.asked += 1
        transaction = transaction_of(data)
        seen = xor_mapped(self._says(frame.source), transaction)
        answer = SUCCESS.to_bytes(2) + len(seen).to_bytes(2) + MAGIC.to_bytes(4) + transaction + seen
        self._middle.carry("stun", Frame(self.endpoint, frame.source, len(answer) + HEADERS, answer))


def serve(world: World, middle: Middle, honest: int, liars: int) -> tuple[StunServer, ...]:
    """So many of each, the liars first: they are asked before the others."""
    chance = world.chance("stun")
    said = [_liar(chance)] * liars + [lambda seen: seen] * honest
    return tuple(StunServer(middle, Endpoint(f"198.18.1.{place + 1}", PORT), says) for place, says in enumerate(said))


def _liar(chance: Random) -> Callable[[Endpoint], Endpoint]:
    """Another address each time: somebody else's, a private one, one that nobody can have."""

    def lie(seen: Endpoint) -> Endpoint:
        sometimes("stun_lied")
        invented = f"203.0.113.{chance.randrange(256)}", "192.168.1.1", "127.0.0.1", "224.0.0.1", seen.ip
        return Endpoint(chance.choice(invented), chance.randrange(65536))

    return lie
