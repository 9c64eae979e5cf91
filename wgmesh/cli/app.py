"""The verbs, and nothing of what they do."""

import typer

from wgmesh.cli import (
    ban,
    bisect,
    blame,
    bugreport,
    config,
    demo,
    diff,
    events,
    init,
    join,
    leave,
    merge,
    peers,
    probe,
    rehearse,
    replay,
    report,
    status,
    tables,
    version,
    what_if,
    why,
)

app = typer.Typer(
    name="wgmesh",
    help="One secret becomes a WireGuard mesh.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=False,
    invoke_without_command=True,
)


@app.callback()
def wgmesh(context: typer.Context) -> None:
    """One secret becomes a WireGuard mesh: every machine that joins with it reaches every other."""
    if context.invoked_subcommand is None:
        status.status_or_help(context)


app.command("init")(init.init)
app.command("join")(join.join)
app.command("leave")(leave.leave)
app.command("ban")(ban.ban)
app.command("unban")(ban.unban)
app.command("status")(status.status)
app.add_typer(peers.app)
app.command("test-peer")(probe.test_peer)
app.command("events")(events.events)
app.command("why")(why.why)
app.command("blame")(blame.blame)
app.command("diff", context_settings=diff.CONTEXT)(diff.diff)
app.command("config")(config.config)
app.command("replay")(replay.replay)
app.command("bisect", context_settings=bisect.CONTEXT)(bisect.bisect)
app.command("bugreport")(bugreport.bugreport)
app.command("report")(report.report)
app.command("tables")(tables.tables)
app.command("merge")(merge.merge)
app.command("rehearse")(rehearse.rehearse)
app.command("what-if")(what_if.what_if)
app.command("demo")(demo.demo)
app.command("version")(version.version)
