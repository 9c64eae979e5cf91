"""A mesh on this machine: nodes in network namespaces, real daemons, real WireGuard, and their event logs told live.

All of it lives in one process namespace and one temporary directory, so that nothing is left, however it ends.
"""

from wgmesh.demo.show import run as run
