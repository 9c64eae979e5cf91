"""The daemon's loop on a device in memory, without sockets: what it does when the log cannot be written."""

import os
from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest

from tests.cast import ALICE, SECRET
from wgmesh.adapters.clock import Clock
from wgmesh.adapters.hosts_file import HostsFile
from wgmesh.adapters.inbox import Inbox
from wgmesh.adapters.wireguard.recorded import Recorded
from wgmesh.daemon.freezer import Freezer
from wgmesh.daemon.loop import Loop
from wgmesh.daemon.names import Names
from wgmesh.daemon.tunnel import Tunnel
from wgmesh.daemon.uplinks import Uplinks
from wgmesh.domain.device import DeviceSample
from wgmesh.domain.errors import LogFull
from wgmesh.domain.inputs import Input, Networked
from wgmesh.domain.mesh import Mesh
from wgmesh.domain.records import GENESIS, Record
from wgmesh.node import Keyring, Node


class FullDisk:
    chain = GENESIS

    def append(self, records: Sequence[Record]) -> None:
        raise LogFull("no space")


def test_a_run_that_cannot_write_that_it_began_ends_with_a_sentence_and_touches_no_device(tmp_path: Path) -> None:
    wireguard = Recorded()
    keyring = Keyring(ALICE.identity, Keyring.of(bytes(32), SECRET).keys, ALICE.mesh, 1)
    node, inbox = Node(keyring, FullDisk(), Mesh(), os.urandom), Inbox[Input]()
    freezer = Freezer(lambda: False, lambda: None)
    names = Names(HostsFile("wgmesh0", tmp_path / "hosts"))
    loop = Loop(node, inbox, Clock(), Tunnel(wireguard), Uplinks(None), freezer, names, lambda: None)
    first: Sequence[Input] = [ALICE.start(), Networked((ALICE.interface,))]
    with pytest.raises(LogFull, match="make room on it"):
        anyio.run(loop.run, first)
    assert wireguard.sample() == DeviceSample(None)
