"""The options of `join` about the world outside: who is contacted there, and where it finds us."""

from typing import Annotated

import typer

Peers = Annotated[list[str] | None, typer.Option(metavar="HOST:PORT", help="A peer's exchange port.")]
Endpoints = Annotated[
    list[str] | None, typer.Option(metavar="HOST:PORT", help="Where our WireGuard port is, seen from outside.")
]
Relaying = Annotated[
    bool | None, typer.Option("--relay/--no-relay", help="Pass ciphertext on for peers.", show_default="on")
]
Dht = Annotated[bool | None, typer.Option("--dht/--no-dht", help="Find peers across the Internet.", show_default="on")]
DhtBootstrap = Annotated[
    list[str] | None, typer.Option(metavar="HOST:PORT", help="Where to enter the DHT.", show_default="Mainline's")
]
Stun = Annotated[
    list[str] | None,
    typer.Option(metavar="HOST:PORT|on", help="Whom to ask for our own address.", show_default="well-known"),
]
NoStun = Annotated[bool, typer.Option("--no-stun", help="Ask nobody for our own address.")]
Registry = Annotated[
    bool | None,
    typer.Option("--registry/--no-registry", help="Leave notes for peers in an issue.", show_default="on with a token"),
]
RegistryUrl = Annotated[
    str | None, typer.Option(metavar="URL", help="The registry's API.", show_default="https://api.github.com")
]
RegistryRepo = Annotated[
    str | None, typer.Option(metavar="OWNER/NAME", help="Whose issues.", show_default="wgmesh-registry/public")
]
RegistryTokenFile = Annotated[
    str | None, typer.Option(metavar="FILE", help="The registry's token, if not in GITHUB_TOKEN.")
]
