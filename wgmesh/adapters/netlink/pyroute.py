"""What the worker needs of pyroute2, and no more: the package's front page loads all it has, which takes as long again.

The rule: the front page is passed over, not replaced. Who imports pyroute2 afterwards gets all of it.
"""

import sys
from importlib.util import find_spec, module_from_spec

PACKAGE = "pyroute2"

_before = sys.modules.get(PACKAGE)
if _before is None:
    _spec = find_spec(PACKAGE)
    assert _spec is not None, "pyroute2 is among what wgmesh is installed with"
    sys.modules[PACKAGE] = module_from_spec(_spec)

from pyroute2.iproute.linux import IPRoute  # type: ignore[import-untyped]  # noqa: E402
from pyroute2.netlink.exceptions import NetlinkError  # type: ignore[import-untyped]  # noqa: E402

if _before is None:
    del sys.modules[PACKAGE]

__all__ = ["IPRoute", "NetlinkError"]
