"""What an older wgmesh wrote says the same in the words of this one."""

import msgspec

from tests.golden import read_lines
from wgmesh.domain.records import EVENTS, decode
from wgmesh.domain.settings import NodeSettings
from wgmesh.domain.upcasts import UPCASTS

LINES = {line.topic: line for line in read_lines()}


def test_every_upcast_has_a_line_of_what_it_is_for() -> None:
    assert all(f"{name}.{version}" in LINES for name, version in UPCASTS)


def test_settings_of_before_there_were_routes_have_none() -> None:
    line = LINES["SettingsChanged.1"]
    event = decode(1000, line.topic, bytes(16) + bytes(line.state)).event
    settings = msgspec.structs.asdict(event.settings)  # type: ignore[union-attr]
    assert list(settings) == list(NodeSettings.__struct_fields__)
    assert (settings["advertise_routes"], settings["accept_routes"], settings["hosts"]) == ((), (), False)


def test_networks_of_before_others_were_told_apart_have_none_of_them() -> None:
    line = LINES["InterfacesChanged.1"]
    event = msgspec.structs.asdict(decode(1000, line.topic, bytes(16) + bytes(line.state)).event)
    assert (event["attached"], event["virtual"]) == ((), ())
    written = msgspec.json.decode(line.state)["event"]["interfaces"]
    assert [each.name for each in event["interfaces"]] == [each["name"] for each in written] != []


def test_a_state_of_before_there_were_bans_has_none() -> None:
    line = LINES["StateCarried.1"]
    state = decode(1000, line.topic, bytes(16) + bytes(line.state)).event
    carried = msgspec.structs.asdict(state)
    assert (carried["banned"], carried["attached"], carried["virtual"]) == ({}, (), ())
    assert carried["settings"].hosts is False


def test_the_newest_version_of_each_is_the_present_one() -> None:
    newest = {name: max(version for each, version in UPCASTS if each == name) + 1 for name, _ in UPCASTS}
    assert newest == {name: EVENTS.versions[name] for name in newest}
