from pathlib import Path

from wgmesh.adapters.forwarding import PROC, SWITCHES, forwarding_off


def test_a_family_that_is_switched_off_or_absent_is_named(tmp_path: Path) -> None:
    assert forwarding_off(tmp_path) == ("IPv4", "IPv6")
    for value, expected in (("0\n", ("IPv4", "IPv6")), ("1\n", ("IPv6",))):
        switch = tmp_path / SWITCHES["IPv4"]
        switch.parent.mkdir(parents=True, exist_ok=True)
        switch.write_text(value)
        assert forwarding_off(tmp_path) == expected


def test_this_machine_says_what_its_switch_says() -> None:
    is_on = (PROC / SWITCHES["IPv4"]).read_text() != "0\n"
    assert ("IPv4" in forwarding_off()) != is_on
