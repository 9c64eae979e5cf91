"""Everything that can fail, looked at before anything is changed: whoever is refused finds the machine as it was.

The daemon checks again what another process may change in between; here the operator still sits before it.
"""

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from wgmesh import __version__
from wgmesh.adapters.clock import Clock
from wgmesh.adapters.event_log.database import Unreadable
from wgmesh.adapters.event_log.reader import LogReader
from wgmesh.adapters.event_log.verify import verify
from wgmesh.adapters.forwarding import forwarding_off
from wgmesh.adapters.netlink.links import Links
from wgmesh.adapters.ports import port_is_free
from wgmesh.adapters.state_files import load_seed, lock_holder, open_directory, read_generations
from wgmesh.adapters.wireguard import open_wireguard
from wgmesh.domain import snapshot
from wgmesh.domain.attached import overlap
from wgmesh.domain.errors import LogBroken, LogFull, WgmeshError
from wgmesh.domain.folding import evolve
from wgmesh.domain.identity import Identity
from wgmesh.domain.keys import parameters
from wgmesh.domain.membership import OTHER_URI
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.parameters import ipv4_of, ipv6_of
from wgmesh.domain.routes import mesh_objection
from wgmesh.domain.secret import Secret, fingerprint, format_uri, parse
from wgmesh.domain.values import Interface
from wgmesh.node import Keyring
from wgmesh.projections.warnings import FORWARDING
from wgmesh.settings import Settings

LOG_NAME = "events.db"
# The ballast, and a log with its index for a first day.
ROOM_BYTES = 2 * 1024 * 1024


class Ready(Struct, frozen=True):
    """A join that nothing known stands in the way of.

    `settings` hold the secret; `seed` and `mesh` are None before the first join. `interfaces`: those of the LAN.
    """

    settings: Settings
    seed: bytes | None
    mesh: Mesh | None
    interfaces: tuple[Interface, ...]

    def __repr__(self) -> str:
        return f"Ready({self.settings})"


def addresses(ready: Ready) -> tuple[str, ...]:
    """The mesh addresses that the node will have; none while it has no seed. They are as the log has them."""
    if ready.seed is None:
        return ()
    given = parameters(parse(ready.settings.secret, allow_weak=True))
    public_key = Identity.from_seed(ready.seed).public_key
    ipv4 = ready.mesh.ipv4 if ready.mesh else ipv4_of(given, public_key, 0)
    if overlap(Mesh(parameters=given, interfaces=ready.interfaces)):
        ipv4 = ""
    return tuple(filter(None, (ipv4, ipv6_of(given, public_key))))


def check(settings: Settings, given: str | None, remark: Callable[[str], None], *, dry_run: bool = False) -> Ready:
    """Look at all that a join depends on, and change nothing. `given`: the secret, if one was.

    WgmeshError for the first thing that stands in the way. A dry run without root's rights goes on where those would
    be needed, and says so through `remark`.
    """
    lenient = remark if dry_run and os.geteuid() != 0 else None
    directory = Path(settings.state_dir)
    known = _attempt(lambda: _check_directory(directory), lenient) and directory.exists()
    secret = _chosen(directory if known else None, given, settings.allow_weak_secret)
    seed = load_seed(directory) if known else None
    mesh = _folded(directory, seed, secret) if known else None
    keyring = Keyring.of(seed or os.urandom(32), secret)
    _check_routes(settings, keyring, remark)
    try:
        with closing(Links()) as links:
            _attempt(lambda: _check_device(settings, keyring, links), lenient)
            interfaces = links.interfaces(settings.lan_interfaces)
    except OSError as error:
        raise WgmeshError(f"this machine's networks cannot be looked at ({error}): try again") from error
    for name in settings.lan_interfaces:
        if not any(interface.name == name for interface in interfaces):
            remark(f"the interface {name} is not there or not up; wgmesh uses it as soon as it is")
    return Ready(replace(settings, secret=format_uri(secret)), seed, mesh, interfaces)


def _attempt(checks: Callable[[], None], lenient: Callable[[str], None] | None) -> bool:
    """Whether it passed. Where `lenient` is None, what does not pass is raised."""
    try:
        checks()
    except WgmeshError as error:
        if lenient is None:
            raise
        lenient(f"{error} (a dry run goes on)")
        return False
    return True


def _check_directory(directory: Path) -> None:
    """It can be used, or made; it has room; nobody runs on it."""
    place = next(path for path in (directory, *directory.parents) if path.exists())
    if place == directory:
        open_directory(directory)
    room = os.statvfs(place)
    if not os.access(place, os.W_OK | os.X_OK) or room.f_flag & os.ST_RDONLY:
        raise WgmeshError(f"{place} cannot be written: name another --state-dir, or run this as root, with sudo")
    if room.f_bavail * room.f_frsize < ROOM_BYTES:
        raise LogFull(f"the disk that holds {place} is full: make room on it")
    holder = lock_holder(directory)
    if holder is not None:
        raise WgmeshError(f"wgmesh runs on {directory} already, as process {holder}: stop that one first")


def _chosen(directory: Path | None, given: str | None, allow_weak: bool) -> Secret:
    """The secret that was given, or the one that an earlier join stored; they have to be of one mesh."""
    generations = read_generations(directory) if directory else ()
    if given is None and not generations:
        raise WgmeshError("no secret was given: make one with `wgmesh init`, and join with --secret-file FILE")
    secret = None if given is None else parse(given, allow_weak)
    known = [parse(generation.uri, allow_weak=True) for generation in generations]
    if secret is None or secret in known:
        return parse(generations[-1].uri, allow_weak)
    if not known:
        return secret
    if any(secret.payload == each.payload for each in known):
        raise WgmeshError(f"this node {OTHER_URI}")
    raise WgmeshError(
        f"{directory} is of the mesh with secret {_called(known[-1])}, and the secret given is {_called(secret)}: "
        "take the right one, or another --interface and --state-dir to join another mesh"
    )


def _called(secret: Secret) -> str:
    return fingerprint(secret).hex() or "a weak one"


def _folded(directory: Path, seed: bytes | None, secret: Secret) -> Mesh | None:
    """What the log says, if there is one to be read; WgmeshError if it is another node's, or newer than we are."""
    log = directory / LOG_NAME
    if not log.exists():
        return None
    mesh = _fold(log)
    if mesh is None:
        return None
    if seed is None or Identity.from_seed(seed).key != mesh.identity:
        raise WgmeshError(
            f"{log} is of another node than {directory}/identity.seed: restore the seed, or move the log away"
        )
    if mesh.parameters != parameters(secret):
        raise WgmeshError(f"this node {OTHER_URI}")
    return mesh


def _fold(log: Path) -> Mesh | None:
    """None for a log that is empty, or damaged: the daemon repairs it."""
    try:
        with closing(LogReader(log, running=False)) as reader:
            kept = reader.snapshot(snapshot.shape(__version__))
            sequence, mesh = (kept[0], snapshot.decode(kept[1])) if kept else (0, Mesh())
            for record in reader.records(sequence):
                if isinstance(record, Unreadable):
                    raise WgmeshError(f"{record.reason}; install the wgmesh that wrote {log}")
                mesh = evolve(mesh, record)
            return mesh
    except LogBroken:
        return None
    except WgmeshError:
        if verify(log, running=False).records == 0:
            return None
        raise


def _check_routes(settings: Settings, keyring: Keyring, remark: Callable[[str], None]) -> None:
    """What is announced lies outside the mesh; a machine that forwards nothing is worth a word."""
    for prefix in settings.advertise_routes:
        if reason := mesh_objection(keyring.parameters, prefix):
            raise WgmeshError(f"--advertise-routes {prefix} is {reason}: announce networks that lie behind this node")
    families = dict.fromkeys("IPv6" if ":" in prefix else "IPv4" for prefix in settings.advertise_routes)
    for family in families:
        if family in forwarding_off():
            remark(
                f"this machine forwards no {family}: nobody reaches what it announces until"
                f" `sysctl -w {FORWARDING[family]}=1`"
            )


def _check_device(settings: Settings, keyring: Keyring, links: Links) -> None:
    """The back end, our rights, whose the interface is, and the port."""
    wireguard = open_wireguard(settings.wireguard, settings.interface, keyring, links, Clock().awake)
    wireguard.claim()
    device = wireguard.sample().device
    held = device.listen_port if device else 0
    if settings.listen_port and settings.listen_port != held and not port_is_free(settings.listen_port):
        raise WgmeshError(f"UDP port {settings.listen_port} is in use: choose another --listen-port, or leave it out")
