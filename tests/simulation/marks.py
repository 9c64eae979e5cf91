"""Rare paths: a search that never went down one of them has proved nothing about it.

The simulator says `sometimes("…")` where one is taken; the long run fails if a path of this list was never taken.
"""

from collections import Counter

RARE = {
    "crossed_handshakes": "two initiations crossed, and both were lost",
    "handshake_retried": "an initiation was repeated",
    "handshake_refused_by_time": "an initiation was older than the last, because a wall clock was set back",
    "rekeyed": "a session was replaced while it lived",
    "session_died": "nothing replaced a session in time",
    "tunnel_roamed": "WireGuard followed a peer to another address",
    "echo_answered": "a system answered an echo through the tunnel",
    "device_lost": "a WireGuard device vanished under a running node",
    "change_refused": "the system refused a change to the device",
    "second_apply_needed": "one pass left something to do, because a change was refused",
    "foreign_peer": "somebody else put a peer on the device",
    "killed_before_commit": "a node died with records undecided on their way to the disk",
    "killed_after_commit": "a node died with records on the disk and nothing said of them",
    "power_lost": "a machine stopped, and its WireGuard device with it",
    "restarted_from_snapshot": "a run began from a snapshot and the records after it",
    "restored_backup": "a run began from a log that had been longer",
    "restored_everything": "a run began from an older copy of its whole directory",
    "lost_log": "a run began with nothing but the seed of its identity",
    "cloned": "a machine ran twice",
    "clone_gave_way": "one of two machines with one identity fell silent",
    "disk_full": "records could not be written, and nothing was decided",
    "thawed": "the log could be written again",
    "inbox_overflow": "more datagrams waited than an inbox holds",
    "repeat_sieved": "a datagram arrived twice and was read once",
    "corrupted": "a datagram arrived with a wrong bit",
    "truncated": "a datagram arrived shorter than it left",
    "too_large": "a datagram was larger than its way allows",
    "delayed_by_seconds": "a datagram took a second or more",
    "one_way": "a way was open in one direction only",
    "split": "machines of all segments fell into two sides",
    "bridge": "one node saw two sides that did not see each other",
    "moved": "a node moved to another segment",
    "readdressed": "an interface changed its address",
    "acquainted": "a node knew another by an address that its operator gave it",
    "nat_refused": "a NAT let nobody in for whom nobody had asked",
    "nat_flushed": "a NAT forgot all its mappings",
    "unplugged": "an interface was gone for a while",
    "two_homes": "a node stood on two segments at once",
    "link_local_only": "a segment had no IPv4 addresses at all",
    "overlapping_range": "a segment used addresses of the mesh's own range",
    "suspended": "a machine slept",
    "paused": "a daemon was stopped while its machine went on",
    "starved": "a daemon got hardly any processor",
    "clock_back": "a wall clock was set back",
    "clock_forward": "a wall clock was set forward",
    "far_clock": "a wall clock was years off",
    "banned": "an operator banned a node",
    "routed": "a node sent a prefix behind another through the mesh",
    "left": "an operator took a node out of the mesh",
    "dead_shown": "a node that died for good is shown as silent by those who knew it",
    "second_nonce": "a node moved to its second address",
    "third_nonce": "a node moved to its third address, or further",
    "digests_equal": "nodes that can learn of each other ended with the same records",
    "insider_admitted": "a hostile holder of the secret became a peer",
    "insider_clash": "a hostile holder of the secret took somebody's IPv4 address",
    "relayed": "nodes that cannot have a tunnel of their own met through a third",
    "stun_lied": "a STUN server made an address up",
    "registry_lied": "the registry answered with a lie",
    "met_by_registry": "nodes that could meet nowhere else met by notes in the registry",
    "issue_searched": "an issue that no list showed any more was found by a search",
    "issue_closed": "of two issues for one mesh the later was closed",
    "dht_lied": "a node of the DHT answered with a lie",
    "met_by_dht": "nodes that could meet nowhere else met in the DHT",
    "stranger_answered": "a replayed datagram drew an answer to who replayed it",
    "replayed": "a stranger sent again what somebody had sealed",
    "refused": "a node was refused",
    "newer_protocol": "somebody with the secret spoke a newer protocol",
    "expired": "a peer was forgotten",
    "returned": "a forgotten peer, or one that had left, came back",
}

reached: Counter[str] = Counter()


def sometimes(name: str) -> None:
    """This rare path was taken."""
    assert name in RARE, f"{name} is not in the list of rare paths"
    reached[name] += 1


def missing(seen: Counter[str]) -> list[str]:
    """The rare paths that were never taken."""
    return [f"{name}: {meaning}" for name, meaning in RARE.items() if not seen[name]]
