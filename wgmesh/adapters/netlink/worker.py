"""The process that runs pyroute2. It has no state: what it did not answer, another one is asked."""

from wgmesh.adapters.worker import LineWorker

# A start takes 0.2 s on a desktop, seconds on the smallest machines, more while they boot; an answer takes a few ms.
# What takes longer than this is asked again later.
ANSWER_SECONDS = 30.0
PROGRAM = "wgmesh.adapters.netlink.serve"


class Worker(LineWorker):
    """Its environment is empty but for where to find us."""

    def __init__(self, answer_seconds: float = ANSWER_SECONDS) -> None:
        super().__init__(PROGRAM, "the netlink worker", answer_seconds)
