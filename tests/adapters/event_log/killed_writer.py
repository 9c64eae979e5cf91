"""Appends to the log at argv[1] until it is killed, and says each sequence on stdout when it is acknowledged."""

import sys
from contextlib import closing
from itertools import count
from pathlib import Path

from tests.adapters.event_log import AT, append
from wgmesh.adapters.event_log.writer import EventLog

if __name__ == "__main__":
    with closing(EventLog.open(Path(sys.argv[1]), at=AT)) as log:
        for number in count():
            append(log, 1 + number % 5)
            print(log.head.sequence, flush=True)
