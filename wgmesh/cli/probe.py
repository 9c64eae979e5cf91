"""`wgmesh test-peer HOST:PORT`: is a node of this mesh there? No daemon is needed, and no trace is left at the peer."""

import os
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from wgmesh.cli.place import Interface, StateDir, find_state
from wgmesh.cli.secret_ways import take_secret
from wgmesh.cli.terminal import remark, say

if TYPE_CHECKING:
    from wgmesh.adapters.dialogue import Dialogue
    from wgmesh.domain.secret import Secret
    from wgmesh.node.probing import Answered, Probe

# What is lost is asked again; a way there and back takes less than a second.
TRIES = 3
PATIENCE_SECONDS = 1.0
# Fewer a second than the signatures that a node checks for strangers.
PAUSE_SECONDS = 0.02


def test_peer(
    peer: Annotated[str, typer.Argument(metavar="HOST:PORT", help="A peer's exchange port.")],
    secret_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="Where the secret is.", show_default="the node's here")
    ] = None,
    interface: Interface = None,
    state_dir: StateDir = None,
) -> None:
    """Is a node of this mesh there, and does it answer?"""
    from wgmesh.adapters.dialogue import dialogue
    from wgmesh.domain.errors import WgmeshError

    host, port = _place(peer)
    secret = _secret(secret_file, interface, state_dir)
    try:
        with dialogue(host, port) as line:
            say(f"{peer} {_ask(line, secret)}", "good")
    except OSError as error:
        raise WgmeshError(f"{peer} {_no_way(error)}") from error


def _place(peer: str) -> tuple[str, int]:
    from wgmesh.domain.errors import UsageError
    from wgmesh.settings import parse_place

    try:
        return parse_place(peer)
    except ValueError as error:
        raise UsageError(f"{peer!r} is no place: write HOST:PORT, or [ADDRESS]:PORT for IPv6") from error


def _secret(secret_file: str | None, interface: str | None, state_dir: str | None) -> "Secret":
    """The secret that is given in one of the ways of `join`, else that of the node here."""
    from wgmesh.adapters.state_files import read_generations
    from wgmesh.domain.errors import WgmeshError
    from wgmesh.domain.secret import parse
    from wgmesh.settings import Options

    if (given := take_secret(Options(secret_file=secret_file), remark)) is not None:
        return parse(given)
    try:
        directory = find_state(interface, state_dir)
    except WgmeshError as error:
        raise WgmeshError(f"{error}; or give the secret of the mesh with --secret-file") from error
    return parse(read_generations(directory)[-1].uri, allow_weak=True)  # `join` has warned of it


def _ask(line: "Dialogue", secret: "Secret") -> str:
    """What to say of who answered; WgmeshError if it is no node of ours in our hour, OSError if the system says so."""
    from wgmesh.cli.times import now
    from wgmesh.domain.errors import WgmeshError
    from wgmesh.node.probing import Probe

    probe, sent = Probe(secret, line.address, os.urandom), list[float]()
    for _ in range(TRIES):
        line.say(probe.hello(now()))
        sent.append(time.monotonic())
        for answered in _answers(line, probe):
            return f"answered in {(time.monotonic() - sent[answered.number]) * 1000:.1f} ms as {_name(answered)}"
    if hours := _hours_off(line, probe):
        order = "ahead of" if hours > 0 else "behind"
        raise WgmeshError(
            f"{line.address} is a node of this mesh, but its clock is about {abs(hours)} h {order} ours, so it stays"
            " silent to `join`: set the wrong one"
        )
    raise WgmeshError(
        f"nothing came from {line.address} in {TRIES * PATIENCE_SECONDS:g} s. Is the machine up and wgmesh running, is"
        " it this port (`wgmesh status` there says which), does a firewall or a NAT drop UDP on the way? A node of a"
        " mesh with another secret never answers us, so it looks just the same"
    )


def _hours_off(line: "Dialogue", probe: "Probe") -> int:
    """How many hours whoever is there lives from ours: the middle of those that it accepts; 0 if it takes none."""
    from wgmesh.cli.times import now
    from wgmesh.node.probing import OTHER_HOURS

    for hours in OTHER_HOURS:
        line.say(probe.hello(now(), hours))
        time.sleep(PAUSE_SECONDS)
    accepted = sorted(each.hours for each in _answers(line, probe))
    return accepted[len(accepted) // 2] if accepted else 0


def _answers(line: "Dialogue", probe: "Probe") -> "Iterator[Answered]":
    heard = (probe.read(datagram) for datagram in line.hear(time.monotonic() + PATIENCE_SECONDS))
    return (answered for answered in heard if answered)


def _no_way(error: OSError) -> str:
    """What to say where the system knows better than to wait."""
    if isinstance(error, ConnectionRefusedError):
        return "is reached, but nothing listens on that port: `wgmesh status` there names the exchange's, if it runs"
    return f"is out of reach: {error.strerror or error}"


def _name(answered: "Answered") -> str:
    from wgmesh.domain.identity import wireguard_key
    from wgmesh.projections.wording import key

    record = answered.record
    return f"{record.hostname} ({key(wireguard_key(record.identity))})"
