"""`wgmesh init`: make a mesh secret."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wgmesh.cli.place import AsJson
from wgmesh.cli.terminal import remark, say_json

if TYPE_CHECKING:
    from wgmesh.domain.secret import Secret

Made = Annotated[bool, typer.Option("--secret", help="Make a secret, which is what init does anyway.")]
Subnet = Annotated[str | None, typer.Option(metavar="CIDR", help="IPv4 range of the mesh, /8 to /28.")]
OwnerKey = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Where the owner key goes.", show_default="~/.config/wgmesh")
]
NoOwner = Annotated[bool, typer.Option("--no-owner", help="Make no owner key: who has the secret can rotate it.")]


def init(
    secret: Made = True,
    subnet: Subnet = None,
    owner_key: OwnerKey = None,
    no_owner: NoOwner = False,
    as_json: AsJson = False,
) -> None:
    """Make a mesh secret: `wgmesh init > secret`."""
    made, owner_file = _make(subnet, owner_key, no_owner)
    if as_json:
        _print_json(made, owner_file)
    else:
        _print(made, owner_file)


def _make(subnet: str | None, owner_key: Path | None, no_owner: bool) -> "tuple[Secret, Path | None]":
    """The secret, and the file that the owner key was written to."""
    from wgmesh.domain.errors import UsageError
    from wgmesh.domain.identity import SEED_BYTES, Identity
    from wgmesh.domain.secret import RANDOM_BYTES, canonical_subnet, fingerprint, mint

    if no_owner and owner_key:
        raise UsageError("--no-owner and --owner-key FILE do not go together: give one of them")
    seed = b"" if no_owner else os.urandom(SEED_BYTES)
    owner = Identity.from_seed(seed).key if seed else b""
    secret = mint(os.urandom(RANDOM_BYTES), owner, canonical_subnet(subnet) if subnet else "")
    if not seed:
        return secret, None
    file = owner_key or Path.home() / ".config" / "wgmesh" / f"owner-{fingerprint(secret).hex()}.key"
    _write_key(file.absolute(), seed)
    return secret, file.absolute()


def _write_key(file: Path, seed: bytes) -> None:
    """Write the private half of the owner key, base64 on one line, for its owner's eyes only; never over a file."""
    import base64

    from wgmesh.domain.errors import WgmeshError

    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as opened:
            opened.write(base64.b64encode(seed) + b"\n")
            opened.flush()
            os.fsync(opened.fileno())
    except OSError as error:
        if isinstance(error, FileExistsError) and file.exists():
            raise WgmeshError(f"{file} is there already and is never overwritten: name another --owner-key") from error
        raise WgmeshError(f"{file} cannot be written ({error.strerror}): name another --owner-key") from error


def _print(secret: "Secret", owner_file: Path | None) -> None:
    from wgmesh.domain.keys import parameters
    from wgmesh.domain.secret import format_uri

    print(format_uri(secret), flush=True)
    remark(f"who has this line is in the mesh {parameters(secret).network}: pass it on privately, and on each machine")
    remark("    sudo wgmesh join --secret-file FILE")
    if owner_file:
        remark(f"the owner key, which alone may rotate the secret, is in {owner_file}: keep it, and off the mesh")
    else:
        remark("without an owner key, whoever has the secret can rotate it")


def _print_json(secret: "Secret", owner_file: Path | None) -> None:
    from wgmesh.domain.keys import parameters
    from wgmesh.domain.parameters import network_ipv6
    from wgmesh.domain.secret import format_uri

    mesh = parameters(secret)
    say_json(
        {
            "schema_version": 1,
            "uri": format_uri(secret),
            "owner_key_file": str(owner_file) if owner_file else None,
            "mesh_network": mesh.network,
            "mesh_network_ipv6": network_ipv6(mesh),
        }
    )
