"""`wgmesh config`: the desired state as a `wg-quick` file."""

from pathlib import Path
from typing import Annotated

import typer

from wgmesh.cli.moments import At, mesh_at, moment
from wgmesh.cli.place import Interface, StateDir, find_state
from wgmesh.cli.reading import open_log

Private = Annotated[bool, typer.Option("--private", help="With the private key and the preshared keys.")]


def config(interface: Interface = None, state_dir: StateDir = None, at: At = None, private: Private = False) -> None:
    """Print the desired state as a wg-quick file."""
    from wgmesh.projections.wg_config import wg_config

    directory = find_state(interface, state_dir)
    with open_log(directory) as reader:
        mesh = mesh_at(reader, moment(reader, at).sequence)
    print(wg_config(mesh, *_keys(directory)) if private else wg_config(mesh), end="")


def _keys(directory: Path) -> tuple[bytes, bytes]:
    """The private key and the preshared key; WgmeshError if the state directory does not have them."""
    from wgmesh.adapters.state_files import load_seed, read_generations
    from wgmesh.domain.errors import WgmeshError
    from wgmesh.domain.identity import Identity
    from wgmesh.domain.keys import derive
    from wgmesh.domain.secret import parse

    seed, generations = load_seed(directory), read_generations(directory)
    if seed is None or not generations:
        raise WgmeshError(f"{directory} holds no keys: leave out --private, or ask where the node runs")
    secret = parse(generations[-1].uri, allow_weak=True)
    return Identity.from_seed(seed).private_key, derive(secret).psk
