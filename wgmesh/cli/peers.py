"""`wgmesh peers`: all of them, one of them, how many."""

from typing import TYPE_CHECKING, Annotated

import typer

from wgmesh.cli.moments import At
from wgmesh.cli.place import AsJson, Interface, StateDir, find_state
from wgmesh.cli.reading import View, view
from wgmesh.cli.terminal import say, say_json, say_table

if TYPE_CHECKING:
    from wgmesh.projections.peers import ShownPeer

app = typer.Typer(name="peers", invoke_without_command=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(metavar="PEER", help="Key, its beginning, hostname or mesh address.")]

HEADER = ("name", "state", "mesh IPv4", "mesh IPv6", "endpoint", "handshake", "in", "out", "key")


@app.callback()
def peers(
    context: typer.Context,
    interface: Interface = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
    at: At = None,
) -> None:
    """List the peers; show one, count them."""
    context.obj = (interface, state_dir, as_json, at)
    if context.invoked_subcommand is None:
        show_peers(_view(context), as_json)


@app.command()
def show(
    context: typer.Context,
    name: Name,
    interface: Interface = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
    at: At = None,
) -> None:
    """All about one peer."""
    from wgmesh.projections import peers
    from wgmesh.projections.named_peer import named_peer

    node = _view(context, interface, state_dir, at)
    shown = peers.show(node.mesh, named_peer(node.mesh, name), node.at, node.live)
    if as_json or context.obj[2]:
        say_json(peers.Peers(peers.SCHEMA_VERSION, node.at, node.sampled_at, (shown,)))
    else:
        _describe(shown, node.at)


@app.command()
def count(context: typer.Context, interface: Interface = None, state_dir: StateDir = None, at: At = None) -> None:
    """How many peers are known."""
    print(len(_view(context, interface, state_dir, at).mesh.present_peers))


def _view(
    context: typer.Context, interface: str | None = None, state_dir: str | None = None, at: str | None = None
) -> View:
    """Options are taken before and behind the word; the later one counts."""
    earlier_interface, earlier_state_dir, _, earlier_at = context.obj
    return view(find_state(interface or earlier_interface, state_dir or earlier_state_dir), at or earlier_at)


def show_peers(node: View, as_json: bool) -> None:
    """Print the peers of a node at a moment."""
    from wgmesh.projections.peers import peers

    shown = peers(node.mesh, node.at, node.live, node.sampled_at)
    if as_json:
        say_json(shown)
    else:
        say_table(HEADER, [_row(peer, node.at) for peer in shown.peers])


def _row(peer: "ShownPeer", at: int) -> tuple[str, ...]:
    from wgmesh.projections.wording import amount, duration

    handshake = "-" if peer.last_handshake is None else f"{duration(at - peer.last_handshake)} ago"
    where = (peer.mesh_ipv4 or "-", peer.mesh_ipv6, peer.endpoint or "-")
    return (
        peer.name or "-",
        peer.state,
        *where,
        handshake,
        amount(peer.rx_bytes),
        amount(peer.tx_bytes),
        peer.public_key,
    )


def _describe(peer: "ShownPeer", at: int) -> None:
    from wgmesh.cli.times import stamp
    from wgmesh.projections.wording import amount

    say(f"{peer.name or 'a peer without a hostname'}, {peer.state}", "strong")
    say(f"  key        {peer.public_key}")
    say(f"  identity   {peer.identity}")
    say(f"  addresses  {' '.join(address for address in (peer.mesh_ipv4, peer.mesh_ipv6) if address)}")
    where = f"{' at' if peer.path else ', tried at'} {peer.endpoint}" if peer.endpoint else ""
    say(f"  path       {peer.path or 'none'}{where}")
    for claim in peer.endpoints:
        say(f"  claimed    {claim.endpoint}, {claim.kind}, by {claim.source}, since {stamp(claim.since, at)}")
    refused = {each.route: each.reason for each in peer.refused_routes}
    for route in dict.fromkeys(peer.routes):
        say(f"  route      {route}, {'not used: ' + refused[route] if route in refused else 'used'}")
    say(f"  known by   {' '.join(peer.sources)}, since {stamp(peer.first_seen, at)}")
    say(f"  handshake  {'never' if peer.last_handshake is None else stamp(peer.last_handshake, at)}")
    say(f"  traffic    {amount(peer.rx_bytes)} in, {amount(peer.tx_bytes)} out")
