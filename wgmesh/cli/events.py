"""`wgmesh events`: the log, told or as JSON, from the file alone; with --follow as it grows."""

from pathlib import Path
from typing import Annotated

import typer

from wgmesh.cli.place import AsJson, Interface, StateDir, find_state

Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until interrupted.")]
Since = Annotated[str | None, typer.Option(metavar="T", help="From 12:03, 2026-11-22T12:03 or -10m on.")]
Until = Annotated[str | None, typer.Option(metavar="T", help="Up to then.")]
OfPeer = Annotated[str | None, typer.Option("--peer", metavar="PEER", help="Only what concerns this peer.")]
Kinds = Annotated[list[str] | None, typer.Option("--kind", metavar="K", help="Only events of this name.")]
Causes = Annotated[list[str] | None, typer.Option("--cause", metavar="C", help="Only what came from it: lan, timer.")]
Grep = Annotated[str | None, typer.Option("--grep", metavar="TEXT", help="Only lines with this text in them.")]
Limit = Annotated[int | None, typer.Option(min=0, metavar="N", help="Only the last N.")]
Verify = Annotated[bool, typer.Option("--verify", help="Check chain, density and every record.")]
ToTest = Annotated[bool, typer.Option("--to-test", help="Write the records as a pytest that says what they made.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="What --to-test writes.")]
Witness = Annotated[
    Path | None,
    typer.Option("--witness", metavar="FILE", help="With --verify: the log of a peer that saw ours."),
]
Raw = Annotated[bool, typer.Option("--raw", help="Print the records as they are stored, readable or not.")]


def events(
    interface: Interface = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
    follow: Follow = False,
    since: Since = None,
    until: Until = None,
    peer: OfPeer = None,
    kind: Kinds = None,
    cause: Causes = None,
    grep: Grep = None,
    limit: Limit = None,
    verify: Verify = False,
    witness: Witness = None,
    raw: Raw = False,
    to_test: ToTest = False,
    output: Output = None,
) -> None:
    """Tell what happened, and why; the log."""
    directory = find_state(interface, state_dir)
    if verify or raw:
        from wgmesh.cli import stored

        stored.verify(directory, as_json, witness) if verify else stored.show(directory, limit)
        return
    if to_test:
        from wgmesh.cli.testing import write_test

        return write_test(directory, since, until, output)
    from wgmesh.cli.telling import tell, wanted

    which = wanted(directory, since, until, peer, kinds=kind or [], causes=cause or [], text=grep or "", limit=limit)
    tell(directory, which, as_json=as_json, follow=follow)
