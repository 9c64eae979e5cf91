"""What strangers get from us: what BEP 5 owes them, so often a second, never over three times their bytes."""

from msgspec.structs import replace

from wgmesh.adapters.dht import krpc
from wgmesh.adapters.dht.contacts import Contacts
from wgmesh.adapters.dht.krpc import METHOD_UNKNOWN, PROTOCOL_ERROR, Failure, Query, Reply
from wgmesh.adapters.dht.swarms import Swarms
from wgmesh.domain.values import SECOND, Endpoint

# Queries answered to one address: so many a second, and so many at once.
ANSWERS_A_SECOND = 20
ANSWERS_AT_ONCE = 20
# Addresses whose rate is counted; the oldest goes first.
SOURCES_CAP = 4096
# No answer is longer than so many times the query: whoever forges his address gains little.
AMPLIFICATION = 3


class Answering:
    """Answers the queries of one family of addresses."""

    def __init__(self, own_id: bytes, contacts: Contacts, swarms: Swarms) -> None:
        self._own_id = own_id
        self._contacts = contacts
        self._swarms = swarms
        self._sources: dict[str, tuple[int, int]] = {}

    def answer(self, query: Query, sender: Endpoint, size: int, now: int) -> bytes | None:
        """The datagram that answers a query of so many bytes; None where its sender asked too often or too briefly."""
        if not self._may(sender.ip, now):
            return None
        return _fitted(self._reply(query, sender, now), size * AMPLIFICATION)

    def _reply(self, query: Query, sender: Endpoint, now: int) -> Reply | Failure:
        reply = Reply(query.transaction, self._own_id, seen=sender)
        match query.verb:
            case "ping":
                return reply
            case "find_node":
                return replace(reply, nodes=tuple(self._contacts.closest(query.target)))
            case "get_peers":
                return replace(
                    reply,
                    nodes=tuple(self._contacts.closest(query.target)),
                    values=tuple(self._swarms.peers(query.target, now)),
                    token=self._swarms.token(sender.ip, now),
                )
            case "announce_peer":
                if not self._swarms.is_good(query.token, sender.ip, now):
                    return Failure(query.transaction, PROTOCOL_ERROR, b"bad token")
                self._swarms.put(query.target, Endpoint(sender.ip, query.port or sender.port), now)
                return reply
        return Failure(query.transaction, METHOD_UNKNOWN, b"Method Unknown")

    def _may(self, ip: str, now: int) -> bool:
        """Take a token out of the source's bucket, which refills with time."""
        full = ANSWERS_AT_ONCE * SECOND
        tokens, counted = self._sources.pop(ip, (full, now))
        tokens = min(full, tokens + (now - counted) * ANSWERS_A_SECOND)
        allowed = tokens >= SECOND
        if len(self._sources) >= SOURCES_CAP:
            del self._sources[next(iter(self._sources))]
        self._sources[ip] = (tokens - SECOND if allowed else tokens, now)
        return allowed


def _fitted(reply: Reply | Failure, most: int) -> bytes | None:
    """The reply without as many peers, and then nodes, as it takes to stay within so many bytes."""
    data = krpc.encode(reply)
    while len(data) > most and isinstance(reply, Reply) and (reply.values or reply.nodes):
        reply = replace(reply, values=reply.values[:-1]) if len(reply.values) > 1 else _fewer_nodes(reply)
        data = krpc.encode(reply)
    return data if len(data) <= most else None


def _fewer_nodes(reply: Reply) -> Reply:
    """One node less; the last peer goes when there is none."""
    return replace(reply, nodes=reply.nodes[:-1]) if reply.nodes else replace(reply, values=())
