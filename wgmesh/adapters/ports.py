"""Which UDP port is ours: the one we would like, or the next that no other program has, over IPv4 and IPv6 alike."""

import errno
import socket
from itertools import chain

from wgmesh.domain.errors import WgmeshError

# Above the ports of well-known services and below Linux's ephemeral ones (32768-60999).
WIREGUARD_PORTS = range(20000, 32768)

_FAMILIES = ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::"))


def free_port(preferred: int, ports: range = WIREGUARD_PORTS) -> int:
    """`preferred` if it is free, else the next free one of `ports`, beginning again at its start; WgmeshError if none.

    Nothing is held: another program can be quicker, and then whoever binds the port says so.
    """
    if port_is_free(preferred):
        return preferred
    turn = ports.index(preferred) if preferred in ports else 0
    for port in chain(ports[turn:], ports[:turn]):
        if port_is_free(port):
            return port
    raise WgmeshError(f"every UDP port from {ports[0]} to {ports[-1]} is in use: stop what holds them (ss -ulpn)")


def port_is_free(port: int) -> bool:
    """Whether no socket of this host holds the UDP port on any address of either family."""
    return all(_binds(family, wildcard, port) for family, wildcard in _FAMILIES)


def _binds(family: socket.AddressFamily, wildcard: str, port: int) -> bool:
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind((wildcard, port))
    except OSError as error:
        if error.errno not in {errno.EADDRINUSE, errno.EACCES, errno.EAFNOSUPPORT}:
            raise WgmeshError(f"cannot look for a free UDP port: {error.strerror}") from error
        return error.errno == errno.EAFNOSUPPORT  # a kernel without this family: nobody holds its ports
    return True
