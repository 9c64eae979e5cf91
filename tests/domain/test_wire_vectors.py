"""The wire forms as they are written down in vectors/wire.json, byte for byte: other versions must understand them."""

from typing import Any

import pytest
from msgspec import Struct, structs

from tests.domain.vectors import load
from wgmesh.domain import messages, peer_record
from wgmesh.domain.envelope import open_datagram, seal
from wgmesh.domain.identity import Identity
from wgmesh.domain.keys import derive, parameters, token
from wgmesh.domain.messages import UNSIGNED, Announce, Hello
from wgmesh.domain.parameters import fingerprint
from wgmesh.domain.peer_record import ClaimedEndpoint
from wgmesh.domain.secret import parse
from wgmesh.domain.values import Endpoint, Incarnation

VECTORS = load("wire")
SECRET = parse(VECTORS["secret"])
MESH = fingerprint(parameters(SECRET))
NODES = {name: Identity.from_seed(bytes.fromhex(seed)) for name, seed in VECTORS["seeds"].items()}


def shown(value: Any) -> Any:
    """A value as the vectors write it: bytes in hex, endpoints as text, lists for tuples."""
    match value:
        case bytes():
            return value.hex()
        case Endpoint():
            return str(value)
        case Incarnation():
            return [value.boot, value.sequence]
        case ClaimedEndpoint():
            return [value.kind, value.socket, str(value.endpoint)]
        case tuple():
            return [shown(each) for each in value]
        case Struct():
            return {name: shown(each) for name, each in structs.asdict(value).items()}
    return value


def test_the_fingerprint_of_the_parameters_is_as_written() -> None:
    assert shown(parameters(SECRET)) == VECTORS["parameters"]
    assert MESH.hex() == VECTORS["fingerprint"]


@pytest.mark.parametrize("vector", VECTORS["records"], ids=lambda vector: vector["name"])
def test_a_record_is_as_written(vector: Any) -> None:
    node, signed = NODES[vector["signer"]], bytes.fromhex(vector["signed"])
    record = peer_record.decode(signed)
    assert shown(record) == vector["fields"]
    assert peer_record.authentic(signed, node.key)
    assert peer_record.sign(record, node) == signed


@pytest.mark.parametrize("vector", VECTORS["messages"], ids=lambda vector: vector["name"])
def test_a_message_is_as_written(vector: Any) -> None:
    payload = bytes.fromhex(vector["payload"])
    message = messages.decode(payload)
    assert type(message).__name__ == vector["message"]
    assert shown(message) == vector["fields"]
    if isinstance(message, Announce | messages.Page):
        assert messages.encode(message) == payload
    else:
        node = NODES[vector["signer"]]
        assert messages.authentic(payload, node.key, MESH, message)
        assert messages.sign(structs.replace(message, signature=UNSIGNED), node, MESH) == payload


@pytest.mark.parametrize("vector", VECTORS["datagrams"], ids=lambda vector: vector["name"])
def test_a_datagram_is_as_written(vector: Any) -> None:
    key, datagram = derive(SECRET).envelope_key, bytes.fromhex(vector["datagram"])
    layer, payload, nonce = vector["layer"], bytes.fromhex(vector["payload"]), bytes.fromhex(vector["nonce"])
    assert open_datagram(((1, key),), layer, datagram) == (1, payload)
    assert seal(key, layer, payload, nonce, at_least=len(datagram)) == datagram


def test_the_token_in_a_hello_is_its_senders_for_its_hour() -> None:
    node, key = NODES["A"], derive(SECRET).membership_key
    tokens = [_token(vector, node, key) for vector in VECTORS["messages"] if vector["message"] == "Hello"]
    assert tokens == [b"", token(key, node.key, node.public_key, 500_000)]


def _token(vector: Any, node: Identity, key: bytes) -> bytes:
    hello = messages.decode(bytes.fromhex(vector["payload"]))
    assert isinstance(hello, Hello)
    return hello.token


def test_every_message_and_every_layer_is_written_down() -> None:
    assert {vector["message"] for vector in VECTORS["messages"]} == {"Announce", "Hello", "Reply", "Confirm"}
    assert {vector["layer"] for vector in VECTORS["datagrams"]} == {"lan", "exchange", "registry", "gossip"}
    assert {len(vector["datagram"]) // 2 for vector in VECTORS["datagrams"]} == {128, 256, 512, 1120, 1200}
