"""A record as the flat JSON object that scripts read."""

from typing import Any

import msgspec

from wgmesh.domain.records import EVENTS, Record


def event_object(record: Record) -> dict[str, Any]:
    """The frame of the record, then the event's own fields beside it. Keys are base64, the chain is hex."""
    name = type(record.event).__name__
    return {
        "sequence": record.sequence,
        "at": record.at,
        "name": name,
        "version": EVENTS.versions[name],
        "cause": record.cause,
        "because": list(record.because),
        "chain": record.chain.hex(),
        **msgspec.to_builtins(record.event),
    }
