import msgspec
import pytest
from hypothesis import given as examples
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.cast import ALICE, BOB, CAROL, DIGEST, ECHO, PARAMETERS, SECRET, Member
from tests.playbook import NOON, given
from tests.sealed import announce, confirm, forged, hello, reply, sealed
from wgmesh.domain import envelope, messages
from wgmesh.domain.draft import State
from wgmesh.domain.events import PeerConnected
from wgmesh.domain.identity import Identity
from wgmesh.domain.inputs import Heard, Outpaced, Told
from wgmesh.domain.keys import derive
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.messages import Page
from wgmesh.domain.peer_record import SignedRecord
from wgmesh.domain.secret import mint
from wgmesh.domain.session import Session
from wgmesh.domain.values import SECOND, Endpoint, Incarnation
from wgmesh.node import Keyring
from wgmesh.node.challenges import Challenges
from wgmesh.node.reception import CHECKS_A_TURN, STRANGERS_A_SECOND, Arrival, Received, Receiver
from wgmesh.node.rejections import Rejections

ALICE_IS_UP = given(*ALICE.joined()).mesh
ALICE_KNOWS_BOB = given(*ALICE.joined(), BOB.discovered(counter=(1, 0))).mesh
ELSEWHERE = Member("bob", BOB.identity, BOB.ip, replace(PARAMETERS, network="10.64.0.0/16"))


class Alice:
    """Her ear. She asked Bob something at his address."""

    def __init__(self) -> None:
        self.rejections = Rejections()
        self.challenges = Challenges()
        self.challenges.ask(ECHO, BOB.key, BOB.lan, 0)
        keyring = Keyring(ALICE.identity, derive(SECRET), ALICE.mesh, 1)
        self.receiver = Receiver(keyring, self.challenges, self.rejections)
        self.receiver.begin_turn()

    def hears(
        self,
        datagram: bytes,
        mesh: Mesh = ALICE_KNOWS_BOB,
        sender: Endpoint = BOB.lan,
        now: int = 0,
        layer: envelope.Layer = "lan",
    ) -> Received | None:
        return self.receiver.receive(State(mesh), DIGEST, Arrival(layer, "eth0", sender, datagram), NOON, now)

    def rejects(self, datagram: bytes, mesh: Mesh = ALICE_KNOWS_BOB, sender: Endpoint = BOB.lan, now: int = 0) -> str:
        """The one word by which it is counted."""
        assert self.hears(datagram, mesh, sender, now) is None
        if self.rejections.due is None:
            return "nothing"
        (reason,) = self.rejections.report().counts
        return reason


def rejected(datagram: bytes, mesh: Mesh = ALICE_KNOWS_BOB, sender: Endpoint = BOB.lan) -> str:
    return Alice().rejects(datagram, mesh, sender)


def test_an_announcement_is_heard_as_a_hint() -> None:
    heard = Alice().hears(sealed(announce(BOB)))
    assert heard == BOB.announces(agrees=True)


def test_an_announcement_agrees_when_its_digest_is_ours() -> None:
    heard = Alice().receiver.receive(
        State(ALICE_KNOWS_BOB), b"other!!!", Arrival("lan", "eth0", BOB.lan, sealed(announce(BOB))), NOON, 0
    )
    assert isinstance(heard, Heard)
    assert not heard.agrees


def test_a_hint_costs_no_signature() -> None:
    anything = BOB.signed(BOB.record(change=9))[:-64] + bytes(64)
    heard = Alice().hears(sealed(announce(BOB, signed=anything)))
    assert isinstance(heard, Heard)
    assert not heard.signed_by_sender


def test_a_hello_a_reply_and_a_confirm_are_heard_with_their_verdicts() -> None:
    for payload, echoed in ((hello(BOB, ALICE), False), (reply(BOB, ALICE), True), (confirm(BOB, ALICE), True)):
        heard = Alice().hears(sealed(payload))
        assert isinstance(heard, Heard)
        assert (heard.identity, heard.signed_by_sender, heard.echoed) == (BOB.key, True, echoed)
        assert (heard.layer, heard.interface, heard.sender) == ("lan", "eth0", BOB.lan)


def test_an_answer_answers_once() -> None:
    for payload in (reply(BOB, ALICE), confirm(BOB, ALICE)):
        alice = Alice()
        assert alice.hears(sealed(payload)) is not None
        assert alice.rejects(sealed(payload)) == "unasked"


def test_an_answer_that_nobody_asked_for_is_dropped() -> None:
    assert rejected(sealed(reply(BOB, ALICE, echo=bytes(16)))) == "unasked"
    assert rejected(sealed(reply(CAROL, ALICE))) == "unasked"
    assert rejected(sealed(reply(BOB, ALICE)), sender=CAROL.lan) == "unasked"
    assert rejected(sealed(confirm(BOB, ALICE, echo=bytes(16)))) == "unasked"
    assert Alice().rejects(sealed(confirm(BOB, ALICE)), now=10 * SECOND + 1) == "unasked"


def test_a_confirm_is_its_who_was_asked_or_nobodys() -> None:
    assert rejected(sealed(confirm(CAROL, ALICE))) == "signature"


def test_what_is_for_another_node_or_another_start_of_ours_is_dropped() -> None:
    assert rejected(sealed(hello(BOB, CAROL))) == "addressee"
    assert rejected(sealed(reply(BOB, CAROL))) == "addressee"
    for payload in (hello(BOB, ALICE, boot=2), reply(BOB, ALICE, boot=2), confirm(BOB, ALICE, boot=0)):
        assert rejected(sealed(payload)) == "stale"


def test_a_hello_to_whoever_is_there_is_heard() -> None:
    assert isinstance(Alice().hears(sealed(hello(BOB, None))), Heard)


@pytest.mark.parametrize("size", [0, 1, 39, 255, 257, 511, 513, 1199, 1201, 65_507])
def test_row_1_any_other_size_is_dropped_before_any_cryptography(size: int) -> None:
    valid = sealed(announce(BOB), at_least=1200)
    assert rejected((valid * 60)[:size]) == "size"


def test_row_2_random_bytes_are_dropped_and_a_valid_hello_is_still_heard() -> None:
    alice = Alice()
    noise = envelope.xaes_seal(bytes(32), bytes(24), bytes(300_000), b"")
    for start in range(0, 290_000, 300):
        for size in (256, 512, 1200, 700):
            assert alice.hears(noise[start : start + size]) is None
    assert sorted(alice.rejections.report().counts) == ["seal", "size"]
    assert isinstance(alice.hears(sealed(hello(BOB, ALICE))), Heard)


def test_row_3_every_single_bit_counts() -> None:
    alice, valid = Alice(), sealed(confirm(BOB, ALICE))
    number = int.from_bytes(valid)
    for bit in range(len(valid) * 8):
        assert alice.hears((number ^ 1 << bit).to_bytes(len(valid))) is None
    assert alice.rejections.report().counts == {"seal": len(valid) * 8}


def test_row_4_every_truncation_and_one_byte_more_is_dropped() -> None:
    alice, valid = Alice(), sealed(confirm(BOB, ALICE))
    for datagram in (*(valid[:end] for end in range(len(valid))), valid + b"\0", b"\0" + valid):
        assert alice.hears(datagram) is None
    assert list(alice.rejections.report().counts) == ["size"]


@examples(st.binary(max_size=1100))
def test_row_5_what_is_not_the_schema_is_dropped_behind_a_valid_seal_too(payload: bytes) -> None:
    alice = Alice()
    heard = alice.hears(sealed(payload))
    assert heard is None or isinstance(heard, Outpaced)


simple = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(), st.binary(), st.text())
values = st.recursive(simple, lambda deeper: st.lists(deeper, max_size=4), max_leaves=20)


@examples(st.lists(values, max_size=9), st.integers(-1, 7))
def test_row_5_well_formed_arrays_of_anything_are_dropped_or_newer(fields: list[object], tag: int) -> None:
    payload = msgspec.msgpack.encode([tag, *fields])
    if len(payload) < 1100:
        heard = Alice().hears(sealed(payload))
        assert heard is None or (isinstance(heard, Outpaced) and not 1 <= tag <= 4)


def test_row_5_nesting_without_end_is_dropped() -> None:
    assert rejected(sealed(b"\x91" * 1100)) == "schema"
    assert rejected(sealed(b"\x94\x01" + b"\x91" * 1000)) == "schema"


def test_row_6_an_unknown_message_is_a_newer_peer() -> None:
    heard = Alice().hears(sealed(msgspec.msgpack.encode([77, "news"])))
    assert heard == Outpaced(BOB.ip)


@pytest.mark.parametrize("claim", [b"\xdd\x7f\xff\xff\xff", b"\xc6\x7f\xff\xff\xff", b"\xdf\x7f\xff\xff\xff"])
def test_row_7_a_claimed_length_is_not_believed(claim: bytes) -> None:
    assert rejected(sealed(claim)) == "schema"
    assert rejected(sealed(b"\x94\x01" + claim)) == "schema"


@pytest.mark.parametrize("layer", ["exchange", "registry", "gossip"])
def test_row_8_what_was_sealed_for_another_layer_does_not_open(layer: envelope.Layer) -> None:
    datagram = sealed(hello(BOB, ALICE), layer)
    assert rejected(datagram) == ("size" if len(datagram) == 1120 else "seal")


def test_row_9_our_own_words_come_back_as_nothing() -> None:
    for payload in (announce(ALICE), hello(ALICE, ALICE), hello(ALICE, None)):
        assert rejected(sealed(payload), ALICE_IS_UP) == "nothing"
    assert rejected(sealed(reply(ALICE, ALICE))) == "own"
    assert rejected(sealed(confirm(ALICE, ALICE))) == "signature"


def test_our_own_record_is_listened_to_only_when_it_is_newer_and_really_ours() -> None:
    newer = ALICE.record(boot=9)
    heard = Alice().hears(sealed(announce(ALICE, newer)))
    assert isinstance(heard, Heard)
    assert (heard.identity, heard.signed_by_sender) == (ALICE.key, True)
    assert rejected(sealed(announce(ALICE, signed=forged(ALICE, newer, by=BOB)))) == "signature"


def test_row_18_a_goodbye_counts_only_under_the_signature_of_who_says_it() -> None:
    goodbye = BOB.record(change=9, left=True)
    heard = Alice().hears(sealed(announce(BOB, goodbye)))
    assert isinstance(heard, Heard)
    assert heard.signed_by_sender
    by_carol = sealed(announce(BOB, signed=forged(BOB, goodbye, by=CAROL)))
    by_the_secret_alone = sealed(announce(BOB, signed=BOB.signed(goodbye)[:-64] + bytes(64)))
    assert rejected(by_carol) == rejected(by_the_secret_alone) == "signature"


LOW_ORDER = bytes([1]) + bytes(31)
ABOVE_P = (2**255 - 18).to_bytes(32, "little")


@pytest.mark.parametrize("key", [LOW_ORDER, ABOVE_P, bytes(32)], ids=["low order", "y above p", "zeros"])
def test_row_20_an_identity_that_cannot_be_one_is_refused(key: bytes) -> None:
    record = BOB.signed(BOB.record()).replace(BOB.key, key)
    for payload in (announce(BOB, signed=record), hello(BOB, ALICE, signed=record)):
        assert rejected(sealed(payload)) == "identity"


@pytest.mark.parametrize("length", [31, 33])
def test_row_20_an_identity_of_another_size_is_refused(length: int) -> None:
    record = BOB.signed(BOB.record())
    resized = record.replace(b"\xc4\x20" + BOB.key, bytes([0xC4, length]) + (BOB.key + b"x")[:length])
    assert rejected(sealed(announce(BOB, signed=resized))) == "schema"


def test_row_21_nobody_says_hello_or_replies_with_the_record_of_another() -> None:
    bobs = BOB.signed(BOB.record())
    assert rejected(sealed(hello(CAROL, ALICE, signed=bobs)), sender=CAROL.lan) == "signature"
    assert rejected(sealed(reply(CAROL, ALICE, signed=bobs))) == "signature"


def test_row_21_an_endpoint_written_into_the_record_of_another_breaks_its_signature() -> None:
    hijacked = forged(BOB, BOB.record(change=9, endpoints=CAROL.record().endpoints), by=CAROL)
    assert rejected(sealed(hello(BOB, ALICE, signed=hijacked))) == "signature"
    assert rejected(sealed(reply(BOB, ALICE, signed=hijacked))) == "signature"


@pytest.mark.parametrize("nonce", [256, 10**6, -1])
def test_row_25_an_address_that_cannot_be_derived_is_refused(nonce: int) -> None:
    record = BOB.signed(BOB.record(hostname="x"))
    encoded = msgspec.msgpack.encode(nonce)
    assert b"\xa1x\x00" in record
    forged_nonce = record.replace(b"\xa1x\x00", b"\xa1x" + encoded)
    assert rejected(sealed(announce(BOB, signed=forged_nonce))) == "schema"


HOSTNAMES = ["\x1b[31mred", "a\nb", "../..", "\u202egpj.exe", "UPPER", "a b", "a" * 64, "a" * 600, "é", "a\0"]


@pytest.mark.parametrize("hostname", HOSTNAMES)
def test_row_30_a_hostname_that_could_trick_a_terminal_or_a_path_is_refused(hostname: str) -> None:
    record = BOB.signed(BOB.record(hostname="x"))
    tricked = record.replace(b"\xa1x", msgspec.msgpack.encode(hostname))
    assert rejected(sealed(announce(BOB, signed=tricked))) == "schema"


def test_row_37_what_another_mesh_says_is_dropped_with_one_failed_opening() -> None:
    other = mint(bytes(32))
    for payload in (announce(BOB), hello(BOB, ALICE), hello(BOB, None), confirm(BOB, ALICE)):
        assert rejected(sealed(payload, secret=other)) == "seal"


def test_what_was_signed_for_other_parameters_of_this_mesh_is_not_for_us() -> None:
    assert rejected(sealed(hello(ELSEWHERE, ALICE))) == "signature"


def stranger(number: int) -> Member:
    return Member(f"stranger-{number}", Identity.from_seed(number.to_bytes(32)), "192.168.1.9")


def test_row_32_no_more_than_so_many_signatures_are_checked_in_a_turn() -> None:
    alice = Alice()
    assert (CHECKS_A_TURN, STRANGERS_A_SECOND) == (32, 100)
    heard = [alice.hears(sealed(hello(BOB, ALICE, number=n + 1))) for n in range(CHECKS_A_TURN + 3)]
    assert [each is None for each in heard] == [False] * CHECKS_A_TURN + [True] * 3
    assert alice.rejections.report().counts == {"busy": 3}
    alice.receiver.begin_turn()
    assert alice.hears(sealed(hello(BOB, ALICE))) is not None


def strangers_heard(alice: Alice, numbers: range, now: int) -> int:
    heard = 0
    for number in numbers:
        alice.receiver.begin_turn()
        heard += alice.hears(sealed(hello(stranger(number), ALICE)), now=now) is not None
    return heard


def test_row_32_no_more_than_so_many_strangers_are_heard_in_a_second() -> None:
    alice = Alice()
    assert strangers_heard(alice, range(STRANGERS_A_SECOND + 5), now=5 * SECOND) == STRANGERS_A_SECOND
    assert strangers_heard(alice, range(3), now=6 * SECOND) == 3


def test_row_32_strangers_do_not_keep_out_who_was_connected_before() -> None:
    alice = Alice()
    proven = given(*ALICE.joined(), BOB.discovered(), PeerConnected(BOB.key, BOB.wireguard)).mesh
    strangers_heard(alice, range(STRANGERS_A_SECOND), now=0)
    alice.receiver.begin_turn()
    assert alice.hears(sealed(hello(stranger(900), ALICE))) is None
    assert alice.hears(sealed(hello(BOB, ALICE, number=2)), mesh=proven) is not None


def test_row_12_replays_of_what_is_known_use_up_nobody_elses_share() -> None:
    """Whoever recorded one Hello, or one goodbye, must not shut out newcomers by sending it again and again."""
    alice = Alice()
    returned = given(*ALICE.joined(), BOB.discovered(BOB.record(boot=3), counter=(3, 7))).mesh
    said_before = [hello(BOB, ALICE), hello(BOB, None), announce(BOB, BOB.record(change=9, left=True))]
    said_by_nobody = [announce(CAROL, CAROL.record(left=True))]
    for payload in (*said_before, *said_by_nobody) * STRANGERS_A_SECOND:
        alice.receiver.begin_turn()
        alice.hears(sealed(payload), returned)
    alice.receiver.begin_turn()
    assert alice.hears(sealed(hello(stranger(1), ALICE)), returned) is not None
    assert alice.rejections.report().counts == {"replay": 2 * STRANGERS_A_SECOND}


def test_row_12_a_counter_of_this_run_counts_like_one_of_the_log() -> None:
    seen = State(ALICE_KNOWS_BOB, Session(counters={BOB.key: Incarnation(1, 5)}))
    for number, heard in ((5, False), (6, True)):
        arrival = Arrival("lan", "eth0", BOB.lan, sealed(hello(BOB, ALICE, number=number)))
        assert (Alice().receiver.receive(seen, DIGEST, arrival, NOON, 0) is not None) == heard


def page_of(*signed: bytes) -> bytes:
    return sealed(messages.encode(Page(signed)), "exchange")


def test_of_a_page_only_what_is_news_is_told() -> None:
    known, news, own = BOB.signed(BOB.record()), CAROL.signed(CAROL.record()), ALICE.signed(ALICE.record())
    told = Alice().hears(page_of(known, news, own), layer="exchange")
    assert told == Told("exchange", BOB.lan, (SignedRecord(CAROL.record(), news),))
    assert Alice().hears(page_of(known, own), layer="exchange") is None


def test_a_page_may_bring_our_own_record_newer_than_we_know_it() -> None:
    newer = ALICE.signed(ALICE.record(boot=7))
    assert Alice().hears(page_of(newer), layer="exchange") == Told(
        "exchange", BOB.lan, (SignedRecord(ALICE.record(boot=7), newer),)
    )


def test_or_another_one_of_our_present_incarnation_from_before_a_log_was_lost() -> None:
    other_run = replace(ALICE.record(), life=b"lifelife")
    told = Alice().hears(page_of(ALICE.signed(other_run)), layer="exchange")
    assert isinstance(told, Told)
    assert isinstance(Alice().hears(sealed(announce(ALICE, other_run))), Heard)


def test_a_page_with_a_forged_record_is_dropped() -> None:
    alice = Alice()
    assert alice.hears(page_of(forged(CAROL, CAROL.record(), BOB)), layer="exchange") is None
    assert alice.rejections.report().counts == {"signature": 1}


def test_nobody_passes_records_on_over_a_lan() -> None:
    page = sealed(messages.encode(Page((CAROL.signed(CAROL.record()),))))
    assert rejected(page) == "unasked"
