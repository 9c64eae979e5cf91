"""As which address the Internet sees WireGuard's port: what STUN servers answer, as far as it can be believed."""

import ipaddress

from wgmesh.domain.draft import Draft, Verdict
from wgmesh.domain.endpoints import objection
from wgmesh.domain.inputs import Mapped
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.session import remember
from wgmesh.domain.values import Endpoint

# Servers whose answers are kept.
SERVER_CAP = 16


def disbelief(mesh: Mesh, server: Endpoint, endpoint: Endpoint) -> str:
    """Why a server's word on our address cannot be true, or is of no use; empty when it can.

    A server on the Internet sees addresses of the Internet; one in a private network, which an operator may run, those
    of that.
    """
    seen, asked = ipaddress.ip_address(endpoint.ip), ipaddress.ip_address(server.ip)
    if seen.version != asked.version:
        return "of another family"
    return objection(mesh, endpoint) or ("not of the Internet" if asked.is_global and not seen.is_global else "")


def hear(draft: Draft, mapped: Mapped) -> Verdict:
    """A server answered."""
    draft.remember(mapped=remember(draft.session.mapped, mapped.server, mapped.endpoint, SERVER_CAP))
    yield from ()
