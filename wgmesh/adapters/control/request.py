"""What counts as a request: one JSON object in which nothing can be read in two ways."""

import json
from typing import Any

import msgspec

from wgmesh.domain.errors import WgmeshError


def decode(line: bytes) -> dict[str, Any]:
    """The request; WgmeshError for NaN, numbers out of range, duplicate keys, broken text, nesting without end, …"""
    try:
        request = msgspec.json.decode(line, type=dict[str, Any])
        json.loads(line, object_pairs_hook=_unique)  # the one thing that msgspec lets pass
    except (ValueError, RecursionError) as error:
        raise WgmeshError(f"a request is one line with one strict JSON object: {error}") from error
    return request


def _unique(pairs: list[tuple[str, Any]]) -> None:
    if len(pairs) != len(dict(pairs)):
        raise ValueError("a key stands twice")
