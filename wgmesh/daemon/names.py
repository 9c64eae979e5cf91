"""Names of peers in the system's hosts file, where the operator wants them: kept in step, and taken out with `leave`.

A file that cannot be written suspends this like a layer: status says why, and everything else goes on.
"""

import logging

from anyio import to_thread

from wgmesh.adapters.hosts_file import HostsFile
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.inputs import Input, Resumed, Suspended
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import MINUTE
from wgmesh.projections.host_names import host_names

LAYER = "hosts"
# Somebody else may have written the file anew, or made it writable: it is looked at again.
LOOK_AGAIN = MINUTE

log = logging.getLogger("wgmesh")


class Names:
    """The block in the file, as last written; None while it is not known."""

    def __init__(self, file: HostsFile) -> None:
        self._file = file
        self._written: tuple[str, ...] | None = None
        self._looked = 0

    async def follow(self, mesh: Mesh, awake: int) -> list[Input]:
        """Bring the block up to date; how it went, if there was something to do. Nothing without --hosts."""
        if mesh.settings is None or not mesh.settings.hosts or mesh.departed:
            return []
        lines = host_names(mesh)
        if lines == self._written and awake - self._looked < LOOK_AGAIN:
            return []
        self._written, self._looked = lines, awake
        try:
            await to_thread.run_sync(self._file.write, lines)
        except WgmeshError as error:
            return [Suspended(LAYER, str(error))]
        return [Resumed(LAYER)]

    async def clear(self) -> None:
        """Take the block out, if there is one."""
        self._written = None
        try:
            await to_thread.run_sync(self._file.write, ())
        except WgmeshError as error:
            log.warning("%s", error)
