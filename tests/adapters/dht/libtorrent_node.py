"""libtorrent as an independent node of a private DHT: `python -m … ADDRESS PORT [--enforce]`.

Reads lines `add ADDRESS PORT`, `announce HEX PORT`, `get HEX`.
Prints `ready`, `peer HEX ADDRESS:PORT` and `announced HEX ADDRESS:PORT`.
"""

import select
import sys
from typing import Any

import libtorrent

# Every way out is closed, and what keeps a test's few nodes on one network from each other is turned off.
PRIVATE: dict[str, Any] = {
    "dht_bootstrap_nodes": "",
    "enable_upnp": False,
    "enable_natpmp": False,
    "enable_lsd": False,
    "enable_incoming_tcp": False,
    "enable_outgoing_tcp": False,
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "enable_dht": True,
    "dht_ignore_dark_internet": False,
    "dht_upload_rate_limit": 1_000_000,
    "dht_block_ratelimit": 10_000,
    "dht_block_timeout": 1,
}


def session(ip: str, port: int, enforce: bool) -> Any:
    """A session that is a DHT node and nothing else."""
    category = libtorrent.alert.category_t
    mask = int(category.dht_notification | category.dht_operation_notification | category.status_notification)
    restricted: dict[str, Any] = {"dht_enforce_node_id": enforce, "dht_prefer_verified_node_ids": enforce}
    listen: dict[str, Any] = {"listen_interfaces": f"{ip}:{port}", "alert_mask": mask}
    made: Any = libtorrent.session  # its stubs know no dictionaries
    return made(PRIVATE | restricted | listen)


def tell(alert: Any) -> None:
    """One line for what a test waits for."""
    match type(alert).__name__:
        case "listen_succeeded_alert":
            print("ready", flush=True)
        case "dht_get_peers_reply_alert":
            for host, port in alert.peers():
                print("peer", alert.info_hash.to_bytes().hex(), f"{host}:{port}", flush=True)
        case "dht_announce_alert":
            print("announced", alert.info_hash.to_bytes().hex(), f"{alert.ip}:{alert.port}", flush=True)


def obey(node: Any, line: str) -> None:
    """One command."""
    match line.split():
        case ["add", host, port]:
            node.add_dht_node((host, int(port)))
        case ["announce", infohash, port]:
            node.dht_announce(libtorrent.sha1_hash(bytes.fromhex(infohash)), int(port), 0)
        case ["get", infohash]:
            node.dht_get_peers(libtorrent.sha1_hash(bytes.fromhex(infohash)))


def main(ip: str, port: str, *options: str) -> None:
    """Serve until standard input ends."""
    node = session(ip, int(port), "--enforce" in options)
    while True:
        node.wait_for_alert(20)
        for alert in node.pop_alerts():
            tell(alert)
        if select.select([sys.stdin], [], [], 0)[0]:
            line = sys.stdin.readline()
            if not line:
                return
            obey(node, line)


if __name__ == "__main__":
    main(*sys.argv[1:])
