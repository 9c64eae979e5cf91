"""What goes wrong: each fault begins now and says how it ends. All of them are over when a run begins to heal.

`FAULTS` is the whole list; a run draws a part of it, because faults hide each other.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec.structs import replace

from tests.simulation.disk import Backup
from tests.simulation.machine import Machine
from tests.simulation.marks import sometimes
from tests.simulation.network import CALM, Segment
from tests.simulation.site import Site
from tests.simulation.world import MILLISECOND, SECOND
from wgmesh.domain.device import AddAddress, AddPeer, AddRoute, CreateInterface, DevicePeer, RemovePeer, UpdatePeer

Undo = Callable[[], None]
Fault = Callable[[Site], Undo | None]

HOUR_MS, YEAR_MS = 3_600_000, 31_536_000_000


def _some_machine(site: Site) -> Machine:
    return site.chance.choice(site.machines)


def _some_segment(site: Site) -> Segment:
    return site.chance.choice(site.segments)


def _weather(site: Site, **changes: float) -> Undo:
    """Bad weather on one segment, on top of what there is."""
    segment = _some_segment(site)
    segment.weather = replace(segment.weather, **changes)

    def clear() -> None:
        segment.weather = CALM

    return clear


def loss(site: Site) -> Undo:
    """Datagrams are lost."""
    return _weather(site, loss=site.chance.choice((0.01, 0.1, 0.3, 0.8)))


def doubling(site: Site) -> Undo:
    """Datagrams arrive twice, and late, and overtake each other."""
    return _weather(site, duplication=0.3, held_up=site.chance.choice((0.01, 0.2)), latency=20 * MILLISECOND)


def damage(site: Site) -> Undo:
    """Datagrams arrive with wrong bits or cut short."""
    return _weather(site, corruption=0.1, truncation=0.1)


def black_hole(site: Site) -> Undo:
    """Large datagrams vanish, small ones pass."""
    return _weather(site, largest=site.chance.choice((600, 1100)))


def _cut(segment: Segment, pairs: list[tuple[str, str]]) -> Undo:
    for pair in pairs:
        segment.cuts[pair] = segment.cuts.get(pair, 0) + 1

    def mend() -> None:
        for pair in pairs:
            if pair in segment.cuts:
                segment.cuts[pair] -= 1
                if not segment.cuts[pair]:
                    del segment.cuts[pair]

    return mend


def partition(site: Site) -> Undo:
    """A segment falls into two sides; sometimes one machine still sees both, sometimes one direction stays open."""
    segment = _some_segment(site)
    names = [nic.station.name for nic in segment.nics]
    site.chance.shuffle(names)
    middle = len(names) // 2
    kind = site.chance.choice(("two sides", "bridge", "one way"))
    one, other = names[:middle], names[middle + (kind == "bridge") :]
    if kind == "bridge" and one and other:
        sometimes("bridge")
    if kind == "one way" and one and other:
        sometimes("one_way")
    there = [(a, b) for a in one for b in other]
    back = [] if kind == "one way" else [(b, a) for a, b in there]
    return _cut(segment, there + back)


def split(site: Site) -> Undo:
    """The machines fall into two sides, wherever they stand."""
    names = [machine.name for machine in site.machines]
    site.chance.shuffle(names)
    place = site.chance.randrange(1, len(names))
    pairs = [pair for one in names[:place] for other in names[place:] for pair in ((one, other), (other, one))]
    sometimes("split")
    site.cut(pairs)
    return lambda: site.mend(pairs)


def far_weather(site: Site) -> Undo:
    """Between the segments datagrams are lost, come twice, or vanish if they are large."""
    worse = replace(CALM, loss=site.chance.choice((0.0, 0.1, 0.5)), duplication=0.1)
    site.middle.weather = worse if site.chance.random() < 0.7 else replace(worse, largest=600)

    def clear() -> None:
        site.middle.weather = CALM

    return clear


def flush_nat(site: Site) -> Undo | None:
    """A NAT is switched off and on."""
    nats = [router.nat for router in site.middle.routers if router.nat is not None]
    if nats:
        site.chance.choice(nats).flush()
    return None


def kill(site: Site) -> Undo | None:
    """A daemon ends without a word, at times in the middle of a commit, and is started again."""
    machine = _some_machine(site)
    when = site.chance.choice(("now", "before", "after"))
    if when == "now":
        machine.kill()
    else:
        machine.disk.dies = when

    def back() -> None:
        machine.disk.dies = ""
        machine.start()

    return back


def power(site: Site) -> Undo | None:
    """A machine stops with its device, and comes back."""
    machine = _some_machine(site)
    machine.lose_power()
    return machine.start


def stop(site: Site) -> Undo | None:
    """A daemon ends in good order, leaves a snapshot, and is started again."""
    machine = _some_machine(site)
    machine.stop()
    return machine.start


def leave(site: Site) -> Undo | None:
    """A node leaves the mesh, and comes back later."""
    machine = _some_machine(site)
    machine.leave()
    return machine.start


def suspend(site: Site) -> Undo:
    """A machine sleeps."""
    machine = _some_machine(site)
    machine.sleep()
    return machine.wake


def pause(site: Site) -> Undo:
    """A daemon starves while its machine and its device go on."""
    machine = _some_machine(site)
    machine.pause()
    return machine.resume


def starve(site: Site) -> Undo:
    """A daemon gets hardly any processor: it is stopped for seconds, and goes on for a moment, again and again."""
    machine, ended = _some_machine(site), [False]
    sometimes("starved")

    def stall() -> None:
        if not ended[0]:
            machine.pause()
            site.world.after(int(site.chance.uniform(0.1, 9) * SECOND), breathe)

    def breathe() -> None:
        machine.resume()
        site.world.after(int(site.chance.uniform(0.01, 0.3) * SECOND), stall)

    def fed() -> None:
        ended[0] = True
        machine.resume()

    stall()
    return fed


def ban(site: Site) -> Undo:
    """An operator bans a machine, and later does not."""
    machine, other = _some_machine(site), _some_machine(site)
    machine.ban(other)
    return lambda: machine.unban(other)


def clock(site: Site) -> Undo | None:
    """Somebody sets a wall clock, or a machine counts too fast or too slow from now on."""
    machine = _some_machine(site)
    by = site.chance.choice((-HOUR_MS, -25 * HOUR_MS, HOUR_MS, 10 * YEAR_MS, -7_000, 900_000, 0))
    machine.clock.step(by)
    machine.clock.drift(site.chance.randrange(-200, 201))
    if by:
        sometimes("clock_back" if by < 0 else "clock_forward")
    return None


def full_disk(site: Site) -> Undo:
    """A disk is full."""
    machine = _some_machine(site)
    machine.disk.full = True

    def room() -> None:
        machine.disk.full = False
        machine.start()

    return room


def backup(site: Site) -> Undo | None:
    """A machine stops, its log or its whole directory is replaced by an older copy, and it comes back."""
    machine = _some_machine(site)
    copy = Backup(machine.disk)

    whole = site.chance.random() < 0.5

    def restore() -> None:
        machine.lose_power()
        machine.disk.restore(copy, whole=whole)
        site.checks.restored(machine)
        machine.start()

    return restore


def lose_log(site: Site) -> Undo | None:
    """A machine stops, its log and its boot counter are gone, and it comes back."""
    machine = _some_machine(site)
    machine.lose_power()
    machine.disk.lose()
    site.checks.restored(machine)
    return machine.start


def clone(site: Site) -> Undo | None:
    """Somebody starts a copy of a machine, notices, throws it away and starts whoever else has its identity anew.

    Of a copy's copy that is the first machine too, even where the copy between them is gone by then.
    """
    machine = _some_machine(site)
    copy = site.clone(machine, _some_segment(site))
    sometimes("cloned")
    copy.start()

    def notice() -> None:
        site.remove(copy)
        for other in site.machines:
            if other.seed == copy.seed:
                other.kill()
                other.start()

    return notice


def unplug(site: Site) -> Undo:
    """A cable is pulled, and put back where it was."""
    machine = _some_machine(site)
    nic = site.chance.choice(machine.nics)
    segment = nic.segment
    if segment is not None:
        sometimes("unplugged")
        machine.unplug(nic)

    def replug() -> None:
        if segment is not None and nic.segment is None:
            machine.plug(nic, segment)

    return replug


def readdress(site: Site) -> Undo | None:
    """An interface gets another address: DHCP gave a new lease."""
    machine = _some_machine(site)
    nic = machine.nics[0]
    if nic.segment is not None and nic.segment.network:
        sometimes("readdressed")
        free = [host for host in range(101, 250) if f"{nic.segment.network}.{host}" not in nic.segment.owners]
        machine.plug(nic, nic.segment, f"{nic.segment.network}.{site.chance.choice(free)}/24")
    return None


def move(site: Site) -> Undo | None:
    """A machine is carried to another segment, or stands on two."""
    machine = _some_machine(site)
    segment = _some_segment(site)
    nic = site.chance.choice(machine.nics)
    if any(each.segment is segment for each in machine.nics):
        return None
    sometimes("moved" if nic.segment is not None else "two_homes")
    machine.plug(nic, segment)
    return None


def lose_device(site: Site) -> Undo | None:
    """The interface is deleted, or the process that carries it dies."""
    _some_machine(site).lose_device()
    return None


def stubborn(site: Site) -> Undo:
    """The system refuses some kind of change to the device for a while."""
    machine = _some_machine(site)
    machine.wireguard.refuses = (
        site.chance.choice((AddPeer, UpdatePeer, RemovePeer, AddAddress, AddRoute, CreateInterface)),
    )

    def relent() -> None:
        machine.wireguard.refuses = ()

    return relent


def meddle(site: Site) -> Undo | None:
    """Somebody puts a peer of his own on the device, or takes one of ours away."""
    machine = _some_machine(site)
    device = machine.wireguard.device
    if device is None:
        return None
    key = site.chance.randbytes(32)
    with _willing(machine):
        machine.wireguard.apply([AddPeer(DevicePeer(key, 0, None, ("192.0.2.7/32",)))])
        if device.peers and site.chance.random() < 0.5:
            machine.wireguard.apply([RemovePeer(site.chance.choice(device.peers).public_key)])
    return None


@contextmanager
def _willing(machine: Machine) -> Iterator[None]:
    refuses, machine.wireguard.refuses = machine.wireguard.refuses, ()
    yield
    machine.wireguard.refuses = refuses


FAULTS: tuple[Fault, ...] = (
    loss, doubling, damage, black_hole, partition, kill, power, stop, leave, suspend, pause, clock, full_disk, backup,
    unplug, readdress, move, lose_device, stubborn, meddle, split, far_weather, flush_nat, starve, lose_log, ban,
    clone,
)  # fmt: skip
