"""What a node keeps beside its log: a directory for its owner's eyes only, in which no file is ever half written.

`identity.seed` (who the node is), `secrets` (the mesh's, one a generation), `boot` (how often it started), `lock` (who
runs it) `ballast` (room for a last word on a full disk), and `dht-nodes` (where a walk through the DHT begins).
"""

from wgmesh.adapters.state_files.ballast import free_ballast, renew_ballast
from wgmesh.adapters.state_files.boot import next_boot
from wgmesh.adapters.state_files.dht_nodes import read_dht_nodes, write_dht_nodes
from wgmesh.adapters.state_files.directory import open_directory
from wgmesh.adapters.state_files.generations import Generation, read_generations, write_generations
from wgmesh.adapters.state_files.lock import Lock, lock_holder
from wgmesh.adapters.state_files.seed import load_seed, make_seed

__all__ = [
    "Generation",
    "Lock",
    "free_ballast",
    "load_seed",
    "lock_holder",
    "make_seed",
    "next_boot",
    "open_directory",
    "read_dht_nodes",
    "read_generations",
    "renew_ballast",
    "write_dht_nodes",
    "write_generations",
]
