"""What is said between us and the process that speaks HTTPS: a line that says where, then one a request and one back.

The token passes, in the first line. No secret of the mesh does: notes are sealed and opened by us.
"""

from msgspec import Raw, Struct

from wgmesh.domain.visiting import Request


class Place(Struct, frozen=True):
    """Our place in a registry: the issue under this title. `kept`: what a process before it gave back for `Recall`."""

    url: str
    repository: str
    title: str
    token: str
    kept: bytes = b""


class Recall(Struct, frozen=True, tag=True):
    """The answers that the next process should know, packed -> bytes."""


Asked = Request | Recall


class Outcome(Struct, frozen=True, omit_defaults=True):
    """What came of a request: its value in JSON, or what `Refused` says."""

    value: Raw = Raw(b"null")
    refused: str | None = None
    wait: int = 0
