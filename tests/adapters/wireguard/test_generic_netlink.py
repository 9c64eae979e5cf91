"""Generic netlink, asked of this very kernel: the family that knows the others is always there."""

import errno
import os
import struct
from collections.abc import Iterator

import pytest

from wgmesh.adapters.wireguard import generic_netlink
from wgmesh.adapters.wireguard.attributes import attribute, attributes
from wgmesh.adapters.wireguard.generic_netlink import GenericNetlink, has_family

GET_FAMILY, FAMILY_NAME = 3, 2


def names(answers: list[bytes]) -> list[bytes]:
    return [dict(attributes(answer))[FAMILY_NAME] for answer in answers]


def test_a_family_is_known_by_its_name() -> None:
    assert has_family("nlctrl")
    assert not has_family("nosuchfamily")


def test_a_family_that_is_not_there_cannot_be_opened_and_leaves_no_socket() -> None:
    before = os.listdir("/proc/self/fd")
    with pytest.raises(FileNotFoundError) as refusal:
        GenericNetlink("nosuchfamily")
    assert refusal.value.errno == errno.ENOENT
    assert os.listdir("/proc/self/fd") == before


def test_a_dump_tells_every_message() -> None:
    with GenericNetlink("nlctrl") as channel:
        found = names(channel.dump(GET_FAMILY, b""))
        assert b"nlctrl\0" in found
        assert len(found) > 1
        assert names(channel.dump(GET_FAMILY, b"")) == found


def test_a_refusal_has_the_kernels_number_and_words_and_the_next_request_is_answered_by_its_own() -> None:
    with GenericNetlink("nlctrl") as channel:
        with pytest.raises(OSError, match="Operation not supported") as refusal:
            channel.request(99, b"")
        assert refusal.value.errno == errno.EOPNOTSUPP
        channel.request(GET_FAMILY, attribute(FAMILY_NAME, b"nlctrl\0"))
        with pytest.raises(FileNotFoundError):
            channel.request(GET_FAMILY, attribute(FAMILY_NAME, b"nosuchfamily\0"))


def test_nothing_of_a_request_is_in_its_refusal() -> None:
    with GenericNetlink("nlctrl") as channel, pytest.raises(OSError) as refusal:  # noqa: PT011 - the text is looked at
        channel.request(GET_FAMILY, attribute(FAMILY_NAME, b"canary\0"))
    assert "canary" not in repr(refusal.value)


class Interrupted(GenericNetlink):
    """A channel on which something changes during so many dumps."""

    def __init__(self, times: int) -> None:
        self.times = times + 1  # the first question is for the family
        super().__init__("nlctrl")

    def _ask(self, family: int, command: int, flags: int, body: bytes) -> Iterator[tuple[int, bytes]]:
        self.times -= 1
        for marks, answer in super()._ask(family, command, flags, body):
            yield (marks | 0x10 if flags & 0x300 and self.times >= 0 else marks), answer


def test_a_dump_during_which_something_changed_is_asked_for_again() -> None:
    with GenericNetlink("nlctrl") as plain, Interrupted(3) as channel:
        assert channel.dump(GET_FAMILY, b"") == plain.dump(GET_FAMILY, b"")
    with Interrupted(generic_netlink.DUMPS) as channel, pytest.raises(OSError, match="changes faster") as refusal:
        channel.dump(GET_FAMILY, b"")
    assert refusal.value.errno == errno.EBUSY


def test_messages_are_told_apart_in_one_datagram() -> None:
    def message(kind: int, body: bytes) -> bytes:
        return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body + bytes(-len(body) % 4)

    found = list(generic_netlink._messages(message(20, b"abcde") + message(3, b"") + b"\1\2"))
    assert found == [(20, 0, b"abcde"), (3, 0, b"")]
