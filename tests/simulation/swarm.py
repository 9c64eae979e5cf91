"""One run from one seed: options, faults, then heal, and what must come true afterwards.

Options are drawn anew for each seed, most faults are off in most runs: that finds what a run with everything on hides.
"""

import time
import traceback
from random import Random
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from tests.simulation import convergence, marks
from tests.simulation.checks import Broken
from tests.simulation.diagram import draw
from tests.simulation.faults import FAULTS, clone
from tests.simulation.insiders import Insider
from tests.simulation.machine import Machine
from tests.simulation.marks import sometimes
from tests.simulation.nat import SCOPES, Scope
from tests.simulation.site import Site
from tests.simulation.strangers import Stranger
from tests.simulation.world import MINUTE, SECOND
from wgmesh.domain.keys import parameters
from wgmesh.domain.secret import Secret, mint

# So long after the last fault everything must be well: claims that were tried in vain are tried every 5 min at last,
# 15 min where a peer has many, and each side waits its turn.
HEALS_WITHIN = 40 * MINUTE
# Where they meet in a DHT: meshes that formed apart announce themselves every 25 min, and need the same hour for it.
MEETS_WITHIN = 90 * MINUTE
# What there is of a registry in a world with ways between its segments.
REGISTRIES: tuple[Literal["", "honest", "hostile"], ...] = ("", "", "honest", "honest", "hostile")
# So many registries are full of strangers' issues, by a chance of its own: other worlds stay as they were.
CROWDED = 0.3
# With a DHT so many nodes were told of nobody.
STRANGE = 0.7
# Worlds that live on for more than an hour after all was well: each costs as much as twenty others.
LONG_LIVED = 0.02
LOOK = SECOND
# What is dead by then and was not yet seen to be: WireGuard's sessions live 180 s.
NOTICED_WITHIN = 200 * SECOND
# In so many worlds a machine is copied while it runs, by a chance of its own: others stay as they were.
CLONED = 0.2
# In so many worlds most machines are behind NATs, and so many of all relay; by a chance of its own, too.
HIDDEN, WILLING = 0.2, 0.8
# How long a world without faults is given to come up.
SETTLES_WITHIN = 30 * SECOND


class Options(Struct, frozen=True):
    """What a run is made of. Times are in µs.

    `nats`: what is between each segment and the others; nothing at all where it is empty. `lanless` nodes keep silent
    on their LANs and know others by --peer. `routes`: so many prefixes are behind nodes. `pace` is the mean time
    between two faults, `aftermath` how long all must stay well after it was. `dht`: so many honest nodes of a DHT are
    between the segments, and so many `liars`. `stun`: so many honest STUN servers, and `false_stun` that are not.
    `registry`: whether there is one, and of which kind; `crowded`: with issues of strangers. `relays`: most machines
    relay, and may be relayed.
    """

    seed: int
    nodes: int
    duration: int
    segments: int = 1
    nats: tuple[tuple[Scope, Scope] | None, ...] = ()
    lanless: int = 0
    routes: int = 0
    chaos: bool = False
    subnet: str = ""
    faults: tuple[str, ...] = ()
    pace: int = MINUTE
    strangers: int = 0
    insiders: int = 0
    deaths: int = 0
    link_local: bool = False
    overlap: bool = False
    skewed: bool = False
    aftermath: int = 0
    registry: Literal["", "honest", "hostile"] = ""
    crowded: bool = False
    dht: int = 0
    liars: int = 0
    stun: int = 0
    false_stun: int = 0
    relays: bool = False


class Outcome(Struct, frozen=True):
    """What came of a run. `violation` is empty if nothing was broken; `healed`: µs from the last fault to all well."""

    options: Options
    digest: str
    virtual_seconds: float
    cpu_seconds: float
    happened: int
    steps: int
    records: int
    datagrams: int
    healed: int
    violation: str = ""
    drawing: str = ""
    marks: dict[str, int] = {}
    heads: dict[str, str] = {}


def draw_options(seed: int, nodes: int | None = None, duration: int | None = None) -> Options:
    """The options of a chaos run."""
    chance = Random(f"{seed}/options")
    count = nodes if nodes is not None else chance.choice((2, 3, 3, 4, 5, 6))
    segments = chance.choice((1, 1, 1, 2, 2, 3))
    routed = chance.random() < 0.6
    drawn = Options(
        seed=seed,
        nodes=count,
        duration=duration if duration is not None else chance.choice((2, 5, 10)) * MINUTE,
        segments=segments,
        nats=tuple(_draw_nat(chance) if place else None for place in range(segments)) if routed else (),
        lanless=chance.randrange(count + 1) if routed and chance.random() < 0.4 else 0,
        routes=chance.choice((0, 0, 1, 2)),
        chaos=True,
        subnet=chance.choice(("", "", "10.99.0.0/24", "10.99.0.0/28" if count <= 10 else "")),
        faults=tuple(fault.__name__ for fault in FAULTS if fault is not clone and chance.random() < 0.4),
        pace=chance.choice((2, 10, 30)) * SECOND,
        strangers=chance.choice((0, 0, 1, 2)),
        insiders=chance.choice((0, 0, 0, 1)),
        deaths=chance.choice((0, 0, 1)) if count > 2 else 0,
        link_local=chance.random() < 0.1,
        overlap=chance.random() < 0.1,
        skewed=chance.random() < 0.3,
        aftermath=75 * MINUTE if chance.random() < LONG_LIVED else 0,
        dht=chance.choice((0, 0, 6, 10)) if routed else 0,
    )
    if routed:
        crowded = Random(f"{seed}/crowd").random() < CROWDED
        drawn = replace(drawn, registry=Random(f"{seed}/registry").choice(REGISTRIES), crowded=crowded)
    drawn = replace(drawn, liars=chance.choice((0, 0, drawn.dht // 2)))
    drawn = replace(drawn, stun=chance.choice((0, 2, 3)) if routed else 0, false_stun=chance.choice((0, 0, 1)))
    drawn = _hide(drawn)
    is_cloned = Random(f"{seed}/clone").random() < CLONED
    return replace(drawn, faults=(*drawn.faults, clone.__name__)) if is_cloned else drawn


def _hide(drawn: Options) -> Options:
    """At times all segments but one are behind NATs of their own, most machines relay, and there are some on each."""
    chance = Random(f"{drawn.seed}/relays")
    if chance.random() >= HIDDEN:
        return drawn
    nats = [(chance.choice(SCOPES), chance.choice(SCOPES)) for _ in range(chance.choice((2, 2, 3)))]
    nodes = max(drawn.nodes, len(nats) + 2)
    return replace(drawn, nodes=nodes, segments=len(nats) + 1, nats=(*nats, None), relays=True)


def _draw_nat(chance: Random) -> tuple[Scope, Scope] | None:
    return (chance.choice(SCOPES), chance.choice(SCOPES)) if chance.random() < 0.4 else None


class Swarm:
    """A run in the making."""

    def __init__(self, options: Options) -> None:
        marks.reached.clear()
        secret = _secret(options)
        self.options = options
        self.site = Site(options.seed, secret, _networks(options, secret))
        if options.nats:
            self.site.route(options.nats)
        if options.dht:
            self.site.serve_dht(options.dht, options.liars)
        if options.stun:
            self.site.serve_stun(options.stun, options.false_stun)
        if options.registry:
            hostile = options.registry == "hostile"
            self.site.serve_registry(hostile=hostile, troubled=True, crowded=options.crowded)
        self.insiders: list[Insider] = []
        self.chance = self.site.world.chance("swarm")
        self.healed = -1

    def run(self) -> Outcome:
        """Build, break, heal, and say what came of it."""
        began, violation = time.process_time(), ""
        try:
            self._populate()
            if self.options.chaos:
                self._break_things()
                self._heal()
            else:
                self._live_quietly()
        except AssertionError as broken:
            violation = str(broken) if isinstance(broken, Broken) else _located(broken)
        return self._outcome(time.process_time() - began, violation)

    def _populate(self) -> None:
        site, options, chance = self.site, self.options, self.chance
        for place in range(options.nodes):
            homes = [site.segments[place % options.segments]]
            if options.chaos and options.segments > 1 and chance.random() < 0.2:
                sometimes("two_homes")
                homes.append(site.segments[(place + 1) % options.segments])
            machine = site.add(*homes)
            machine.relays = options.relays and Random(f"{options.seed}/relays {place}").random() < WILLING
            self._introduce(machine)
            self._lead_on(machine)
            if options.skewed:
                self._skew(machine)
            site.world.after(chance.randrange(2 * SECOND) if options.chaos else place, machine.start)
        for number in range(options.strangers):
            replays = chance.random() < 0.6
            segment, own = chance.choice(site.segments), site.world.chance(f"x{number}")
            stranger = Stranger(f"x{number}", number, segment, own, replays=replays, is_member=site.is_member)
            site.strangers.append(stranger)
        self.insiders += [Insider(site, number, chance.choice(site.segments)) for number in range(options.insiders)]

    def _introduce(self, machine: Machine) -> None:
        """A node off the LANs, or on a segment with a way to others, was told where somebody before it is."""
        options, site = self.options, self.site
        machine.lan = machine.number >= options.lanless
        known = [other for other in site.machines[: machine.number] if site.can_call(machine, other)]
        if options.nats and known and not (options.dht and self.chance.random() < STRANGE):
            sometimes("acquainted")
            count = min(len(known), self.chance.choice((1, 1, 2)))
            machine.acquaintances = self.chance.sample(known, count)

    def _lead_on(self, machine: Machine) -> None:
        """Behind some nodes are other networks, behind two of them at times the same; some send there."""
        if self.options.routes:
            if self.chance.random() < 0.3:
                machine.advertised = (f"172.20.{self.chance.randrange(self.options.routes)}.0/24",)
            machine.accepted = ("all",) if self.chance.random() < 0.5 else ()

    def _skew(self, machine: Machine) -> None:
        years = self.chance.choice((0, 0, -56, 80))
        if years:
            sometimes("far_clock")
        machine.clock.step(years * 31_536_000_000 + self.chance.randrange(-900_000, 900_000))
        machine.clock.drift(self.chance.randrange(-100, 100))

    def _live_quietly(self) -> None:
        world = self.site.world
        self.healed = self._watch(0, min(SETTLES_WITHIN, self.options.duration))
        world.run(self.options.duration)
        self._settled()

    def _break_things(self) -> None:
        world, options = self.site.world, self.options
        world.after(self._pause(), self._fault)
        for hostile in (*self.site.strangers, *self.insiders):
            world.after(self._pause(), self._hostility, hostile)
        world.run(options.duration)

    def _pause(self) -> int:
        return int(self.chance.expovariate(1.0) * self.options.pace)

    def _fault(self) -> None:
        world, options = self.site.world, self.options
        if world.now >= options.duration or not options.faults:
            return
        name = self.chance.choice(options.faults)
        undo = next(fault for fault in FAULTS if fault.__name__ == name)(self.site)
        if undo is not None:
            lasts = int(self.chance.choice((1, 20, 100, 300, 600)) * self.chance.random() * SECOND)
            world.at(min(world.now + lasts, options.duration), undo)
        world.after(self._pause(), self._fault)

    def _hostility(self, hostile: Stranger | Insider) -> None:
        if self.site.world.now < self.options.duration:
            hostile.act()
            self.site.world.after(self._pause(), self._hostility, hostile)

    def _heal(self) -> None:
        """Every fault is over, and those who are to stay dead are; now everything must come true in time."""
        site, began = self.site, self.site.world.now
        within = MEETS_WITHIN if site.dht or site.registry else HEALS_WITHIN
        site.calm()
        if site.registry:
            site.registry.troubled = False
        for machine in site.machines:
            machine.heal(site.segments[machine.number % len(site.segments)])
        for machine in self.chance.sample(site.machines, self.options.deaths):
            machine.die()
        self.healed = self._watch(began, within)
        site.world.run(site.world.now + NOTICED_WITHIN)
        self._watch(began, within)
        self._settled()

    def _watch(self, began: int, within: int) -> int:
        """How long it takes until nothing is missing."""
        world = self.site.world
        while world.now < began + within:
            world.run(world.now + (LOOK if world.now - began < MINUTE else 10 * LOOK) // 10)
            if not any(convergence.missing(self.site)):
                return world.now - began
        left = list(convergence.missing(self.site))
        raise Broken(f"liveness: {within / MINUTE:.0f} min after the last fault {'; '.join(left[:8])}")

    def _settled(self) -> None:
        options, site = self.options, self.site
        site.world.run(site.world.now + options.aftermath)
        left = list(convergence.missing(site))
        assert not left, f"liveness: all was well, and then {'; '.join(left)}"
        unheard = list(convergence.unheard(site))
        assert not unheard, f"relays: {'; '.join(unheard)}"
        grown = list(convergence.overgrown(site))
        assert not grown, f"bounds: {'; '.join(grown)}"
        for stranger in site.strangers:
            owed = stranger.sent if stranger.replays else 0
            assert stranger.received <= owed, f"S4: {stranger.name} sent {stranger.sent} bytes, got {stranger.received}"
        if any(len(group) > 1 for group in convergence.groups(site)):
            sometimes("digests_equal")

    def _outcome(self, cpu_seconds: float, violation: str) -> Outcome:
        site = self.site
        drawing = draw(site.taps, site.envelope_key, site.name_of) if violation else ""
        heads = {machine.name: f"{len(machine.disk.stored)} {machine.disk.chain.hex()}" for machine in site.machines}
        return Outcome(
            options=self.options,
            digest=site.digest(),
            virtual_seconds=site.world.now / SECOND,
            cpu_seconds=cpu_seconds,
            happened=site.world.happened,
            steps=site.checks.steps,
            records=sum(machine.disk.acknowledged for machine in site.machines),
            datagrams=sum(segment.sent for segment in site.segments),
            healed=self.healed,
            violation=violation,
            drawing=drawing,
            marks=dict(marks.reached),
            heads=heads,
        )


def simulate(options: Options) -> Outcome:
    """Run it."""
    return Swarm(options).run()


def _secret(options: Options) -> Secret:
    secret = mint(Random(f"{options.seed}/secret").randbytes(32))
    return Secret(secret.payload, subnet=options.subnet) if options.subnet else secret


def _networks(options: Options, secret: Secret) -> list[str]:
    networks = [f"192.168.{place + 1}" for place in range(options.segments)]
    if options.overlap and not options.subnet:
        sometimes("overlapping_range")
        networks[0] = parameters(secret).network.rpartition(".")[0]
    if options.link_local:
        sometimes("link_local_only")
        networks[-1] = ""
    return networks


def _located(broken: AssertionError) -> str:
    """An assertion of the code under test: where it stands, and what it says."""
    last = traceback.extract_tb(broken.__traceback__)[-1]
    return f"{str(broken) or 'assertion'} ({last.name}, line {last.lineno}: {last.line})"
