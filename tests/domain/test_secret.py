import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.domain.vectors import load
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.identity import Identity
from wgmesh.domain.secret import Secret, canonical_subnet, fingerprint, format_uri, is_weak, mint, parse

PAYLOAD = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8WqpAi"
URI = f"wgmesh://v1/{PAYLOAD}"
WEAK = "wgmesh-envelope-compatibility-secret"
OWNER = Identity.from_seed(bytes(32)).key
OWNER_TEXT = base64.urlsafe_b64encode(OWNER).decode().rstrip("=")
MESH = load("derivations")["secrets"][1]["mesh_parameter"]
MESH_BYTES = base64.urlsafe_b64decode(MESH + "=")

RANDOM = st.binary(min_size=32, max_size=32)
OWNERS = st.just(b"") | RANDOM.map(lambda seed: Identity.from_seed(seed).key)
SUBNETS = st.sampled_from(["", "10.0.0.0/8", "192.168.100.0/24", "100.64.0.0/10", "192.0.2.16/28"])
MESHES = st.just(b"") | st.binary(min_size=26, max_size=26).map(lambda mesh: mesh[:2] + b"\xfd" + mesh[3:])


def _refusal(text: str, allow_weak: bool = False) -> str:
    with pytest.raises(WgmeshError) as refused:
        parse(text, allow_weak)
    return str(refused.value)


def test_the_secret_of_the_vectors_is_minted_from_its_random_bytes() -> None:
    secret = mint(bytes(range(32)))
    assert secret == Secret(PAYLOAD)
    assert format_uri(secret) == URI


@given(RANDOM, OWNERS, SUBNETS, MESHES)
def test_a_minted_secret_is_read_back_from_its_uri(random: bytes, owner: bytes, subnet: str, mesh: bytes) -> None:
    minted = mint(random, owner, subnet)
    assert parse(format_uri(minted)) == minted
    rotated = Secret(minted.payload, owner, subnet, mesh)
    assert parse(format_uri(rotated)) == rotated


def test_a_secret_is_minted_from_32_bytes() -> None:
    for size in (0, 31, 33):
        with pytest.raises(AssertionError):
            mint(bytes(size))


def test_white_space_around_a_secret_is_stripped() -> None:
    assert parse(f" \t\r\n{URI}\n\n") == Secret(PAYLOAD)


def test_parameters_come_in_any_order() -> None:
    expected = Secret(PAYLOAD, OWNER, "10.64.0.0/16", MESH_BYTES)
    for query in (
        f"owner={OWNER_TEXT}&subnet=10.64.0.0/16&mesh={MESH}",
        f"mesh={MESH}&subnet=10.64.0.0/16&owner={OWNER_TEXT}",
    ):
        assert parse(f"{URI}?{query}") == expected


@pytest.mark.parametrize(
    "payload",
    [
        base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("="),
        base64.urlsafe_b64encode(bytes(range(128))).decode().rstrip("="),
        "_-" + "x" * 41,
    ],
)
def test_payloads_of_other_generators_are_taken_without_a_checksum(payload: str) -> None:
    assert len(payload) in (43, 171)
    assert parse(f"wgmesh://v1/{payload}") == Secret(payload)
    assert not is_weak(Secret(payload))


@given(st.integers(0, 47), st.sampled_from("ABCXYZabcxyz0189-_"))
def test_any_changed_character_is_found_by_the_checksum(place: int, character: str) -> None:
    typo = PAYLOAD[:place] + character + PAYLOAD[place + 1 :]
    if typo == PAYLOAD:
        return
    for allow_weak in (False, True):
        assert "checksum" in _refusal(f"wgmesh://v1/{typo}", allow_weak)


@given(st.integers(0, 46))
def test_two_swapped_characters_are_found_by_the_checksum(place: int) -> None:
    typo = PAYLOAD[:place] + PAYLOAD[place + 1] + PAYLOAD[place] + PAYLOAD[place + 2 :]
    if typo == PAYLOAD:
        return
    assert "checksum" in _refusal(f"wgmesh://v1/{typo}")


# What is wrong, and what the sentence must say of it.
REFUSED = [
    ("", "empty"),
    (" \n", "empty"),
    ("test", "does not begin with wgmesh://v1/"),
    (PAYLOAD, "does not begin with wgmesh://v1/"),
    (f"\ufeff{URI}", "does not begin with wgmesh://v1/"),
    (f"https://v1/{PAYLOAD}", "does not begin with wgmesh://v1/"),
    (f"wgmesh:/v1/{PAYLOAD}", "does not begin with wgmesh://v1/"),
    (URI.upper(), "in capitals"),
    (f"Wgmesh://v1/{PAYLOAD}", "in capitals"),
    (URI.lower(), "capitals count"),
    (f"wgmesh://v2/{PAYLOAD}", "version 2"),
    (f"wgmesh://v12/{PAYLOAD}", "version 12"),
    ("wgmesh://", "no version"),
    ("wgmesh://v1", "no version"),
    (f"wgmesh://{PAYLOAD}", "no version"),
    (f"wgmesh://V1/{PAYLOAD}", "no version"),
    (f"wgmesh://v1x/{PAYLOAD}", "no version"),
    ("wgmesh://v1/", "ends behind"),
    ("wgmesh://v1/?subnet=10.0.0.0/8", "ends behind"),
    (f"wgmesh://v1/{PAYLOAD[:20]} {PAYLOAD[20:]}", "white space"),
    (f"wgmesh://v1/{PAYLOAD[:20]}\n{PAYLOAD[20:]}", "white space"),
    (f"wgmesh://v1/ {PAYLOAD}", "white space"),
    (f"wgmesh://v1/{PAYLOAD}\0", "white space"),
    (f"wgmesh://v1/{PAYLOAD[:20]}\u00a0{PAYLOAD[20:]}", "white space"),
    (f"wgmesh://v1/{PAYLOAD[:20]}\ud800{PAYLOAD[20:]}", "white space"),
    (f"wgmesh://v1/{PAYLOAD[:-1]}", "47 characters"),
    (f"{URI}A", "49 characters"),
    (f"{URI}=", "49 characters"),
    (f"{URI}/", "49 characters"),
    (f"{URI}#", "49 characters"),
    (f"wgmesh://v1/{WEAK}", "--allow-weak-secret"),
    (f"wgmesh://v1/{'x' * 42}+", "--allow-weak-secret"),
    (f"wgmesh://v1/{'x' * 44}", "--allow-weak-secret"),
    (f"wgmesh://v1/{'x' * 170}", "--allow-weak-secret"),
    (f"{URI}?", "parameter other than"),
    (f"{URI}?owner", "not an Ed25519"),
    (f"{URI}?color=red", "parameter other than"),
    (f"{URI}?Owner={OWNER_TEXT}", "parameter other than"),
    (f"{URI}?owner={OWNER_TEXT}&", "parameter other than"),
    (f"{URI}?owner={OWNER_TEXT}?subnet=10.0.0.0/8", "not an Ed25519"),
    (f"{URI}?owner={OWNER_TEXT}&owner={OWNER_TEXT}", "owner twice"),
    (f"{URI}?subnet=10.0.0.0/8&subnet=10.0.0.0/8", "subnet twice"),
    (f"{URI}?owner=", "not an Ed25519"),
    (f"{URI}?owner={OWNER_TEXT}=", "not an Ed25519"),
    (f"{URI}?owner={OWNER_TEXT[:-1]}", "not an Ed25519"),
    (f"{URI}?owner={OWNER_TEXT}A", "not an Ed25519"),
    (f"{URI}?owner={OWNER_TEXT}AA", "not an Ed25519"),
    (f"{URI}?owner={OWNER_TEXT[:-2]}", "not an Ed25519"),
    (f"{URI}?owner={OWNER_TEXT[:-1]}p", "not an Ed25519"),  # the same bytes, written another way
    (f"{URI}?owner={'+' * 43}", "not an Ed25519"),
    (f"{URI}?owner={'A' * 43}", "not an Ed25519"),  # of low order
    (f"{URI}?mesh=", "mesh parameter"),
    (f"{URI}?mesh={MESH[:-1]}", "mesh parameter"),
    (f"{URI}?mesh={MESH}A", "mesh parameter"),
    (f"{URI}?mesh={'A' * 35}", "mesh parameter"),  # not a ULA
    (f"{URI}?subnet=", "not an IPv4 range"),
    (f"{URI}?subnet=10.0.0.1/8", "no bits set behind"),
    (f"{URI}?subnet=fd00::/8", "not an IPv4 range"),
    (f"{URI}?subnet=10.0.0.0%2F8", "not an IPv4 range"),
    (f"{URI}?subnet=10.64.0.0/33", "not an IPv4 range"),
    (f"{URI}?subnet=10.64.0.0/7", "not an IPv4 range"),
    (f"{URI}?subnet=8.0.0.0/7", "/8 to /28"),
    (f"{URI}?subnet=10.64.0.0/29", "/8 to /28"),
    (f"{URI}?subnet=10.64.0.1", "/8 to /28"),
    (f"{URI}?subnet=10.0.0.0/255.0.0.0", "/8 to /28"),
    (f"{URI}?subnet=10.0.0.0/08", "/8 to /28"),
    (f"{URI}?subnet=0.0.0.0/8", "no host"),
    (f"{URI}?subnet=127.1.0.0/16", "no host"),
    (f"{URI}?subnet=169.0.0.0/8", "no host"),
    (f"{URI}?subnet=239.192.0.0/16", "no host"),
    (f"{URI}?subnet=255.255.255.0/24", "no host"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_what_is_not_exactly_a_secret_is_refused_with_a_sentence(text: str, reason: str) -> None:
    sentence = _refusal(text)
    assert reason in sentence
    assert "\n" not in sentence
    assert not [at for at in range(44) if PAYLOAD[at : at + 5] in sentence]


@pytest.mark.parametrize("length", [1, 8, 15])
def test_fewer_than_16_bytes_are_no_secret_even_if_a_weak_one_is_allowed(length: int) -> None:
    assert "--allow-weak-secret" in _refusal(f"wgmesh://v1/{'x' * length}")
    assert "16 bytes" in _refusal(f"wgmesh://v1/{'x' * length}", allow_weak=True)


@pytest.mark.parametrize("payload", ["x" * 16, WEAK, "x" * 42, "x" * 172, "ß" * 8, "x" * 47 + "!", "a/b:c@d&e=f#g%20h"])
def test_a_weak_secret_is_taken_where_it_is_allowed(payload: str) -> None:
    secret = parse(f"wgmesh://v1/{payload}", allow_weak=True)
    assert secret == Secret(payload)
    assert is_weak(secret)
    assert parse(format_uri(secret), allow_weak=True) == secret


def test_white_space_is_no_part_of_a_weak_secret() -> None:
    assert "white space" in _refusal("wgmesh://v1/correct horse battery staple", allow_weak=True)


@pytest.mark.parametrize("length", range(8, 29))
def test_a_subnet_of_8_to_28_bits_is_a_subnet(length: int) -> None:
    assert canonical_subnet(f"10.0.0.0/{length}") == f"10.0.0.0/{length}"


def test_a_fingerprint_tells_secrets_apart_and_a_weak_one_has_none() -> None:
    assert fingerprint(Secret(PAYLOAD)).hex() == "c26d4553"
    assert fingerprint(mint(bytes(32))) != fingerprint(Secret(PAYLOAD))
    assert fingerprint(Secret(WEAK)) == b""


def test_parameters_do_not_change_the_fingerprint() -> None:
    assert fingerprint(Secret(PAYLOAD, OWNER, "10.0.0.0/8", MESH_BYTES)) == fingerprint(Secret(PAYLOAD))


@pytest.mark.parametrize(("secret", "shown"), [(Secret(PAYLOAD, OWNER), "c26d4553"), (Secret(WEAK), "weak")])
def test_no_text_form_of_a_secret_shows_its_payload(secret: Secret, shown: str) -> None:
    forms: list[Any] = [repr(secret), str(secret), f"{secret}", [secret], secret.__rich_repr__()]
    assert all(shown in str(form) and secret.payload[:4] not in str(form) for form in forms)
