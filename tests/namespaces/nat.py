"""Routers that hide what is behind them (RFC 4787): private addresses inside, and one public one in common."""

from typing import Literal

from tests.namespaces.lab import FaultyLab
from wgmesh.adapters.netns.lab import Node, configure

# What a NAT does to a port: the same for everybody, and open to everybody (full) or to who was spoken to (easy);
# another for each (hard).
Kind = Literal["full", "easy", "hard"]

# The rules on the way out. `full` lets everything for the first machine inside in; the others answer nobody by
# themselves: one packet that reached the router first would make it give the inside another port.
OUTWARD = {"full": "masquerade", "easy": "masquerade", "hard": "masquerade fully-random"}
RULES = """
table ip nat {{
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


def router(lab: FaultyLab, kind: Kind, number: int, outside: str = "inet") -> str:
    """A LAN 192.168.NUMBER.0/24 behind a NAT, 198.51.100.NUMBER in the segment `outside`; the LAN's segment."""
    inside = lab.segment(f"behind{number}")
    box = lab.node(f"{kind}{number}")
    lab.plug(box, inside, f"192.168.{number}.1/24")
    lab.plug(box, outside, f"198.51.100.{number}/24")
    inward = f"iifname eth1 meta l4proto udp dnat to 192.168.{number}.2" if kind == "full" else ""
    rules = RULES.format(outward=OUTWARD[kind], inward=inward)
    box.run(["sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward; exec nft -f -"], stdin=rules)
    return inside


def behind(lab: FaultyLab, name: str, inside: str, number: int, place: int = 2) -> Node:
    """A machine in a router's LAN, 192.168.NUMBER.PLACE, which knows the way out."""
    node = lab.node(name)
    lab.plug(node, inside, f"192.168.{number}.{place}/24")
    configure(node.pid, f"route add default via 192.168.{number}.1")
    return node
