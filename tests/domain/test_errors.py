import pytest

from wgmesh.domain.errors import LogBroken, LogFull, NotRunning, Refused, UnreadableEvent, UsageError, WgmeshError


@pytest.mark.parametrize(
    ("kind", "exit_code"),
    [(WgmeshError, 1), (UsageError, 2), (NotRunning, 3), (LogFull, 1), (LogBroken, 1), (UnreadableEvent, 1)],
)
def test_each_error_is_its_sentence_and_has_the_exit_code_of_the_command_line(
    kind: type[WgmeshError], exit_code: int
) -> None:
    with pytest.raises(WgmeshError) as caught:
        raise kind("the disk is full: make room")
    assert str(caught.value) == "the disk is full: make room"
    assert caught.value.exit_code == exit_code


def test_a_refusal_from_outside_is_no_sentence_for_the_operator_and_says_how_long_to_wait() -> None:
    assert not issubclass(Refused, WgmeshError)
    assert (str(Refused("no")), Refused("no").wait, Refused("no", 9).wait) == ("no", 0, 9)


def test_a_full_log_and_a_broken_one_are_never_taken_for_each_other() -> None:
    assert not issubclass(LogFull, LogBroken)
    assert not issubclass(LogBroken, LogFull)
