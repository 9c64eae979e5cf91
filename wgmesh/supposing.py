"""What if a setting or a policy had been another one? The same log is folded, or the same inputs decided, once more.

A setting is one of `NodeSettings`, or `listen_port`. A policy is a number that a module of the domain has at its top,
`liveness.SILENT_AFTER`. The world does not answer anew: what was recorded happened under what was so.
"""

import importlib
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from wgmesh.domain.errors import UsageError
from wgmesh.domain.events import NodeStarted, SettingsChanged, StateCarried
from wgmesh.domain.inputs import Input, Start
from wgmesh.domain.records import Record
from wgmesh.domain.settings import NodeSettings
from wgmesh.domain.values import DAY, HOUR, MINUTE, SECOND

PORT = "listen_port"
_POLICY = re.compile(r"([a-z_]+)\.([A-Z][A-Z0-9_]*)")
_AMOUNT = re.compile(r"(-?\d{1,12})(ms|s|m|min|h|d)?")
_UNITS = {None: 1, "ms": 1, "s": SECOND, "m": MINUTE, "min": MINUTE, "h": HOUR, "d": DAY}
_SWITCH = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}


class Supposition(Struct, frozen=True):
    """A setting by its name, or a policy as `module.NAME`, and the value that it is supposed to have."""

    name: str
    value: Any

    @property
    def is_policy(self) -> bool:
        """Whether decisions or views would have to be made anew."""
        return "." in self.name


def parse(text: str) -> Supposition:
    """`lan=off`, `accept_routes=all`, `listen_port=51820`, `liveness.SILENT_AFTER=60s`; UsageError for all else."""
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"{text!r} supposes nothing: write --set KEY=VALUE")
    if match := _POLICY.fullmatch(name):
        constant(match[1], match[2])
        return Supposition(name, _amount(name, value))
    if name == PORT:
        return Supposition(name, _amount(name, value))
    return Supposition(name, _setting(name, value))


def constant(module: str, name: str) -> int:
    """What it is here; UsageError if the domain has no such number."""
    try:
        value = getattr(importlib.import_module(f"wgmesh.domain.{module}"), name)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"there is no policy {module}.{name}: it is a number in wgmesh/domain/{module}.py") from error
    if type(value) is not int:
        raise UsageError(f"{module}.{name} is not a number: only numbers can be supposed")
    return value


def in_records(records: Iterable[Record], suppositions: Iterable[Supposition]) -> Iterator[Record]:
    """The records, had the settings been so."""
    supposed = _settings(suppositions)
    for record in records:
        yield replace(record, event=_in_event(record.event, supposed))


def in_input(given: Input, suppositions: Iterable[Supposition]) -> Input:
    """The input, had the settings been so."""
    supposed = _settings(suppositions)
    if not isinstance(given, Start):
        return given
    begun = replace(given, settings=_in_settings(given.settings, supposed))
    return replace(begun, listen_port=supposed[PORT]) if PORT in supposed else begun


@contextmanager
def policies(suppositions: Iterable[Supposition]) -> Iterator[None]:
    """Within, this process decides by these numbers, in every module that has them by that name and value."""
    undo: list[tuple[Any, str, int]] = []
    try:
        for each in (one for one in suppositions if one.is_policy):
            module, _, name = each.name.rpartition(".")
            before = constant(module, name)
            for holder in [held for place, held in sys.modules.items() if place.startswith("wgmesh.")]:
                if vars(holder).get(name) == before:
                    undo.append((holder, name, before))
                    setattr(holder, name, each.value)
        yield
    finally:
        for holder, name, before in undo:
            setattr(holder, name, before)


def _settings(suppositions: Iterable[Supposition]) -> dict[str, Any]:
    return {each.name: each.value for each in suppositions if not each.is_policy}


def _in_event(event: Any, supposed: dict[str, Any]) -> Any:
    match event:
        case SettingsChanged(settings):
            return SettingsChanged(_in_settings(settings, supposed))
        case NodeStarted() if PORT in supposed:
            return replace(event, listen_port=supposed[PORT])
        case StateCarried(settings=settings):
            carried = replace(event, settings=_in_settings(settings, supposed))
            return replace(carried, listen_port=supposed[PORT]) if PORT in supposed else carried
        case _:
            return event


def _in_settings(settings: NodeSettings, supposed: dict[str, Any]) -> NodeSettings:
    return replace(settings, **{name: value for name, value in supposed.items() if name != PORT})


def _setting(name: str, value: str) -> Any:
    kind = NodeSettings.__annotations__.get(name)
    if kind is None:
        known = ", ".join((*NodeSettings.__struct_fields__, PORT))
        raise UsageError(f"there is no setting {name!r}; there are {known}, and policies like liveness.SILENT_AFTER")
    if kind is bool:
        if value not in _SWITCH:
            raise UsageError(f"{name} is on or off, not {value!r}")
        return _SWITCH[value]
    return value if kind is str else tuple(part for part in value.split(",") if part)


def _amount(name: str, value: str) -> int:
    match = _AMOUNT.fullmatch(value)
    if not match:
        raise UsageError(f"{name} is a number, or a time like 500ms, 60s, 5m, 2h, 1d, not {value!r}")
    return int(match[1]) * _UNITS[match[2]]
