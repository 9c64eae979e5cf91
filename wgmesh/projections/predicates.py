"""What `bisect` looks for: a question about one moment that is answered with yes or no.

    connected NAME          the peer is connected
    knows NAME              a peer of this name is in the list
    address NAME ADDRESS    the peer (or this node, by its hostname) has this mesh address
    endpoint NAME IP:PORT   the peer was last proven there
    layer NAME              the layer works
    peers >= N              so many peers are in the list; also < <= = != >
    connected >= N          so many are connected
    not …                   the other way round

NAME is a hostname, a key, the beginning of one, or a mesh address. Who is not known is not connected and has nothing.
"""

import operator
from collections.abc import Callable

from wgmesh.domain.errors import UsageError
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.peer import Peer
from wgmesh.domain.values import Endpoint
from wgmesh.projections.named_peer import called

Predicate = Callable[[Mesh], bool]

_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt, "=": operator.eq, "!=": operator.ne,
}  # fmt: skip
_HELP = (
    "connected NAME, knows NAME, address NAME ADDRESS, endpoint NAME IP:PORT, layer NAME, peers >= N, connected >= N,"
    " or one of them behind `not`"
)


def predicate_of(text: str) -> Predicate:
    """The question that this asks; UsageError for what is none."""
    words = tuple(text.split())
    match words:
        case ("not", *rest):
            opposite = predicate_of(" ".join(rest))
            return lambda mesh: not opposite(mesh)
        case ("connected", name):
            return lambda mesh: any(peer.state == "connected" for peer in _named(mesh, name))
        case ("knows", name):
            return lambda mesh: bool(_named(mesh, name))
        case ("address", name, address):
            return lambda mesh: address in _addresses(mesh, name)
        case ("endpoint", name, text):
            endpoint = _endpoint(text)
            return lambda mesh: any(peer.proven == endpoint for peer in _named(mesh, name))
        case ("layer", name):
            return lambda mesh: name in mesh.layers and not mesh.layers[name].reason
        case ("peers" | "connected" as what, sign, number) if sign in _COMPARISONS and number.isdecimal():
            compared, wanted = _COMPARISONS[sign], int(number)
            return lambda mesh: compared(_count(mesh, what), wanted)
        case _:
            raise UsageError(f"{text!r} is no question: ask {_HELP}")


def _named(mesh: Mesh, name: str) -> list[Peer]:
    return [peer for peer in called(mesh, name) if mesh.uses(peer)]


def _addresses(mesh: Mesh, name: str) -> list[str]:
    if mesh.settings and name == mesh.settings.hostname:
        return [mesh.ipv4, mesh.ipv6]
    return [address for peer in _named(mesh, name) for address in (peer.ipv4, peer.ipv6)]


def _endpoint(text: str) -> Endpoint:
    try:
        return Endpoint.parse(text)
    except ValueError as error:
        raise UsageError(f"{text!r} is no endpoint: write it like 192.168.1.17:51820 or [2001:db8::1]:51820") from error


def _count(mesh: Mesh, what: str) -> int:
    return sum(what == "peers" or peer.state == "connected" for peer in mesh.present_peers)
