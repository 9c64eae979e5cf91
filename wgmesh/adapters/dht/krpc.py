"""What DHT nodes say (BEP 5, with the additions of 32, 42 and 43): queries, replies and errors, read strictly.

A datagram that is not one of them is `NotBencode`, whatever it is instead; unknown keys are no fault, unknown verbs are
read as queries without arguments of ours, so that they can be answered with an error.
"""

import socket
from typing import assert_never

from msgspec import Struct

from wgmesh.adapters.dht import bencode
from wgmesh.adapters.dht.bencode import NotBencode, Value
from wgmesh.adapters.dht.compact import (
    ID_BYTES,
    Contact,
    pack_address,
    pack_contacts,
    unpack_address,
    unpack_contacts,
)
from wgmesh.domain.values import Endpoint

# What one datagram may make us remember.
TRANSACTION_CAP = 32
TOKEN_CAP = 64
NODES_CAP = 16
VALUES_CAP = 64

METHOD_UNKNOWN = 204
PROTOCOL_ERROR = 203


class Query(Struct, frozen=True):
    """`verb` of the node `sender`. `target`: node id or infohash. `read_only`: not to be kept as a contact (BEP 43).

    `port` 0: where the query came from (implied). `want`: families of nodes asked for (BEP 32).
    """

    transaction: bytes
    verb: str
    sender: bytes
    target: bytes = b""
    token: bytes = b""
    port: int = 0
    read_only: bool = False
    want: tuple[socket.AddressFamily, ...] = ()


class Reply(Struct, frozen=True):
    """`nodes` are closer to what was asked for, `values` its peers; `seen`: the asker's address, as it is seen."""

    transaction: bytes
    sender: bytes
    nodes: tuple[Contact, ...] = ()
    values: tuple[Endpoint, ...] = ()
    token: bytes = b""
    seen: Endpoint | None = None


class Failure(Struct, frozen=True):
    """Why a query was not answered. Who refuses our id says by `seen` which address it should fit (BEP 42)."""

    transaction: bytes
    code: int
    text: bytes
    seen: Endpoint | None = None


Message = Query | Reply | Failure

_WANTS = {b"n4": socket.AF_INET, b"n6": socket.AF_INET6}
_NODES = {b"nodes": socket.AF_INET, b"nodes6": socket.AF_INET6}
_TARGETS = {"find_node": b"target", "get_peers": b"info_hash", "announce_peer": b"info_hash"}


def encode(message: Message) -> bytes:
    """The datagram."""
    body: dict[bytes, Value] = {b"t": message.transaction}
    match message:
        case Query():
            body |= {b"y": b"q", b"q": message.verb.encode(), b"a": _arguments(message)}
            if message.read_only:
                body[b"ro"] = 1
        case Reply():
            body |= {b"y": b"r", b"r": _results(message)}
        case Failure():
            body |= {b"y": b"e", b"e": [message.code, message.text]}
        case _:
            assert_never(message)
    if not isinstance(message, Query) and message.seen is not None:
        body[b"ip"] = pack_address(message.seen)
    return bencode.encode(body)


def _arguments(query: Query) -> dict[bytes, Value]:
    arguments: dict[bytes, Value] = {b"id": query.sender}
    if query.target:
        arguments[_TARGETS[query.verb]] = query.target
    if query.verb == "announce_peer":
        arguments |= {b"token": query.token, b"port": query.port, b"implied_port": int(query.port == 0)}
    if query.want:
        arguments[b"want"] = [name for name, family in _WANTS.items() if family in query.want]
    return arguments


def _results(reply: Reply) -> dict[bytes, Value]:
    results: dict[bytes, Value] = {b"id": reply.sender}
    for name, family in _NODES.items():
        if nodes := [each for each in reply.nodes if _family(each.endpoint) == family]:
            results[name] = pack_contacts(nodes)
    if reply.values:
        results[b"values"] = [pack_address(each) for each in reply.values]
    if reply.token:
        results[b"token"] = reply.token
    return results


def decode(data: bytes) -> Message:
    """What the datagram says; NotBencode for whatever cannot be used."""
    message = _dict(bencode.decode(data))
    transaction = _bytes(message, b"t", TRANSACTION_CAP)
    match message.get(b"y"):
        case b"q":
            return _query(transaction, message)
        case b"r":
            return _reply(transaction, message)
        case b"e":
            return _failure(transaction, message)
    raise NotBencode("kind")


def _query(transaction: bytes, message: dict[bytes, Value]) -> Query:
    verb = _bytes(message, b"q", 32).decode("ascii", "replace")
    arguments = _dict(message.get(b"a"))
    known = verb in _TARGETS
    announces = verb == "announce_peer"
    port = arguments.get(b"port", 0) if announces and not arguments.get(b"implied_port") else 0
    if (
        not isinstance(port, int)
        or not 0 <= port <= 65535
        or (announces and not port and b"implied_port" not in arguments)
    ):
        raise NotBencode("port")
    want = arguments.get(b"want")
    return Query(
        transaction,
        verb,
        _id(arguments, b"id"),
        _id(arguments, _TARGETS[verb]) if known else b"",
        _bytes(arguments, b"token", TOKEN_CAP) if announces else b"",
        port,
        message.get(b"ro") == 1,
        tuple(_WANTS[each] for each in _WANTS if each in want) if isinstance(want, list) else (),
    )


def _reply(transaction: bytes, message: dict[bytes, Value]) -> Reply:
    results = _dict(message.get(b"r"))
    nodes = [
        contact
        for name, family in _NODES.items()
        if isinstance(packed := results.get(name), bytes)
        for contact in unpack_contacts(packed, family, NODES_CAP)
    ]
    values = results.get(b"values")
    peers = [unpack_address(each) for each in values if isinstance(each, bytes)] if isinstance(values, list) else []
    return Reply(
        transaction,
        _id(results, b"id"),
        tuple(nodes),
        tuple(each for each in peers[:VALUES_CAP] if each is not None),
        _bytes(results, b"token", TOKEN_CAP) if b"token" in results else b"",
        _seen(message),
    )


def _failure(transaction: bytes, message: dict[bytes, Value]) -> Failure:
    match message.get(b"e"):
        case [int(code), bytes(text), *_]:
            return Failure(transaction, code, text[:80], _seen(message))
    raise NotBencode("error")


def _seen(message: dict[bytes, Value]) -> Endpoint | None:
    seen = message.get(b"ip")
    return unpack_address(seen) if isinstance(seen, bytes) else None


def _dict(value: "Value | None") -> dict[bytes, Value]:
    if not isinstance(value, dict):
        raise NotBencode("no dictionary")
    return value


def _bytes(entries: dict[bytes, Value], key: bytes, most: int) -> bytes:
    value = entries.get(key)
    if not isinstance(value, bytes) or len(value) > most:
        raise NotBencode(key.decode())
    return value


def _id(entries: dict[bytes, Value], key: bytes) -> bytes:
    value = _bytes(entries, key, ID_BYTES)
    if len(value) != ID_BYTES:
        raise NotBencode(key.decode())
    return value


def _family(endpoint: Endpoint) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in endpoint.ip else socket.AF_INET
