"""Chance that repeats: every pick is a function of the input's lot and a purpose, so a replay draws the same.

The lot comes with `now` and is unknown to everybody else, so picks cannot be foreseen on the network.
"""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def draw(lot: bytes, purpose: str, below: int) -> int:
    """A whole number from 0 to `below` - 1; equal chance but for a bias under `below` / 2^64."""
    digest = hashlib.blake2b(purpose.encode(), key=lot, digest_size=8).digest()
    return int.from_bytes(digest) % below


def pick(lot: bytes, purpose: str, items: Sequence[Item]) -> Item:
    """One of the items, which must not be empty."""
    return items[draw(lot, purpose, len(items))]


def some(lot: bytes, purpose: str, items: Sequence[Item], most: int) -> tuple[Item, ...]:
    """At most so many of the items, each at most once, in an order of chance."""
    left, chosen = list(items), list[Item]()
    while left and len(chosen) < most:
        chosen.append(left.pop(draw(lot, f"{purpose} {len(chosen)}", len(left))))
    return tuple(chosen)
