"""How far two nodes' clocks are apart, from what must have come before what: a word is heard after it was said.

There are two kinds of words. A node's own record is made here and heard there. And nobody shakes hands with a node that
does not have it on its device yet: the handshake there comes after the discovery here.

So each word from the one side bounds the difference from above, and each from the
other side from below, by as much as it was on its way; the quickest bound it best (as in NTP's clock filter, RFC 5905).
"""

from msgspec import Struct

from wgmesh.pairs.side import Side


class Skew(Struct, frozen=True):
    """How far the second clock is ahead of the first, in ms, and by how much that may be wrong.

    `doubt` is None where only one side heard the other: then it is as if the quickest word had taken no time. `words`
    is how many were heard; with none, nothing is known and the clocks are taken to agree.
    """

    ahead: int
    doubt: int | None
    words: int


def skew(first: Side, second: Side) -> Skew:
    """The difference between the clocks of two sides."""
    there, back = _delays(first, second), _delays(second, first)
    words = len(there) + len(back)
    if there and back:
        most, least = min(there), -min(back)
        return Skew((most + least) // 2, abs(most - least + 1) // 2, words)
    if words:
        return Skew(min(there) if there else -min(back), None, words)
    return Skew(0, None, 0)


def _delays(speaker: Side, listener: Side) -> list[int]:
    """By how much the listener's clock said more than the speaker's, for each word of the speaker that was heard."""
    here, there = listener.mesh.identity, speaker.mesh.identity
    heard = listener.heard.get(there, {})
    delays = [at - speaker.said[incarnation] for incarnation, at in heard.items() if incarnation in speaker.said]
    if here in speaker.met and there in listener.connected:
        delays.append(listener.connected[there] - speaker.met[here])
    return delays
