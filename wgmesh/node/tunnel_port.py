"""What is said from WireGuard's own port and heard there, by the side of WireGuard: STUN's messages and nothing else.

What answers a question of ours becomes an input: the same 12 random bytes, from the address that was asked, within ten
seconds, once; and the probe of a peer. All else is counted, and answered with silence.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from wgmesh.domain import stun
from wgmesh.domain.effects import AnswerProbe, AskMapping, Effect, SendProbe
from wgmesh.domain.inputs import Mapped, Probed, Reached
from wgmesh.domain.mapping import disbelief
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.messages import NOBODY
from wgmesh.domain.values import Endpoint
from wgmesh.node.challenges import Challenges
from wgmesh.node.keyring import Keyring
from wgmesh.node.path_probes import PathProbes
from wgmesh.node.rejections import Rejections
from wgmesh.node.sending import Entropy

# What the port's input may be.
Noted = Mapped | Probed | Reached


class Packet(Struct, frozen=True):
    """Bytes that are to leave from WireGuard's own port."""

    address: Endpoint
    data: bytes


class TunnelPort:
    """The words of one node's port. `now` is ms on `awake`."""

    def __init__(self, keyring: Keyring, rejections: Rejections, entropy: Entropy) -> None:
        self._rejections = rejections
        self._entropy = entropy
        self._asked = Challenges()
        self._probes = PathProbes(keyring)

    def say(self, mesh: Mesh, effects: Iterable[Effect], now: int) -> Iterator[Packet]:
        """What these effects ask for."""
        for effect in effects:
            match effect:
                case AskMapping(server):
                    yield Packet(server, stun.request(self._ask(NOBODY, server, now)))
                case SendProbe(to, address):
                    yield Packet(address, self._probes.request(mesh, to, self._ask(to, address, now)))
                case AnswerProbe(to, address, transaction):
                    yield Packet(address, self._probes.answer(to, transaction, address))

    def _ask(self, whom: bytes, address: Endpoint, now: int) -> bytes:
        transaction = self._entropy(stun.TRANSACTION_BYTES)
        self._asked.ask(transaction, whom, address, now)
        return transaction

    def hear(self, mesh: Mesh, sender: Endpoint, data: bytes, now: int) -> Noted | None:
        """What a packet means to us; None, and a count, when it means nothing."""
        if stun.kind_of(data) == stun.SUCCESS:
            return self._answer(mesh, sender, data, now)
        probed = self._probes.read_request(mesh, sender, data)
        if probed is None:
            self._rejections.count("stun", sender.ip, now)
        return probed

    def _answer(self, mesh: Mesh, sender: Endpoint, data: bytes, now: int) -> Mapped | Reached | None:
        transaction = stun.transaction_of(data)
        asked = self._asked.find(transaction, sender, now)
        if asked is None:
            self._rejections.count("unasked", sender.ip, now)
            return None
        answer = _mapped(mesh, sender, data) if asked == NOBODY else self._probes.read_answer(asked, sender, data)
        if answer is None:
            self._rejections.count("mapping" if asked == NOBODY else "probe", sender.ip, now)
        self._asked.close(transaction)
        return answer


def _mapped(mesh: Mesh, server: Endpoint, data: bytes) -> Mapped | None:
    endpoint = stun.mapped(data, stun.transaction_of(data))
    return None if endpoint is None or disbelief(mesh, server, endpoint) else Mapped(server, endpoint)
