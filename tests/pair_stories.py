"""The other side of the story that alpha tells: beta's log, as it may be, with a clock two minutes ahead."""

from msgspec.structs import replace

from tests.stories import ALPHA, BETA, BETA_AT, SETTINGS, Told, discovered, joined, records, started
from wgmesh.domain import events as e
from wgmesh.domain.records import Record
from wgmesh.domain.values import Endpoint, Interface

AHEAD_SECONDS = 120
ETH0 = Interface("eth0", 3, 1500, (f"{BETA_AT.ip}/24", "fe80::17/64"))


def of_beta(*told: Told, lan: bool = True) -> tuple[Record, ...]:
    """Beta's beginning, and what follows, in seconds of alpha's clock."""
    settings = e.SettingsChanged(replace(SETTINGS, hostname="beta", lan=lan))
    begun: tuple[Told, ...] = (
        (3.9, "start", joined(BETA)),
        (3.901, "start", started()),
        (3.902, "start", settings),
        (4.11, "network", e.InterfacesChanged((ETH0,), (), ())),
    )
    return records(*((seconds + AHEAD_SECONDS, cause, event) for seconds, cause, event in (*begun, *told)))


ALPHA_AT = Endpoint("192.168.1.5", 21820)
WELL = of_beta(
    (4.112, "lan", e.LayerResumed("lan")),
    (4.119, "lan", discovered(ALPHA, "alpha", ALPHA_AT.ip)),
    (4.4, "wireguard", e.PeerConnected(ALPHA.key, ALPHA_AT)),
)
DEAF = of_beta((4.112, "lan", e.LayerResumed("lan")))
SILENT = of_beta((4.112, "lan", e.LayerSuspended("lan", "UDP port 51830 is in use")))
WRONG_SECRET = of_beta(
    (4.112, "lan", e.LayerResumed("lan")),
    (600, "timer/rejections", e.DatagramsRejected({"seal": 61}, (ALPHA_AT.ip,))),
)
