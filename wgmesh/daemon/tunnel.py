"""The device and what is wished of it, brought together: sample, compare, apply, and say what came of it.

WireGuard and netlink block for milliseconds, so they run in a worker thread, one call at a time; the loop waits, and
nothing is sent meanwhile. That order matters: a peer is on our device before the answer leaves that makes it call us.
"""

import anyio
from anyio import to_thread

from wgmesh.adapters.wireguard import WireGuard
from wgmesh.domain.device import DeviceSample, UpdatePeer
from wgmesh.domain.endpoints import Tried
from wgmesh.domain.inputs import Applied, Input, Sampled
from wgmesh.domain.mesh import Mesh
from wgmesh.projections.change_sentences import describe
from wgmesh.projections.wanted_changes import wanted_changes

LOOKING = "look at the device"


class Tunnel:
    """One WireGuard device, as last seen in `sample`; None while it cannot be seen."""

    def __init__(self, wireguard: WireGuard) -> None:
        self._wireguard = wireguard
        self._turn = anyio.Lock()
        self._touched = anyio.Event()
        self.sample: DeviceSample | None = None

    async def look(self) -> Input:
        """Sample the device; a system that does not answer this time is told like any failed change."""
        async with self._turn:
            try:
                self.sample = await to_thread.run_sync(self._wireguard.sample)
            except OSError as error:
                self.sample = None
                return Applied((), (LOOKING,), (error.strerror or str(error),))
        return Sampled(self.sample)

    async def reconcile(self, mesh: Mesh, awake: int, tried: Tried) -> list[Input]:
        """Make the device what it should be, and look at it again; nothing when it is so already.

        `tried`: where the node tries peers on hearsay just now.
        """
        if self.sample is None:
            return []
        changes = wanted_changes(mesh, self.sample, awake, tried)
        if not changes:
            return [Applied((), (), ())] if mesh.failure else []
        async with self._turn:
            outcome = await to_thread.run_sync(self._wireguard.apply, changes)
        self._touched.set()
        applied = Applied(
            tuple(describe(change) for change in outcome.done),
            tuple(describe(change) for change, _ in outcome.failed),
            tuple(error for _, error in outcome.failed),
        )
        return [applied, await self.look()]

    async def free_sources(self) -> Input:
        """Our addresses changed: say each endpoint again as it is, so that WireGuard chooses its own address anew.

        wireguard-go keeps the source address of a peer's last packet, and for 15 s sends nothing once that is gone.
        """
        looked = await self.look()
        peers = self.sample.device.peers if self.sample and self.sample.device else ()
        same = [UpdatePeer(peer.public_key, endpoint=peer.endpoint) for peer in peers if peer.endpoint]
        async with self._turn:
            await to_thread.run_sync(self._wireguard.apply, same)
        return looked

    async def remove(self) -> None:
        """Take the interface down for good."""
        async with self._turn:
            await to_thread.run_sync(self._wireguard.remove)

    async def died(self) -> None:
        """Return when the process that carries the device has died; wait for one to be there first."""
        while self._wireguard.pidfd is None:
            await self.touched()
        await anyio.wait_readable(self._wireguard.pidfd)

    async def touched(self) -> None:
        """Return after the next attempt to change the device."""
        self._touched = anyio.Event()
        await self._touched.wait()
