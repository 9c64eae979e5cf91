"""One list of changes, made by two: what is WireGuard's by the back end, what is the interface's by the kernel.

The rule: changes that follow each other and go the same way go together, and still each has its own outcome.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from msgspec import Struct

from wgmesh.adapters.wireguard.port import Applied
from wgmesh.domain.device import AddPeer, Change, CreateInterface, RemovePeer, SetDevice, UpdatePeer
from wgmesh.domain.errors import WgmeshError

# Of a SetDevice, `private` and `listen_port` count here; the rest is the link's.
WireGuardChange = SetDevice | AddPeer | UpdatePeer | RemovePeer

# Makes changes: for each what went wrong, empty where it was made. What it raises stands for all of them.
Way = Callable[[Sequence[Change]], Sequence[str]]


# A device with peers and without our key would be taken for somebody else's, by ourselves at the next look.
NO_KEY_YET = "the device has no key yet"


class Ways(Struct, frozen=True):
    """Who makes the interface, who configures WireGuard, and who edits the link."""

    create: Way
    configure: Way
    edit: Way

    def apply(self, changes: Sequence[Change]) -> Applied:
        """Make the changes in their order; one that fails does not stop the rest, but for peers of a keyless device."""
        errors = [""] * len(changes)
        lacks_key = False
        parts = [(number, part) for number, change in enumerate(changes) for part in _parts(change)]
        for (way, is_key), run in groupby(parts, key=lambda each: (self._of(each[1]), _sets_key(each[1]))):
            numbers, run_changes = zip(*run, strict=True)
            is_late = lacks_key and way == self.configure and not is_key
            outcome = [NO_KEY_YET] * len(numbers) if is_late else _tried(way, run_changes)
            lacks_key = lacks_key or (is_key and any(outcome))
            for number, error in zip(numbers, outcome, strict=True):
                errors[number] = errors[number] or error
        told = tuple(zip(changes, errors, strict=True))
        done = tuple(change for change, error in told if not error)
        return Applied(done, tuple((change, error) for change, error in told if error))

    def _of(self, change: Change) -> Way:
        match change:
            case CreateInterface():
                return self.create
            case SetDevice(private=None, listen_port=None):
                return self.edit
            case _:
                return self.configure if isinstance(change, WireGuardChange) else self.edit


def words(error: OSError | WgmeshError) -> str:
    """What went wrong, in a few words."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _parts(change: Change) -> Iterator[Change]:
    """What of the change is WireGuard's and what the link's; and the key does not wait for a port that is taken."""
    match change:
        case SetDevice(private=private, listen_port=listen_port, mtu=mtu, up=up, strict=strict):
            link = SetDevice(mtu=mtu, up=up, strict=strict)
            parts = (SetDevice(private=private), SetDevice(listen_port=listen_port), link)
            yield from (part for part in parts if part != SetDevice())
        case _:
            yield change


def _sets_key(change: Change) -> bool:
    return isinstance(change, SetDevice) and change.private is not None


def _tried(way: Way, changes: Sequence[Change]) -> Sequence[str]:
    try:
        return way(changes)
    except (OSError, WgmeshError) as error:
        return [words(error)] * len(changes)
