"""What the operator asked for, resolved once: flags, else the configuration file, else the default.

`join` makes one frozen `Settings` and hands it to the daemon through a memory file: nothing is looked up again later,
and nothing of it stands in an argument or in the environment.
"""

import ipaddress
import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from wgmesh.domain import routes
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.peer_record import MOST_ROUTES
from wgmesh.domain.settings import ALL_ROUTES
from wgmesh.domain.values import DAY, HOUR, Port

DEFAULT_INTERFACE = "wgmesh0"
STATE_ROOT = Path("/var/lib/wgmesh")
STATE_DIR_VARIABLE = "WGMESH_STATE_DIR"

# Nodes of BitTorrent's Mainline DHT that everybody begins at; each is run by somebody else.
DHT_ROUTERS = (
    "router.bittorrent.com:6881",
    "dht.transmissionbt.com:6881",
    "router.utorrent.com:6881",
    "dht.libtorrent.org:25401",
)

# Servers that tell everybody which address they see (RFC 8489), each of another operator.
STUN_SERVERS = (
    "stun.cloudflare.com:3478",
    "stun.l.google.com:19302",
    "stun.nextcloud.com:3478",
)

# What `--stun` takes beside servers: those above, though a configuration file says otherwise.
ON = "on"
# Where notes are left for members who find each other nowhere else.
REGISTRY_URL = "https://api.github.com"
REGISTRY_REPO = "wgmesh-registry/public"

WireGuardChoice = Literal["auto", "kernel", "userspace", "none"]
KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

# What Linux takes as the name of an interface, and `wg-quick` with it.
_INTERFACE_NAME = re.compile(r"[A-Za-z0-9_=+.-]{1,15}", re.ASCII)
# A host's name or IPv4 address, or an IPv6 address in brackets; then a port.
_PLACE = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9_.-]{1,253})):([0-9]{1,5})", re.ASCII)
# An owner and a name of its, as GitHub, Gitea and Forgejo allow them.
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}", re.ASCII)
# A hostname in a peer record (protocol, section 3).
_HOSTNAME = re.compile(r"[a-z0-9-]{1,63}", re.ASCII)


class Settings(Struct, frozen=True):
    """Everything `join` resolved. `secret` is the whole URI, and never in `repr`; `listen_port` 0 is automatic.

    `registry_token` is as secret; it is empty where there is none.

    `state_dir` is absolute. `lan_interfaces` names the only ones to use for the LAN; empty: all that are suitable.
    `advertise_routes` and `accept_routes` are canonical prefixes, or the one word ALL_ROUTES.
    Records are kept for `keep` ms; `record_inputs` is the absolute path of a recording, empty for none.
    `peers`, `endpoints`, `dht_bootstrap` and `stun_servers` are places, as `parse_place` reads them.
    """

    secret: str
    interface: str
    state_dir: str
    listen_port: int
    hostname: str
    wireguard: WireGuardChoice
    lan: bool
    lan_interfaces: tuple[str, ...]
    log_format: LogFormat
    log_level: LogLevel
    allow_weak_secret: bool
    keep: int = 30 * DAY
    log_cap_bytes: int = 64 * 1024 * 1024
    record_inputs: str = ""
    advertise_routes: tuple[str, ...] = ()
    accept_routes: tuple[str, ...] = ()
    hosts: bool = False
    gossip: bool = True
    peers: tuple[str, ...] = ()
    endpoints: tuple[str, ...] = ()
    dht: bool = True
    dht_bootstrap: tuple[str, ...] = DHT_ROUTERS
    stun: bool = True
    stun_servers: tuple[str, ...] = STUN_SERVERS
    registry: bool = False
    registry_url: str = REGISTRY_URL
    registry_repo: str = REGISTRY_REPO
    registry_token: str = ""
    relay: bool = True

    def __repr__(self) -> str:
        return f"Settings({self.interface})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """For tracebacks that print local variables: no more than `repr`."""
        return [("interface", self.interface)]


class Options(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="kebab"):
    """The options of `join` as given, on the command line or in a file under the same names. None: not given."""

    secret: str | None = None
    secret_file: str | None = None
    interface: str | None = None
    listen_port: Port | Literal["auto"] | None = None
    hostname: str | None = None
    state_dir: str | None = None
    wireguard: WireGuardChoice | None = None
    lan: bool | None = None
    lan_interface: tuple[str, ...] | None = None
    gossip: bool | None = None
    log_format: LogFormat | None = None
    log_level: LogLevel | None = None
    allow_weak_secret: bool | None = None
    keep: str | None = None
    log_cap: str | None = None
    record_inputs: str | None = None
    advertise_routes: tuple[str, ...] | None = None
    accept_routes: tuple[str, ...] | None = None
    hosts: bool | None = None
    peer: tuple[str, ...] | None = None
    endpoint: tuple[str, ...] | None = None
    dht: bool | None = None
    dht_bootstrap: tuple[str, ...] | None = None
    stun: bool | tuple[str, ...] | None = None
    registry: bool | None = None
    registry_url: str | None = None
    registry_repo: str | None = None
    registry_token_file: str | None = None
    relay: bool | None = None

    def __repr__(self) -> str:
        return "Options()"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """For tracebacks that print local variables: nothing."""
        return []


def over(first: Options, second: Options) -> Options:
    """The options of `first`, and of `second` where `first` says nothing."""
    given = {name: getattr(first, name) for name in Options.__struct_fields__}
    return msgspec.structs.replace(second, **{name: value for name, value in given.items() if value is not None})


def resolve(options: Options, environ: Mapping[str, str]) -> Settings:
    """The settings, still without a secret; WgmeshError for a name that nothing can have."""
    interface = options.interface or DEFAULT_INTERFACE
    if not _INTERFACE_NAME.fullmatch(interface) or interface in (".", ".."):
        raise WgmeshError(
            f"{interface!r} cannot be the name of an interface: use at most 15 letters, digits and _ = + . -"
        )
    return Settings(
        secret="",
        interface=interface,
        state_dir=str(state_directory(interface, options.state_dir, environ)),
        listen_port=options.listen_port if isinstance(options.listen_port, int) else 0,
        hostname=_checked(options.hostname) if options.hostname is not None else own_hostname(socket.gethostname()),
        wireguard=options.wireguard or "auto",
        lan=options.lan is not False,
        lan_interfaces=_listed(options.lan_interface or ()),
        log_format=options.log_format or "text",
        log_level=options.log_level or "info",
        allow_weak_secret=bool(options.allow_weak_secret),
        keep=_measured("--keep", options.keep or "30d", {"d": DAY, "h": HOUR}, least="1d"),
        log_cap_bytes=_measured("--log-cap", options.log_cap or "64M", {"K": KIB, "M": MIB, "G": GIB}, least="4M"),
        record_inputs=str(Path(options.record_inputs).absolute()) if options.record_inputs else "",
        advertise_routes=_advertised(options.advertise_routes or ()),
        accept_routes=_accepted(options.accept_routes or ()),
        hosts=bool(options.hosts),
        gossip=options.gossip is not False,
        peers=_places("--peer", options.peer or ()),
        endpoints=_places("--endpoint", options.endpoint or ()),
        dht=options.dht is not False,
        relay=options.relay is not False,
        dht_bootstrap=_places("--dht-bootstrap", options.dht_bootstrap or DHT_ROUTERS),
        stun=options.stun is not False,
        stun_servers=_places("--stun", _stun_servers(options.stun)),
        registry=bool(options.registry),
        registry_url=_url(options.registry_url or REGISTRY_URL),
        registry_repo=_repository(options.registry_repo or REGISTRY_REPO),
    )


def state_directory(interface: str, given: str | None, environ: Mapping[str, str]) -> Path:
    """Where a node keeps its state: as said, else as the environment says, else by its interface. Absolute."""
    return Path(given or environ.get(STATE_DIR_VARIABLE) or STATE_ROOT / interface).absolute()


def own_hostname(name: str) -> str:
    """This machine's name, reduced to what a peer record can carry; `node` when nothing of it can."""
    reduced = re.sub(r"[^a-z0-9]+", "-", name.partition(".")[0].lower(), flags=re.ASCII).strip("-")
    return reduced[:63] or "node"


def _checked(hostname: str) -> str:
    if not _HOSTNAME.fullmatch(hostname):
        raise WgmeshError(f"{hostname!r} cannot be a hostname here: use at most 63 of a-z, 0-9 and -")
    return hostname


def _measured(option: str, text: str, units: dict[str, int], least: str) -> int:
    """A whole number and a unit, as the smallest unit counts; WgmeshError for anything else, and for less than that."""
    number, unit = text[:-1], text[-1:]
    if not re.fullmatch(r"[1-9][0-9]{0,8}", number, re.ASCII) or unit not in units:
        raise WgmeshError(f"{option} cannot be {text!r}: write a number and {' or '.join(units)}, like {least}")
    if int(number) * units[unit] < int(least[:-1]) * units[least[-1]]:
        raise WgmeshError(f"{option} {text} is too little to work with: use {least} or more")
    return int(number) * units[unit]


def _advertised(texts: tuple[str, ...]) -> tuple[str, ...]:
    prefixes = _prefixes(texts)
    if len(prefixes) > MOST_ROUTES:
        raise WgmeshError(f"a node can announce {MOST_ROUTES} routes, not {len(prefixes)}: take wider prefixes")
    return prefixes


def _accepted(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The word alone where it is among them: it takes the others in."""
    return (ALL_ROUTES,) if ALL_ROUTES in _listed(texts) else _prefixes(texts)


def _prefixes(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({routes.parse(text) for text in _listed(texts)}))


def parse_place(text: str) -> tuple[str, int]:
    """Host and port of `host:port`, `192.0.2.1:port` or `[2001:db8::1]:port`; ValueError for anything else."""
    match = _PLACE.fullmatch(text)
    if not match or not 0 < int(match[3]) < 65536:
        raise ValueError(f"not a host and port: {text!r}")
    if match[1]:
        ipaddress.IPv6Address(match[1])
    return match[1] or match[2], int(match[3])


def _places(option: str, given: tuple[str, ...]) -> tuple[str, ...]:
    """An option that names places; WgmeshError for what is none."""
    places = _listed(given)
    for place in places:
        try:
            parse_place(place)
        except ValueError as error:
            raise WgmeshError(f"{option} cannot be {place!r}: write HOST:PORT, or [ADDRESS]:PORT for IPv6") from error
    return places


def _stun_servers(given: tuple[str, ...] | bool | None) -> tuple[str, ...]:
    """Those that the operator names, else the well-known ones, which `on` stands for."""
    return STUN_SERVERS if given is None or isinstance(given, bool) or given == (ON,) else given


def _url(text: str) -> str:
    """The base of a registry's API; WgmeshError for what no request can go to, or what would be told everybody."""
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
        fits = fits and not (parts.username or parts.password or parts.query or parts.fragment)
    except ValueError:
        fits = False
    if not fits or not text.isprintable() or " " in text:
        raise WgmeshError(f"--registry-url cannot be {text!r}: write https://HOST or https://HOST/PATH, and no more")
    return text.rstrip("/")


def _repository(text: str) -> str:
    if not _REPOSITORY.fullmatch(text) or ".." in text:
        raise WgmeshError(f"--registry-repo cannot be {text!r}: write OWNER/NAME")
    return text


def _listed(names: tuple[str, ...]) -> tuple[str, ...]:
    """An option that is repeated or comma-separated, as one list."""
    return tuple(name for each in names for name in each.split(",") if name)


def encode(settings: Settings) -> bytes:
    """The settings as msgpack, secret and all."""
    return msgspec.msgpack.encode(settings)


def read_settings(fd: int) -> Settings:
    """What `join` wrote to this descriptor, which is closed."""
    with os.fdopen(fd, "rb") as file:
        file.seek(0)
        return msgspec.msgpack.decode(file.read(), type=Settings)
