"""What is said from WireGuard's own port and heard there, by the side of WireGuard: STUN's messages and nothing else.

Only what answers a question of ours becomes an input: the same 12 random bytes, from the address that was asked, within
ten seconds, once. All else is counted, and answered with silence.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from wgmesh.domain import stun
from wgmesh.domain.effects import AskMapping, Effect
from wgmesh.domain.inputs import Mapped
from wgmesh.domain.mapping import disbelief
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.messages import NOBODY
from wgmesh.domain.values import Endpoint
from wgmesh.node.challenges import Challenges
from wgmesh.node.rejections import Rejections
from wgmesh.node.sending import Entropy

# What the port's input may be.
Noted = Mapped


class Packet(Struct, frozen=True):
    """Bytes that are to leave from WireGuard's own port."""

    address: Endpoint
    data: bytes


class TunnelPort:
    """The words of one node's port. `now` is ms on `awake`."""

    def __init__(self, rejections: Rejections, entropy: Entropy) -> None:
        self._rejections = rejections
        self._entropy = entropy
        self._asked = Challenges()

    def say(self, effects: Iterable[Effect], now: int) -> Iterator[Packet]:
        """What these effects ask for."""
        for effect in effects:
            if isinstance(effect, AskMapping):
                transaction = self._entropy(stun.TRANSACTION_BYTES)
                self._asked.ask(transaction, NOBODY, effect.server, now)
                yield Packet(effect.server, stun.request(transaction))

    def hear(self, mesh: Mesh, sender: Endpoint, data: bytes, now: int) -> Noted | None:
        """What a packet means to us; None, and a count, when it means nothing."""
        if stun.kind_of(data) == stun.SUCCESS:
            return self._answer(mesh, sender, data, now)
        self._rejections.count("stun", sender.ip, now)
        return None

    def _answer(self, mesh: Mesh, sender: Endpoint, data: bytes, now: int) -> Mapped | None:
        transaction = stun.transaction_of(data)
        if self._asked.find(transaction, sender, now) is None:
            self._rejections.count("unasked", sender.ip, now)
            return None
        self._asked.close(transaction)
        endpoint = stun.mapped(data, transaction)
        if endpoint is None or disbelief(mesh, sender, endpoint):
            self._rejections.count("mapping", sender.ip, now)
            return None
        return Mapped(sender, endpoint)
