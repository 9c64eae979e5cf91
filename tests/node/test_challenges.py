from wgmesh.domain.values import Endpoint
from wgmesh.node.challenges import CAP, LIFE, Challenges

BOB = b"b" * 32
THERE = Endpoint("192.168.1.2", 40000)


def asked(challenge: bytes = b"c" * 16) -> Challenges:
    challenges = Challenges()
    challenges.ask(challenge, BOB, THERE, 100)
    return challenges


def test_who_echoes_a_challenge_from_where_it_was_sent_is_who_was_asked() -> None:
    assert asked().find(b"c" * 16, THERE, 100) == BOB


def test_an_echo_from_another_address_answers_nothing() -> None:
    for elsewhere in (
        Endpoint("192.168.1.3", 40000),
        Endpoint("192.168.1.2", 40001),
        Endpoint(THERE.ip, 40000, "eth0"),
    ):
        assert asked().find(b"c" * 16, elsewhere, 100) is None


def test_what_nobody_asked_is_answered_by_nobody() -> None:
    assert asked().find(b"d" * 16, THERE, 100) is None
    assert Challenges().find(b"", THERE, 100) is None


def test_a_challenge_lives_for_ten_seconds() -> None:
    assert LIFE == 10_000
    assert asked().find(b"c" * 16, THERE, 100 + LIFE) == BOB
    assert asked().find(b"c" * 16, THERE, 101 + LIFE) is None


def test_to_look_is_not_to_answer_and_an_answer_is_good_once() -> None:
    challenges = asked()
    assert challenges.find(b"c" * 16, THERE, 100) == challenges.find(b"c" * 16, THERE, 100) == BOB
    challenges.close(b"c" * 16)
    assert challenges.find(b"c" * 16, THERE, 100) is None
    challenges.close(b"c" * 16)


def test_of_too_many_open_questions_the_oldest_goes() -> None:
    challenges = Challenges()
    for number in range(CAP + 1):
        challenges.ask(number.to_bytes(16), BOB, THERE, 100)
    assert challenges.find((0).to_bytes(16), THERE, 100) is None
    assert all(challenges.find(n.to_bytes(16), THERE, 100) for n in range(1, CAP + 1))
