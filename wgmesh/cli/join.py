"""`wgmesh join`: read, check, and become the daemon."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from wgmesh.cli.config_file import read_options
from wgmesh.cli.outside import (
    Dht,
    DhtBootstrap,
    Endpoints,
    NoStun,
    Peers,
    Registry,
    RegistryRepo,
    RegistryTokenFile,
    RegistryUrl,
    Relaying,
    Stun,
)
from wgmesh.cli.place import StateDir
from wgmesh.cli.secret_ways import take_secret
from wgmesh.cli.terminal import remark
from wgmesh.cli.token_ways import with_token

if TYPE_CHECKING:
    from wgmesh.preflight import Ready
    from wgmesh.settings import Options, Settings


def join(
    secret: Annotated[str | None, typer.Option(metavar="URI|-", help="The secret; - reads standard input.")] = None,
    secret_file: Annotated[str | None, typer.Option(metavar="FILE", help="Where the secret is.")] = None,
    interface: Annotated[str | None, typer.Option(metavar="NAME", show_default="wgmesh0")] = None,
    listen_port: Annotated[str | None, typer.Option(metavar="auto|PORT", help="WireGuard's UDP port.")] = None,
    hostname: Annotated[
        str | None, typer.Option(metavar="NAME", help="What others call this node.", show_default="the machine's")
    ] = None,
    state_dir: StateDir = None,
    wireguard: Annotated[
        Literal["auto", "kernel", "userspace", "none"] | None, typer.Option(help="What does the work.")
    ] = None,
    lan: Annotated[
        bool | None, typer.Option("--lan/--no-lan", help="Find peers on the LAN.", show_default="on")
    ] = None,
    lan_interface: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only on these interfaces.")] = None,
    advertise_routes: Annotated[
        list[str] | None, typer.Option(metavar="CIDR,…", help="Networks behind this node that others may reach.")
    ] = None,
    accept_routes: Annotated[
        list[str] | None, typer.Option(metavar="CIDR…|all", help="Use what peers announce of these.")
    ] = None,
    hosts: Annotated[
        bool | None, typer.Option("--hosts/--no-hosts", help="Names of peers in /etc/hosts.", show_default="off")
    ] = None,
    gossip: Annotated[
        bool | None, typer.Option("--gossip/--no-gossip", help="Pass news on to members.", show_default="on")
    ] = None,
    peer: Peers = None,
    endpoint: Endpoints = None,
    dht: Dht = None,
    dht_bootstrap: DhtBootstrap = None,
    stun: Stun = None,
    no_stun: NoStun = False,
    registry: Registry = None,
    registry_url: RegistryUrl = None,
    registry_repo: RegistryRepo = None,
    registry_token_file: RegistryTokenFile = None,
    relay: Relaying = None,
    log_format: Literal["text", "json"] | None = None,
    log_level: Literal["debug", "info", "warning", "error"] | None = None,
    allow_weak_secret: Annotated[bool | None, typer.Option("--allow-weak-secret", help="Take a phrase.")] = None,
    keep: Annotated[str | None, typer.Option(metavar="TIME", help="How long records stay.", show_default="30d")] = None,
    log_cap: Annotated[str | None, typer.Option(metavar="SIZE", help="At most so large.", show_default="64M")] = None,
    record_inputs: Annotated[str | None, typer.Option(metavar="FILE", help="Record what it takes, to replay.")] = None,
    config: Annotated[Path | None, typer.Option(metavar="FILE.toml", help="These options, in a file.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check what can fail.")] = False,
) -> None:
    """Run this node in the foreground."""
    flags = {name: value for name, value in locals().items() if name not in ("config", "dry_run", "no_stun")}
    flags |= {"stun": False} if no_stun else {}
    remarks: list[str] = []
    try:
        ready = _checked(_options(flags, config), dry_run, remarks.append)
        remark(_greeting(ready) if dry_run else _enter(ready))
    finally:
        for text in remarks:
            remark(text)
    if not dry_run:
        _become_daemon(ready.settings)


def _options(flags: dict[str, object], config: Path | None) -> "Options":
    """Flags over file; UsageError for a value that an option does not take."""
    import msgspec

    from wgmesh.domain.errors import UsageError
    from wgmesh.settings import Options, over

    given = {name.replace("_", "-"): value for name, value in flags.items() if value is not None}
    try:
        options = msgspec.convert(given, Options, strict=False)
    except msgspec.ValidationError as error:
        why, _, where = str(error).partition(" - at `$.")
        raise UsageError(f"--{where.rstrip('`')} cannot be that: {why}") from error
    return over(options, read_options(config)) if config else options


def _checked(options: "Options", dry_run: bool, remark: Callable[[str], None]) -> "Ready":
    """Settings that nothing known stands in the way of; nothing is changed yet."""
    from wgmesh.preflight import check
    from wgmesh.settings import resolve

    settings = with_token(resolve(options, os.environ), options, remark)
    return check(settings, take_secret(options, remark), remark, dry_run=dry_run)


def _enter(ready: "Ready") -> str:
    """Make what a node keeps, if this is its first join; the greeting."""
    from msgspec.structs import replace

    from wgmesh.adapters.state_files import (
        Generation,
        Lock,
        load_seed,
        make_seed,
        open_directory,
        read_generations,
        write_generations,
    )

    directory = open_directory(Path(ready.settings.state_dir))
    lock = Lock(directory)
    seed = load_seed(directory) or make_seed(directory)
    if not read_generations(directory):
        write_generations(directory, [Generation(1, ready.settings.secret)])
    lock.release()
    return _greeting(replace(ready, seed=seed))


def _greeting(ready: "Ready") -> str:
    """Who this node is, and whom it will contact."""
    from wgmesh.preflight import addresses

    who = " and ".join(addresses(ready)) or "a new node"
    entries = ready.settings.dht_bootstrap if ready.settings.dht else ()
    registry = (ready.settings.registry_url,) if ready.settings.registry else ()
    is_asking = ready.settings.stun and ready.settings.wireguard != "none"
    servers = ready.settings.stun_servers if is_asking else ()
    whom = ", ".join((*ready.settings.peers, *entries, *servers, *registry)) or "no host outside its own networks"
    return f"{ready.settings.hostname} is {who}; it contacts {whom}"


def _become_daemon(settings: "Settings") -> None:
    """Replace this process; the settings, secret and all, go through a memory file that nobody else can open."""
    import wgmesh
    from wgmesh.settings import encode

    fd = os.memfd_create("wgmesh-settings", 0)
    os.write(fd, encode(settings))
    place = str(Path(wgmesh.__file__).parents[1])
    path = os.pathsep.join(filter(None, (place, os.environ.get("PYTHONPATH"))))
    # -P: nothing is imported from the directory that the operator happens to be in.
    argv = [sys.executable, "-P", "-m", "wgmesh.daemon", str(fd)]
    os.execve(sys.executable, argv, {**os.environ, "PYTHONPATH": path})  # noqa: S606 - there is no shell
