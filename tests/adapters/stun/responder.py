"""A STUN server of our own, as honest as it is told to be, on a socket of this process."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from wgmesh.domain.stun import MAGIC, REQUEST, SUCCESS, kind_of, transaction_of, xor_mapped
from wgmesh.domain.values import Endpoint

Honesty = Callable[[Endpoint], Endpoint]


def success(seen: Endpoint, transaction: bytes) -> bytes:
    """The answer to who was seen there."""
    attribute = xor_mapped(seen, transaction)
    return SUCCESS.to_bytes(2) + len(attribute).to_bytes(2) + MAGIC.to_bytes(4) + transaction + attribute


@contextmanager
def responder(ip: str = "127.0.0.1", says: Honesty = lambda seen: seen, deaf_to: int = 0) -> Iterator[Endpoint]:
    """Where it is, until the block ends; it does not hear the first `deaf_to` requests."""
    with socket.socket(socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind((ip, 0))

        def serve() -> None:
            heard = 0
            while True:
                data, sender = opened.recvfrom(2048)
                if not data:
                    return
                heard += 1
                if kind_of(data) == REQUEST and heard > deaf_to:
                    answer = success(says(Endpoint(str(sender[0]), int(sender[1]))), transaction_of(data))
                    opened.sendto(answer, sender)

        thread = threading.Thread(target=serve)
        thread.start()
        here = opened.getsockname()
        try:
            yield Endpoint(str(here[0]), int(here[1]))
        finally:
            with socket.socket(opened.family, socket.SOCK_DGRAM) as end:
                end.sendto(b"", here)
            thread.join()
