"""The secret of a mesh, `wgmesh://v1/PAYLOAD[?owner=…][&subnet=…][&mesh=…]`, and what makes one acceptable.

A typo must never become a different, empty mesh: whatever is not exactly a secret is refused, with a sentence. No
sentence and no `repr` shows any of the payload.
"""

import base64
import hashlib
import ipaddress
import re
from typing import Any

from msgspec import Struct

from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.identity import is_acceptable

SCHEME = "wgmesh://"
VERSION = "v1"
CHECKSUM_LABEL = b"wgmesh-secret-v1"
FINGERPRINT_LABEL = b"wgmesh-fingerprint-v1"

RANDOM_BYTES = 32
CHECKSUM_BYTES = 4
# Characters of a payload: ours; and those of other generators of this format, 32 and 128 bytes without a checksum.
CHECKED_LENGTH = 48
UNCHECKED_LENGTHS = (43, 171)
# What somebody might choose by hand, and others guess.
SHORTEST_WEAK_BYTES = 16

MESH_BYTES = 26
PREFIX_LENGTHS = range(8, 29)
# Ranges in which no host can have an address of its own; the last is multicast and what is reserved above it.
_NOT_FOR_HOSTS = ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
_HOW_TO_GET_ONE = "take the whole URI as `wgmesh init` printed it"


class Secret(Struct, frozen=True):
    """A parsed secret. Its bytes as key material are those of `payload`, which is never decoded for derivation.

    `owner`: Ed25519 public key of the mesh's owner; `subnet`: IPv4 range if not the derived one; `mesh`: the founding
    secret's mesh parameter (26 bytes), carried over by a rotation. Each is empty where the URI does not have it.
    """

    payload: str
    owner: bytes = b""
    subnet: str = ""
    mesh: bytes = b""

    def __repr__(self) -> str:
        return f"Secret({fingerprint(self).hex() or 'weak'})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """For tracebacks that print local variables: no more than `repr`."""
        return [("fingerprint", fingerprint(self).hex() or "weak")]


def parse(text: str, allow_weak: bool = False) -> Secret:
    """The secret in a URI, white space around it stripped; WgmeshError says what is wrong with any other text."""
    payload, query = _parts(text.strip())
    _check_payload(payload, allow_weak)
    values = _parameters(query) if query is not None else {}
    return Secret(
        payload,
        _owner(values["owner"]) if "owner" in values else b"",
        canonical_subnet(values["subnet"]) if "subnet" in values else "",
        _mesh(values["mesh"]) if "mesh" in values else b"",
    )


def format_uri(secret: Secret) -> str:
    """The whole URI, which `parse` reads back."""
    values = {"owner": _encoded(secret.owner), "subnet": secret.subnet, "mesh": _encoded(secret.mesh)}
    query = "&".join(f"{key}={value}" for key, value in values.items() if value)
    return f"{SCHEME}{VERSION}/{secret.payload}" + (f"?{query}" if query else "")


def mint(random: bytes, owner: bytes = b"", subnet: str = "") -> Secret:
    """A new secret from 32 random bytes; `subnet` as `canonical_subnet` returned it."""
    assert len(random) == RANDOM_BYTES
    return Secret(_encoded(random + _checksum(random)), owner, subnet)


def fingerprint(secret: Secret) -> bytes:
    """4 bytes by which people tell secrets apart; none for a weak one, which could be guessed from them."""
    if is_weak(secret):
        return b""
    return hashlib.sha256(FINGERPRINT_LABEL + secret.payload.encode()).digest()[:4]


def is_weak(secret: Secret) -> bool:
    """Whether the payload is of no generator's form, so that it may be somebody's choice."""
    payload = secret.payload
    if len(payload) == CHECKED_LENGTH:
        return not _is_base64url(payload)
    return len(payload) not in UNCHECKED_LENGTHS or not _is_base64url(payload)


def canonical_subnet(text: str) -> str:
    """The IPv4 range of a mesh as its CIDR; WgmeshError if it cannot be one."""
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError as error:
        raise WgmeshError(
            "the mesh's subnet is not an IPv4 range: write it like 10.64.0.0/16, with no bits set behind the prefix"
        ) from error
    if str(network) != text or network.prefixlen not in PREFIX_LENGTHS:
        raise WgmeshError("the mesh's subnet must be an IPv4 range from /8 to /28, written like 10.64.0.0/16")
    if any(network.overlaps(ipaddress.IPv4Network(taken)) for taken in _NOT_FOR_HOSTS):
        raise WgmeshError("the mesh's subnet holds addresses that no host can have: choose one like 10.64.0.0/16")
    return text


def _parts(text: str) -> tuple[str, str | None]:
    """Payload and query; None where there is no question mark."""
    if not text:
        raise WgmeshError(f"the secret is empty: {_HOW_TO_GET_ONE}")
    if text.lower().startswith(SCHEME) and not text.startswith(SCHEME):
        raise WgmeshError(f"the secret begins with {SCHEME} in capitals, so others may be wrong too: {_HOW_TO_GET_ONE}")
    if not text.startswith(SCHEME):
        raise WgmeshError(f"the secret does not begin with {SCHEME}{VERSION}/: {_HOW_TO_GET_ONE}")
    version, slash, rest = text.removeprefix(SCHEME).partition("/")
    if not slash or not re.fullmatch(r"v[0-9]+", version):
        raise WgmeshError(f"the secret has no version behind {SCHEME}: {_HOW_TO_GET_ONE}")
    if version != VERSION:
        raise WgmeshError(f"the secret is of version {version[1:4]}, this wgmesh knows only 1: update wgmesh")
    payload, mark, query = rest.partition("?")
    return payload, query if mark else None


def _check_payload(payload: str, allow_weak: bool) -> None:
    if not payload:
        raise WgmeshError(f"the secret ends behind {SCHEME}{VERSION}/: {_HOW_TO_GET_ONE}")
    if " " in payload or not payload.isprintable():
        raise WgmeshError("there is white space or an unprintable character inside the secret: join its pieces again")
    if len(payload) == CHECKED_LENGTH and _is_base64url(payload):
        return _check_sum(payload)
    if not is_weak(Secret(payload)):
        return None
    if not allow_weak:
        raise WgmeshError(
            f"the secret has {len(payload)} characters and is of no known form: part of it may be missing; "
            "if it is a phrase of your own, --allow-weak-secret takes it, and whoever sees one datagram can guess at it"
        )
    if len(payload.encode()) < SHORTEST_WEAK_BYTES:
        raise WgmeshError(f"the secret is too short: even a weak one needs {SHORTEST_WEAK_BYTES} bytes")
    return None


def _check_sum(payload: str) -> None:
    decoded = base64.urlsafe_b64decode(payload)
    if _checksum(decoded[:RANDOM_BYTES]) != decoded[RANDOM_BYTES:]:
        raise WgmeshError(f"the secret has a typo, its checksum is wrong (capitals count): {_HOW_TO_GET_ONE}")


def _checksum(random: bytes) -> bytes:
    return hashlib.sha256(CHECKSUM_LABEL + random).digest()[:CHECKSUM_BYTES]


def _parameters(query: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for item in query.split("&"):
        key, _, value = item.partition("=")
        if key not in ("owner", "subnet", "mesh"):
            raise WgmeshError("the secret has a parameter other than owner, subnet and mesh: update wgmesh or fix it")
        if key in values:
            raise WgmeshError(f"the secret names {key} twice: {_HOW_TO_GET_ONE}")
        values[key] = value
    return values


def _owner(text: str) -> bytes:
    owner = _decoded(text)
    if not is_acceptable(owner):
        raise WgmeshError(f"the secret's owner is not an Ed25519 public key: {_HOW_TO_GET_ONE}")
    return owner


def _mesh(text: str) -> bytes:
    mesh = _decoded(text)
    if len(mesh) != MESH_BYTES or mesh[2] != 0xFD:
        raise WgmeshError(f"the secret's mesh parameter is damaged: {_HOW_TO_GET_ONE}")
    return mesh


def _is_base64url(text: str) -> bool:
    return _BASE64URL.fullmatch(text) is not None


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    """The bytes in base64url without padding; none if this is not the one way in which they are written."""
    if not _is_base64url(text) or len(text) % 4 == 1:
        return b""
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return data if _encoded(data) == text else b""
