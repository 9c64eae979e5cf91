"""What is in a log that tells who somebody is: gathered before the first pseudonym is given, since order is kept."""

import base64
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from msgspec import Struct

from wgmesh.domain import peer_record
from wgmesh.domain.events import (
    MeshAddressChanged,
    MeshJoined,
    OwnRecordOutrun,
    PeerDiscovered,
    PeerUpdated,
    StateCarried,
)
from wgmesh.domain.packing import Malformed
from wgmesh.domain.parameters import Parameters
from wgmesh.domain.peer import Peer
from wgmesh.domain.values import Interface
from wgmesh.redaction.values import parts

KEY_BYTES = 32
# A key as it is written among words.
KEY = r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}="
# Fields with signed records of nodes.
SIGNED = ("signed", "more")
# Places to contact, as the operator wrote them: a name or an address, with or without a port.
PLACES = ("peers", "dht_bootstrap", "stun_servers")

# Where the registry is: the host in its URL, an owner and what it owns.
REGISTRIES = ("registry_url", "registry_repo")

# Keys that are WireGuard's; all others of 32 bytes are identities.
_WIREGUARD_KEYS = ("public_key", "foreign", "banned")
# A place that goes by a name: letters make it one, and not an address.
_PLACE = re.compile(r"([\w.-]*[A-Za-z_][\w.-]*?)(?::\d+)?")
_NAME = re.compile(r"[A-Za-z_]")
_KEY_IN_WORDS = re.compile(KEY)


class Gathered:
    """All keys, names, nodes (WireGuard key and nonce) and attached networks, each once, in the order as met."""

    def __init__(self, values: Iterable[object]) -> None:
        self.identities: dict[bytes, bool] = {}
        self.public_keys: dict[bytes, bool] = {}
        self.hostnames: dict[str, bool] = {}
        self.parameters: dict[Parameters, bool] = {}
        self.nodes: dict[tuple[bytes, int], bool] = {}
        self.prefixes: dict[str, bool] = {}
        self._own_key = b""
        self._records: dict[bytes, bool] = {}
        for value in values:
            self._add(value)

    def _add(self, value: object) -> None:
        for part, field in parts(value):
            match part:
                case bytes():
                    self._add_bytes(part, field)
                case str():
                    self._add_text(part, field)
                case Struct():
                    self._add_struct(part)

    def _add_bytes(self, value: bytes, field: str) -> None:
        if field in SIGNED and value not in self._records:
            self._records[value] = True
            try:
                self._add(peer_record.decode(value))
            except Malformed:  # nobody could send it, so it is only so many bytes
                return
        elif len(value) == KEY_BYTES and any(value):
            (self.public_keys if field in _WIREGUARD_KEYS else self.identities)[value] = True

    def _add_text(self, text: str, field: str) -> None:
        if field == "hostname" and text:
            self.hostnames[text] = True
        if field in PLACES and (name := _PLACE.fullmatch(text)):
            self.hostnames[name[1]] = True
        if field in REGISTRIES:
            told = (urlsplit(text).hostname,) if field == "registry_url" else text.split("/")
            self.hostnames.update(dict.fromkeys((name for name in told if name and _NAME.search(name)), True))
        for key in _KEY_IN_WORDS.findall(text):
            self.public_keys[base64.b64decode(key)] = True

    def _add_struct(self, part: Struct) -> None:
        match part:
            case Parameters():
                self.parameters[part] = True
            case Interface(prefixes=prefixes):
                self.prefixes.update(dict.fromkeys(prefixes, True))
            case MeshAddressChanged(nonce) | OwnRecordOutrun(nonce=nonce):
                self.nodes[self._own_key, nonce] = True
            case MeshJoined(public_key=key) | StateCarried(public_key=key):
                self._own_key = key
                self.nodes[key, getattr(part, "nonce", 0)] = True
            case Peer(public_key=key, nonce=nonce) | PeerDiscovered(public_key=key, nonce=nonce):
                self.nodes[key, nonce] = True
            case PeerUpdated(public_key=key, nonce=nonce):
                self.nodes[key, nonce] = True
