"""The device and what is wished of it, brought together: sample, compare, apply, and say what came of it.

WireGuard and netlink block for milliseconds, so they run in a worker thread, one call at a time; the loop waits, and
nothing is sent meanwhile. That order matters: a peer is on our device before the answer leaves that makes it call us.
"""

from collections.abc import Sequence

import anyio
from anyio import to_thread

from wgmesh.adapters.wireguard import WireGuard
from wgmesh.daemon.relay_tunnel import RelayTunnel, Wanted, told
from wgmesh.domain.device import AddPeer, Change, Device, DeviceSample, RemovePeer, UpdatePeer
from wgmesh.domain.inputs import Applied, Input, Sampled
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.values import PublicKey
from wgmesh.projections.relay_device import Leases
from wgmesh.projections.wanted_changes import wanted_changes

# A call that is under way on a LAN ends within this; WireGuard takes two that come within 20 ms for one.
CALL_SECONDS = 0.03
LOOKING = "look at the device"


class Tunnel:
    """One WireGuard device, as last seen in `sample`; None while it cannot be seen.

    `relay`: the second one beside it, for relayed tunnels, if there may be one.
    """

    def __init__(self, wireguard: WireGuard, relay: RelayTunnel | None = None) -> None:
        self._wireguard = wireguard
        self.relay = relay
        self._turn = anyio.Lock()
        self._touched = anyio.Event()
        self.sample: DeviceSample | None = None

    async def look(self) -> Input:
        """Sample the device; a system that does not answer this time is told like any failed change."""
        async with self._turn:
            try:
                self.sample = await to_thread.run_sync(self._wireguard.sample)
                if self.relay:
                    await to_thread.run_sync(self.relay.look)
            except OSError as error:
                self.sample = None
                return Applied((), (LOOKING,), (error.strerror or str(error),))
        return Sampled(self.sample, self.relay.sample if self.relay else None)

    async def reconcile(self, mesh: Mesh, awake: int, desired: Device, leases: Leases | None = None) -> list[Input]:
        """Make the device what it should be, and look at it again; nothing when it is so already.

        `desired`: what the node wishes for now. `leases`: which relays were granted to it.
        """
        if self.sample is None:
            return []
        changes = wanted_changes(mesh, self.sample, awake, desired)
        relayed = self.relay.wanted(mesh, awake, leases or {}) if self.relay else Wanted()
        if not changes and relayed == Wanted():
            return [Applied((), (), ())] if mesh.failure else []
        async with self._turn:
            applied = await to_thread.run_sync(self._apply, changes, relayed)
        self._touched.set()
        return [applied, await self.look()]

    async def redial(self, keys: Sequence[PublicKey]) -> list[Input]:
        """Take these peers off and put them on again as they are, in one request: WireGuard calls them at once.

        Not those who answered its call meanwhile.
        """
        if not keys:
            return []
        await anyio.sleep(CALL_SECONDS)
        seen = await self.look()
        reached = [traffic.public_key for traffic in self.sample.traffic if traffic.handshaken] if self.sample else []
        peers = self.sample.device.peers if self.sample and self.sample.device else ()
        again = [peer for peer in peers if peer.public_key in keys and peer.public_key not in reached]
        if not again:
            return [seen]
        changes: list[Change] = [RemovePeer(peer.public_key) for peer in again]
        changes += [AddPeer(peer) for peer in again]
        async with self._turn:
            applied = await to_thread.run_sync(self._apply, changes, Wanted())
        return [applied, await self.look()]

    def _apply(self, changes: Sequence[Change], relayed: Wanted) -> Applied:
        """A route is taken from one interface before it is given to the other: the kernel has one of each."""
        outcomes = [self.relay.begin(relayed)] if self.relay else []
        outcomes.append(told(self._wireguard.apply(changes)))
        outcomes += [self.relay.finish(relayed)] if self.relay else []
        return Applied(
            tuple(change for each in outcomes for change in each.changes),
            tuple(change for each in outcomes for change in each.failed),
            tuple(error for each in outcomes for error in each.errors),
        )

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
            if self.relay:
                await to_thread.run_sync(self.relay.remove)
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
