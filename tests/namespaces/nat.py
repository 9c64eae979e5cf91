"""Routers that hide what is behind them (RFC 4787): private addresses inside, and one public one in common."""

from typing import Literal

from tests.namespaces.lab import FaultyLab
from wgmesh.adapters.netns.lab import Node, configure

# What a NAT does to a port: the same for everybody, and open to everybody (full), to addresses that were spoken to
# (restricted) or to ports of them (easy); another for each (hard).
Kind = Literal["full", "restricted", "easy", "hard"]

# The rules on the way out, and on the way in to the first machine inside. The others answer nobody by themselves: one
# packet that reached the router first would make it give the inside another port.
OUTWARD = {
    "full": "masquerade",
    "restricted": "add @spoken { ip daddr } masquerade",
    "easy": "masquerade",
    "hard": "masquerade fully-random",
}
INWARD = {
    "full": "iifname eth1 meta l4proto udp dnat to 192.168.{number}.2",
    "restricted": "iifname eth1 ip saddr @spoken meta l4proto udp dnat to 192.168.{number}.2",
}
RULES = """
table ip nat {{
  set spoken {{
    type ipv4_addr; flags dynamic; timeout 2m
  }}
  chain outward {{
    type nat hook postrouting priority 100
    oifname eth1 {outward}
  }}
  chain inward {{
    type nat hook prerouting priority -100
    {inward}
  }}
}}
table ip gate {{
  chain input {{
    type filter hook input priority 0
    iifname eth1 ct state new drop
  }}
}}
"""


def router(lab: FaultyLab, kind: Kind, number: int, outside: str = "inet", one_way_ms: float = 0) -> str:
    """A LAN 192.168.NUMBER.0/24 behind a NAT, 198.51.100.NUMBER in the segment `outside`; the LAN's segment.

    `one_way_ms`: how long its cable there is.
    """
    inside = lab.segment(f"behind{number}")
    box = lab.node(f"{kind}{number}")
    lab.plug(box, inside, f"192.168.{number}.1/24")
    lab.plug(box, outside, f"198.51.100.{number}/24", one_way_ms=one_way_ms)
    rules = RULES.format(outward=OUTWARD[kind], inward=INWARD.get(kind, "").format(number=number))
    box.run(["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward; exec nft -f -"], stdin=rules)
    return inside


def behind(lab: FaultyLab, name: str, inside: str, number: int, place: int = 2) -> Node:
    """A machine in a router's LAN, 192.168.NUMBER.PLACE, which knows the way out."""
    node = lab.node(name)
    lab.plug(node, inside, f"192.168.{number}.{place}/24")
    configure(node.pid, f"route add default via 192.168.{number}.1")
    return node
