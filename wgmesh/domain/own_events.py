"""The part of the catalogue that is about this node's own record: what becomes of it where others hold another one."""

from msgspec import Struct

from wgmesh.domain.values import Incarnation


class RecordRenewed(Struct, frozen=True, forbid_unknown_fields=True):
    """Nobody is connected and nobody answers: this node says the same of itself in a higher incarnation.

    After 10 s, then ever later: one in 5 minutes.
    """


class OwnRecordOutrun(Struct, frozen=True, forbid_unknown_fields=True):
    """A peer holds a record of this node that its log does not know: a restored backup, or what a clone said.

    At most four in 10 minutes of a run. The node jumps above `incarnation`, which nothing that was said in the run of
    that record exceeds, and takes over the `nonce` that it had there.
    """

    incarnation: Incarnation
    nonce: int
    ipv4: str


class CloneDetected(Struct, frozen=True, forbid_unknown_fields=True):
    """Another machine has this node's identity: soon after we jumped above `life`, it said something still higher.

    The node with the lower life falls silent until it is started again. At most one in 10 minutes of a run.
    """

    incarnation: Incarnation
    life: bytes
