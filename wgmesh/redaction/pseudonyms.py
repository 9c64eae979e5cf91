"""What stands for what in one bundle: gathered from all of a log, then the same wherever it is met.

Two that differ are never given one pseudonym. Chance can bring that about, and then the caller tries another secret.
What follows from something else in the mesh (a WireGuard key from an identity, a mesh address from a key, a fingerprint
from parameters) follows from its pseudonym too, so that what was decided can be decided again.
"""

import base64
import hashlib
import ipaddress
import re
from collections.abc import Callable, Iterable
from typing import Any

from wgmesh.domain import peer_record
from wgmesh.domain.identity import SIGNATURE_BYTES
from wgmesh.domain.mesh import fingerprint as mesh_fingerprint
from wgmesh.domain.packing import PACKED_ENDPOINT, Malformed, pack_endpoint, unpack_endpoint
from wgmesh.domain.parameters import fingerprint, ipv4_of, ipv6_of
from wgmesh.domain.values import network_of
from wgmesh.redaction import addresses, keys
from wgmesh.redaction.gathering import KEY, KEY_BYTES, PLACES, REGISTRIES, SIGNED, Gathered
from wgmesh.redaction.values import rewritten

# An address of either version, or a network; and the name of an interface that holds its hardware address.
_IPV4 = r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,3})?(?![\d.])"
_IPV6 = r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:/\d{1,3})?(?![\w:])"
_HARDWARE = r"\b(?:en|wl|ww)x[0-9a-f]{12}\b"
_ADDRESS = re.compile(f"{_IPV4}|{_IPV6}")
_TELLING = re.compile(f"({KEY})|({_IPV4}|{_IPV6})|({_HARDWARE})")

IPV6_PREFIX_BYTES = 8

# Fields that hold a hostname, and those in which one may stand among other words.
_NAMES = ("hostname",)
_SENTENCES = ("reason", "changes", "errors", "file", "sources", "trouble", *PLACES, *REGISTRIES)
# Chance, which is drawn again as it was and tells nothing; hashes of states, which are taken anew.
_KEPT = ("lot", "state")


class Clash(Exception):
    """Two things were given one pseudonym, or one is what something is really called: take another secret."""


class Pseudonyms:
    """The pseudonyms for all that was gathered, from a secret of 32 bytes. Clash, here and when a new one is met."""

    def __init__(self, secret: bytes, gathered: Gathered) -> None:
        self._secret = secret
        self._texts: dict[str, str] = {}
        self._taken: dict[str, str] = {}
        self._bytes: dict[bytes, bytes] = {}
        self._keys = keys.pseudonyms(secret, gathered.identities, gathered.public_keys)
        self._hostnames = _any_of(gathered.hostnames)
        for name in gathered.hostnames:
            self._text(name, lambda: f"host-{self._token(name.encode(), 4).hex()}")  # noqa: B023 - called at once
        self._derive(gathered)
        for network in (network_of(prefix) for prefix in gathered.prefixes):
            if network.version == 4 and network.prefixlen < network.max_prefixlen - 1:
                shown = network_of(self._address(str(network)))
                self._text(str(network.broadcast_address), lambda: str(shown.broadcast_address))  # noqa: B023

    @property
    def hidden(self) -> tuple[bytes, ...]:
        """All keys and addresses, none of which may be found in what is shown: as they are written, keys raw too."""
        written = (base64.b64encode(key) for key in self._keys)
        return (*self._keys, *written, *(text.encode() for text in self._texts if _ADDRESS.fullmatch(text)))

    def check(self) -> None:
        """Clash if something is called what another thing is really called."""
        for text, shown in self._texts.items():
            if shown in self._texts:
                raise Clash(f"{text} would be called {shown}, as another is")

    def rewritten(self, value: Any) -> Any:
        """The value with pseudonyms in it."""
        return rewritten(value, self._rewrite)

    def _rewrite(self, value: str | bytes, field: str) -> str | bytes:
        if isinstance(value, bytes):
            return self._raw(value, field)
        if field in _NAMES:
            return self._texts.get(value, value)
        if field in _SENTENCES:
            value = self._hostnames.sub(lambda found: self._texts[found[0]], value)
        return _TELLING.sub(self._told, value)

    def _raw(self, value: bytes, field: str) -> bytes:
        if field in _KEPT or not any(value):
            return value
        known = self._keys.get(value) or self._bytes.get(value)
        if known is None:
            known = self._bytes[value] = self._pair(value) or self._made(value, field)
        return known

    def _pair(self, value: bytes) -> bytes:
        """Two keys, one after the other, by which a table of pairs is kept; empty for anything else."""
        first, second = value[:KEY_BYTES], value[KEY_BYTES:]
        return self._keys[first] + self._keys[second] if first in self._keys and second in self._keys else b""

    def _made(self, value: bytes, field: str) -> bytes:
        if field in SIGNED:
            return self._record(value)
        if field == "endpoint" and len(value) == PACKED_ENDPOINT:
            return pack_endpoint(self.rewritten(unpack_endpoint(value)))
        if field == "ipv6_prefix" and len(value) == IPV6_PREFIX_BYTES:
            shown = self._address(f"{ipaddress.IPv6Address(value + bytes(8))}/64")
            return network_of(shown).network_address.packed[:IPV6_PREFIX_BYTES]
        return self._token(value, len(value))

    def _record(self, signed: bytes) -> bytes:
        """Somebody's word on itself, with pseudonyms in it; one that nobody could send is as many bytes."""
        try:
            record = peer_record.decode(signed)
        except Malformed:
            return self._token(signed, len(signed))
        if any(ipaddress.ip_address(claim.endpoint.ip).is_link_local for claim in record.endpoints):
            return self._token(signed, len(signed))
        shown = peer_record.encode(self.rewritten(record)) + self._token(signed, SIGNATURE_BYTES)
        # What a tombstone has of it follows from it.
        self._bytes[mesh_fingerprint(signed).to_bytes(8)] = mesh_fingerprint(shown).to_bytes(8)
        return shown

    def _told(self, found: re.Match[str]) -> str:
        key, address, hardware = found.groups()
        if key:
            shown = self._keys.get(base64.b64decode(key))
            return base64.b64encode(shown).decode() if shown else str(key)
        if hardware:
            return self._text(hardware, lambda: hardware[:3] + self._token(hardware.encode(), 6).hex())
        return self._address(address)

    def _address(self, text: str) -> str:
        """An address alone or with a prefix length; what only looks like one stays."""
        ip, slash, length = text.partition("/")
        try:
            address, network = ipaddress.ip_address(ip), network_of(text)
        except ValueError:
            return text
        if addresses.is_well_known(address):
            return text
        shown = str(addresses.pseudonym(self._secret, address))
        if slash and address == network.network_address and network.prefixlen < network.max_prefixlen:
            # A network is none any more with something in the bits of its hosts.
            hidden = network_of(f"{shown}/{length}")
            if hidden == network and not addresses.says_nothing(network):
                raise Clash(f"{network} cannot be called by its own name")
            return str(hidden)
        return self._text(str(address), lambda: shown) + slash + length

    def _text(self, text: str, made: Callable[[], str]) -> str:
        if text not in self._texts:
            shown = made()
            if self._taken.setdefault(shown, text) != text or shown == text:
                raise Clash(f"{text} cannot be called {shown}")
            self._texts[text] = shown
        return self._texts[text]

    def _derive(self, gathered: Gathered) -> None:
        """Mesh addresses follow from keys: those that are met follow from the keys' pseudonyms."""
        for parameters in gathered.parameters:
            shown = self.rewritten(parameters)
            self._bytes[fingerprint(parameters)] = fingerprint(shown)
            for public_key, nonce in gathered.nodes:
                key = self._keys[public_key]
                # Of two nodes with one address, it follows from the first: both are called by the same one still.
                self._text(ipv4_of(parameters, public_key, nonce), lambda: ipv4_of(shown, key, nonce))  # noqa: B023
                self._text(ipv6_of(parameters, public_key), lambda: ipv6_of(shown, key))  # noqa: B023

    def _token(self, value: bytes, length: int) -> bytes:
        return hashlib.shake_256(self._secret + value).digest(length)


def _any_of(names: Iterable[str]) -> re.Pattern[str]:
    """Finds any of the names as a word of its own, the longest first; nothing if there are none."""
    longest_first = sorted(names, key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, longest_first)) or '(?!)'})(?![\w-])")
