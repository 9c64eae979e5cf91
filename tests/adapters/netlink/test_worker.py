"""What runs pyroute2 is a process that gets nothing of ours; the rest is `tests/adapters/test_worker`."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from wgmesh.adapters.netlink.requests import Look
from wgmesh.adapters.netlink.worker import Worker


def test_its_environment_is_where_to_find_us_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WGMESH_SECRET", "canary")
    worker = Worker()
    assert b'"lo"' in worker.ask(msgspec.json.encode(Look("lo")))
    environment = Path(f"/proc/{worker.pid}/environ").read_bytes().split(b"\0")
    assert [line.partition(b"=")[0] for line in environment if line] == [b"PYTHONPATH"]
    worker.close()


def test_the_caller_never_loads_pyroute2() -> None:
    script = (
        "import sys, wgmesh.adapters.wireguard\n"
        "from wgmesh.adapters.netlink.links import Links\n"
        "links = Links(); assert links.look('lo') is not None; links.close()\n"
        "sys.exit('pyroute2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
