"""One question to a family of the kernel's generic netlink (linux/genetlink.h), which is known by a name.

A socket lives for one question: the family may have got another number since the last one, and nothing of an answer
that was given up can be taken for the next. That costs 30 µs. Nothing of a message is ever in an error.
"""

import errno
import os
import socket
import struct
import sys
from collections.abc import Iterator
from typing import Self

from wgmesh.adapters.wireguard.attributes import attribute, attributes

NETLINK_GENERIC = 16
# The family that knows the others, and what is asked of it.
_CONTROL, _GET_FAMILY = 16, 3
_FAMILY_ID, _FAMILY_NAME = 1, 2

_HEADER = struct.Struct("=IHHII")  # struct nlmsghdr: length, type, flags, sequence, port
_COMMAND = struct.Struct("=BBxx")  # struct genlmsghdr: command, version
_ERROR_CODE = struct.Struct("=i")
_ERROR, _DONE = 2, 3  # NLMSG_ERROR, NLMSG_DONE
_REQUEST, _ACK, _DUMP, _INTERRUPTED = 0x01, 0x04, 0x300, 0x10  # NLM_F_…

# There is no such family; or, in some sandboxes, no generic netlink.
_ABSENT = (errno.ENOENT, errno.EPROTONOSUPPORT)

VERSION = 1  # of every family that is spoken to here
# The kernel answers within the call. What takes longer has gone wrong.
ANSWER_SECONDS = 5.0
# No message of a dump is longer than what we are ready to read.
DATAGRAM_BYTES = 65536
# A dump during which something changed may have said half of it: it is asked for again.
DUMPS = 5


class GenericNetlink:
    """A channel to one family, in the network namespace that it was opened in; every OSError has the kernel's number.

    Opening it raises FileNotFoundError if there is no such family, which loads the module that has it first.
    """

    def __init__(self, family: str) -> None:
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
        self._socket = socket.socket(socket.AF_NETLINK, kind, NETLINK_GENERIC)
        self._socket.settimeout(ANSWER_SECONDS)
        try:
            self._family = self._number_of(family)
        except OSError:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def request(self, command: int, body: bytes) -> None:
        """Have something done; `body` is attributes."""
        list(self._ask(self._family, command, _ACK, body))

    def dump(self, command: int, body: bytes) -> list[bytes]:
        """The attributes of each message that answers a question."""
        for _ in range(DUMPS):
            parts = list(self._ask(self._family, command, _DUMP, body))
            if not any(flags & _INTERRUPTED for flags, _ in parts):
                return [part for _, part in parts]
        raise OSError(errno.EBUSY, "it changes faster than it can be read")

    def _number_of(self, family: str) -> int:
        body = attribute(_FAMILY_NAME, family.encode() + b"\0")
        [(_, answer)] = list(self._ask(_CONTROL, _GET_FAMILY, _ACK, body))
        return int.from_bytes(dict(attributes(answer))[_FAMILY_ID], sys.byteorder)

    def _ask(self, family: int, command: int, flags: int, body: bytes) -> Iterator[tuple[int, bytes]]:
        """Flags and attributes of what comes until the kernel says that this was all."""
        length = _HEADER.size + _COMMAND.size + len(body)
        header = _HEADER.pack(length, family, _REQUEST | flags, 0, 0) + _COMMAND.pack(command, VERSION)
        self._socket.send(header + body)
        while True:
            for kind, marks, answer in _messages(self._socket.recv(DATAGRAM_BYTES)):
                if kind in (_ERROR, _DONE):
                    _raise_for(answer)
                    return
                yield marks, answer[_COMMAND.size :]


def has_family(family: str) -> bool:
    """Whether this kernel has it, be it as a module that is loaded now."""
    try:
        with GenericNetlink(family):
            return True
    except OSError as error:
        if error.errno not in _ABSENT:
            raise
        return False


def _messages(datagram: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    while at + _HEADER.size <= len(datagram):
        length, kind, flags, *_ = _HEADER.unpack_from(datagram, at)
        yield kind, flags, datagram[at + _HEADER.size : at + length]
        at += max((length + 3) & ~3, _HEADER.size)


def _raise_for(answer: bytes) -> None:
    """An end carries 0, or a negative error number."""
    code = -_ERROR_CODE.unpack_from(answer)[0] if len(answer) >= _ERROR_CODE.size else 0
    if code:
        raise OSError(code, os.strerror(code))
