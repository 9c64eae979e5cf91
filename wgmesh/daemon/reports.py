"""What the service's log shows: one sentence a record, and nothing decided is said only there."""

import json
import logging
import time
from collections.abc import Iterable

from wgmesh.domain.folding import evolve
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.records import Record
from wgmesh.projections.timeline import sentence

log = logging.getLogger("wgmesh")


def tell(mesh: Mesh, records: Iterable[Record]) -> None:
    """Log the records that came on top of this mesh."""
    for record in records:
        log.info("%s", sentence(mesh, record))
        mesh = evolve(mesh, record)


def set_up(level: str, form: str) -> None:
    """Sentences to stderr; as JSON lines where a collector reads them."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Json() if form == "json" else _Text())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        return f"{clock}.{int(record.msecs):03d}  {super().format(record)}"


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps({"at": int(record.created * 1000), "level": record.levelname, "text": super().format(record)})
