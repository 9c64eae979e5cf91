"""One byte through the tunnel, to the discard port of a mesh address: it makes WireGuard there see where we are now.

What arrives is of no interest to anybody; the other machine answers that nobody listens, through the tunnel as well.
"""

import socket

# RFC 863; nothing listens there, and nothing needs to.
DISCARD_PORT = 9


def nudge(address: str, port: int = DISCARD_PORT) -> str | None:
    """Send the byte to a mesh IPv6 address; None, or the reason why it did not leave."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as opened:
            opened.sendto(b"\0", (address, port))
    except OSError as error:
        return error.strerror or str(error)
    return None
