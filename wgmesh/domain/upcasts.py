"""How the fields of an older version of an event become those of the next: pure, and for ever.

What an older wgmesh did not know, it did not do: a field that is new gets the value that stands for that.
"""

from collections.abc import Callable
from typing import Any

Fields = dict[str, Any]
# The fields of one version of an event made into those of the next.
Upcast = Callable[[Fields], Fields]


def _settings_2(settings: Fields) -> Fields:
    new: Fields = {"advertise_routes": [], "accept_routes": [], "hosts": False, "gossip": False, "peers": []}
    new |= {"dht": False, "dht_bootstrap": [], "relay": False, "stun": False, "stun_servers": []}
    new |= {"registry": False, "registry_url": "", "registry_repo": "", "registry_writes": False}
    return settings | new


def _settings_changed_2(event: Fields) -> Fields:
    return event | {"settings": _settings_2(event["settings"])}


def _state_carried_2(event: Fields) -> Fields:
    new: Fields = {
        "attached": [],
        "virtual": [],
        "banned": {},
        "located": [],
        "reflected": {},
        "skewed": {},
        "announcer": None,
        "entry": None,
        "witnessed": {},
        "clone": None,
        "unanswered": [],
        "missed": {},
        "relay_port": 0,
        "relaying": {},
        "nats": {},
        "tombstones": {},
    }
    peers = [peer | {"relayed": None, "unrelayed": None} for peer in event["peers"]]
    return event | new | {"peers": peers} | {"settings": _settings_2(event["settings"])}


def _interfaces_changed_2(event: Fields) -> Fields:
    return event | {"attached": [], "virtual": []}


# (name, version): how its fields become those of version + 1. Every version ever shipped but the current has one.
UPCASTS: dict[tuple[str, int], Upcast] = {
    ("InterfacesChanged", 1): _interfaces_changed_2,
    ("SettingsChanged", 1): _settings_changed_2,
    ("StateCarried", 1): _state_carried_2,
}
