"""One machine: power, clocks, interfaces, a disk, a WireGuard device, and a daemon that comes and goes.

The machine is what survives a daemon; what a daemon has in its head is in `daemon.py`.
"""

from random import Random

from tests.simulation.clocks import Clock
from tests.simulation.daemon import Daemon
from tests.simulation.disk import Disk
from tests.simulation.kernel import Kernel
from tests.simulation.marks import sometimes
from tests.simulation.network import Frame, Nic, Segment
from tests.simulation.packets import Inner
from tests.simulation.registry import Registry
from tests.simulation.watcher import Watcher
from tests.simulation.wireguard import WireGuard
from tests.simulation.world import MILLISECOND, World
from wgmesh.domain.inputs import Ban, Due, Leave, Stop, Unban, Woke
from wgmesh.domain.secret import Secret
from wgmesh.domain.values import Endpoint, Interface
from wgmesh.node import Keyring

# 2026-01-01 12:00:00 UTC in ms: when every world begins.
NOON = 1_767_268_800_000
# Changes of interfaces come in bursts; the daemon looks once after each.
SETTLING = 100 * MILLISECOND
# A machine that slept for less (ms) was only busy.
SLEEP_NOTICED = 1_000


class Beside:
    """Carries a machine's second device: what it sends goes through the tunnels of the first."""

    def __init__(self, machine: "Machine") -> None:
        self._machine = machine

    def transmit(self, port: int, to: Endpoint, size: int, content: object) -> None:
        """To a relay's gate."""
        self._machine.kernel.send_packet(port, to.ip, to.port, size, content)

    def deliver(self, public_key: bytes, inner: Inner) -> None:
        """A packet came out of a relayed tunnel."""
        self._machine.kernel.deliver(public_key, inner, beside=True)

    def wall(self) -> int:
        """The machine's."""
        return self._machine.wall()

    def steady(self) -> int:
        """The machine's."""
        return self._machine.steady()

    def is_running(self) -> bool:
        """The machine is."""
        return self._machine.is_running()


class Machine:
    """`seed` is that of its identity. `daemon` is None while none runs."""

    def __init__(self, world: World, number: int, secret: Secret, watcher: Watcher, seed: bytes = b"") -> None:
        self.world = world
        self.number = number
        self.name = self.hostname = f"n{number}"
        self.watcher = watcher
        self.chance: Random = world.chance(f"machine {number}")
        self.drawn = 0
        self._entropy = world.chance(f"entropy {number}")
        self.entropy_of_dht: Random = world.chance(f"entropy of dht {number}")
        self.registry: Registry | None = None  # where it leaves notes
        self.dht: tuple[Endpoint, ...] = ()  # where its walks through the DHT begin; nowhere: it does not walk
        self.secret = secret
        self.seed = seed or self.chance.randbytes(32)
        self.keyring = Keyring.of(self.seed, secret)
        self.clock = Clock(world, NOON)
        self.disk = Disk()
        self.wireguard = WireGuard(world, self, self.keyring.identity.public_key, world.chance(f"wireguard {number}"))
        self.beside = WireGuard(world, Beside(self), self.keyring.identity.public_key, world.chance(f"beside {number}"))
        self.kernel = Kernel(self.wireguard, self.beside)
        self.relays = False  # has a second interface if need be, and passes on for others
        self.nics: list[Nic] = [self._nic(0), self._nic(1)]
        self.daemon: Daemon | None = None
        self.stun: tuple[Endpoint, ...] = ()  # whom it asks where it is seen; nobody: it asks nobody
        self.lan = True
        self.advertised: tuple[str, ...] = ()
        self.accepted: tuple[str, ...] = ()
        self.acquaintances: list[Machine] = []  # whom the operator named with --peer
        self.said = 0  # bytes of datagrams to members, through tunnels
        self.asleep = False
        self._slept_at = 0
        self.paused = False
        self.dead = False

    def entropy(self, length: int) -> bytes:
        """Bytes of chance, as the operating system gives them."""
        self.drawn += 1
        return self._entropy.randbytes(length)

    def _nic(self, index: int) -> Nic:
        return Nic(self, f"eth{index}", 2 + index, f"fe80::{self.number + 1:x}:{index + 1:x}")

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """Those that are up."""
        return tuple(nic.interface for nic in self.nics if nic.segment is not None)

    @property
    def named(self) -> tuple[str, ...]:
        """The operator's --peer."""
        return tuple(machine.name for machine in self.acquaintances)

    def nic(self, name: str) -> Nic:
        """The interface of this name."""
        return next(nic for nic in self.nics if nic.name == name)

    def ipv4(self, segment: Segment) -> str:
        """The address that it has on a segment, if the segment has any."""
        return f"{segment.network}.{self.number + 1}/24" if segment.network else ""

    def plug(self, nic: Nic, segment: Segment, ipv4: str | None = None) -> None:
        """Put a cable in."""
        nic.plug(segment, self.ipv4(segment) if ipv4 is None else ipv4)
        for address in (nic.address(""), nic.link_local):
            self.watcher.plugged(address)
        self.networks_changed()

    def unplug(self, nic: Nic) -> None:
        """Pull the cable."""
        nic.unplug()
        self.networks_changed()

    def networks_changed(self) -> None:
        """The kernel tells the daemon, which looks when the burst is over."""
        if self.daemon:
            self.world.after(SETTLING, self._networked, self.daemon)

    def _networked(self, daemon: Daemon) -> None:
        if daemon is self.daemon:
            daemon.networked(self.interfaces)

    def start(self) -> None:
        """The daemon begins, unless it runs or never will again."""
        if self.daemon is None and not self.dead and not self.asleep:
            self.daemon = Daemon(self)
            self.daemon.begin()

    def kill(self) -> None:
        """The daemon ends without a word; the device stays."""
        if self.daemon:
            self.daemon.end()
            self.paused = False

    def stop(self) -> None:
        """The daemon is told to end."""
        if self.daemon:
            self.daemon.put(Stop("SIGTERM"))

    def leave(self) -> None:
        """The operator takes the node out of the mesh."""
        if self.daemon:
            sometimes("left")
            self.daemon.put(Leave())

    def ban(self, other: "Machine") -> None:
        """The operator wants nothing to do with another."""
        if self.daemon and other is not self:
            sometimes("banned")
            self.daemon.put(Ban(other.keyring.identity.public_key))

    def unban(self, other: "Machine") -> None:
        """The operator thinks better of it."""
        if self.daemon:
            self.daemon.put(Unban(other.keyring.identity.public_key))

    def lose_power(self) -> None:
        """Everything that is not on the disk is gone."""
        sometimes("power_lost")
        self.kill()
        self.wireguard.vanish()
        self.beside.vanish()

    def lose_device(self) -> None:
        """The process that carries the interface dies, or somebody deletes it; the daemon is told."""
        if self.wireguard.device is not None:
            sometimes("device_lost")
        self.wireguard.vanish()
        if self.daemon:
            self.daemon.put(Due("sample"))

    def sleep(self) -> None:
        """The lid is closed."""
        if not self.asleep:
            sometimes("suspended")
            self.asleep, self._slept_at = True, self.clock.steady()

    def wake(self) -> None:
        """The lid is opened."""
        slept, self.asleep = self.clock.steady() - self._slept_at, False
        self.wireguard.resumed()
        self.beside.resumed()
        if self.daemon and slept >= SLEEP_NOTICED:
            self.daemon.put(Woke(slept))
        elif self.daemon:
            self.daemon.serve_soon()

    def pause(self) -> None:
        """The daemon gets no processor."""
        if self.daemon:
            sometimes("paused")
            self.paused = True

    def resume(self) -> None:
        """It gets one again."""
        self.paused = False
        if self.daemon:
            self.daemon.serve_soon()

    def heal(self, home: Segment) -> None:
        """Whatever was done to the machine is over; it is on some segment, and its daemon runs."""
        self.disk.full, self.disk.dies, self.wireguard.refuses = False, "", ()
        if self.asleep:
            self.wake()
        if self.paused:
            self.resume()
        if not self.interfaces:
            self.plug(self.nics[0], home)
        self.start()

    def die(self) -> None:
        """For good."""
        self.lose_power()
        self.dead = True

    def hear(self, nic: Nic, frame: Frame) -> None:
        """A frame arrives at one of our interfaces."""
        if self.asleep or self.dead:
            return
        if isinstance(frame.content, bytes):
            if self.daemon:
                self.daemon.hear(nic, frame)
        elif self.wireguard.device and frame.target.port == self.wireguard.device.listen_port:
            self.wireguard.hear(frame._replace(source=nic.scoped(frame.source)))

    def transmit(self, port: int, to: Endpoint, size: int, content: object) -> None:
        """Send from this port by the way that the routes know, if they know one."""
        nic = self._way(to)
        if nic is not None and nic.segment is not None:
            source = Endpoint(nic.address(to.ip), port)
            nic.segment.send(nic, Frame(source, Endpoint(to.ip, to.port), size, content))

    def finds_way(self, to: Endpoint) -> bool:
        """Does a datagram to there leave the machine?"""
        return self._way(to) is not None

    def _way(self, to: Endpoint) -> Nic | None:
        """By the interface on whose network it is, else by the first that has a router."""
        plugged = [nic for nic in self.nics if nic.segment is not None]
        on_link = (nic for nic in plugged if (nic.name == to.scope or not to.scope) and nic.is_on_link(to.ip))
        routed = (nic for nic in plugged if nic.segment and nic.segment.router and nic.ipv4 and ":" not in to.ip)
        return next(on_link, None) or next(routed, None)

    def deliver(self, public_key: bytes, inner: Inner) -> None:
        """A packet came out of a tunnel."""
        self.kernel.deliver(public_key, inner)

    def wall(self) -> int:
        """Ms since 1970, as the machine believes."""
        return self.clock.wall()

    def steady(self) -> int:
        """Ms on the steady clock."""
        return self.clock.steady()

    def is_running(self) -> bool:
        """Has power and is awake."""
        return not self.asleep and not self.dead
