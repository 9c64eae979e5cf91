"""What a node has in mind while it looks for ways through NATs: part of a session, frozen, bounded, gone with the run.

All times are ms on `awake`.
"""

from msgspec import Struct

from wgmesh.domain.allowance import Allowance
from wgmesh.domain.values import SECOND, Endpoint, Incarnation

# A burst: one probe to each address in so many ms, for so long (nat: up within half a second, if both sides do so).
VOLLEY_PAUSE = 200
BURST = 5 * SECOND


class Punch(Struct, frozen=True):
    """A peer that is looked for. `began`: its burst, which may be to come; `due`: the next volley; `fired`: the last.

    `later`: how many volleys followed the burst. `seen`: where its own probes came from, newest first. `asked`: when a
    third was last asked to bring us together, and `asks`: how often since the burst began. `is_mute`: it says that it
    cannot be probed; then `turn` is when WireGuard tries it unprobed, as agreed with it.
    """

    began: int
    due: int
    fired: int = -BURST
    later: int = 0
    seen: tuple[Endpoint, ...] = ()
    asked: int = -BURST
    asks: int = 0
    is_mute: bool = False
    turn: int | None = None


class Punching(Struct, frozen=True):
    """`punches` by identity. `counters`: of the newest probe of each node that we acted on.

    What is left of allowances: `answers` to each node, probes to each `targets` (an IP address), and to `all`;
    `favours`: introductions passed on for each node.
    """

    punches: dict[bytes, Punch] = {}
    counters: dict[bytes, Incarnation] = {}
    answers: dict[bytes, Allowance] = {}
    targets: dict[str, Allowance] = {}
    all: Allowance | None = None
    favours: dict[bytes, Allowance] = {}

    def bursts_until(self, identity: bytes, now: int) -> int | None:
        """When the burst of probes to a peer ends that may well answer; None where there is none now."""
        punch = self.punches.get(identity)
        is_under_way = punch is not None and not punch.is_mute and punch.began <= now < punch.began + BURST
        return punch.began + BURST if punch and is_under_way else None
