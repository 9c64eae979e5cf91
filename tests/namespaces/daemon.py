"""The real daemon in a node of the laboratory, run by `wgmesh join` and asked by the other verbs, as a user does."""

import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.source import ROOT
from wgmesh.adapters.event_log.reader import LogReader
from wgmesh.adapters.netns.lab import Node
from wgmesh.adapters.netns.program import Program
from wgmesh.domain.errors import WgmeshError
from wgmesh.domain.records import Record

WGMESH = (sys.executable, "-m", "wgmesh")


class Daemon:
    """One `wgmesh join`; what it prints is in `log`, over all its starts. Its WireGuard outlives it, as it should."""

    def __init__(
        self,
        node: Node,
        secret_file: Path,
        directory: Path,
        *options: str,
        interface: str = "wgmesh0",
        env: Mapping[str, str] | None = None,
        prefix: tuple[str, ...] = (),
    ) -> None:
        """Start it with its state below `directory`; `options` are those of `wgmesh join`, `env` is for it alone.

        `prefix`: the command that runs it. There is no Internet in a laboratory: it looks for a STUN server only where
        they name one.
        """
        options = options if "--stun" in options else ("--no-stun", *options)
        self.node = node
        self.interface = interface
        self._env = env
        self._prefix = prefix
        self.state_dir = directory / f"{node.name}-{interface}"
        self.log = directory / f"{node.name}-{interface}.log"
        self._join = ["join", "--secret-file", str(secret_file), *self._place(), *options]
        self.start()

    def start(self, *options: str) -> None:
        """Start it again, on the state that it has, with these options besides."""
        with self.log.open("a") as log:
            self.program = self.node.popen(
                [*self._prefix, *WGMESH, *self._join, *options], cwd=ROOT, env=self._env, stdout=log, stderr=log
            )

    def pid(self) -> int:
        """The number of its process, as the test sees it."""
        pid = self.program.inner_pid()
        assert pid is not None, self.log.read_text()
        return pid

    def lock_holder(self) -> str:
        """The number of its process as the lock file has it: as the node sees it."""
        return (self.state_dir / "lock").read_text().strip()

    def signal(self, sig: int) -> None:
        """SIGSTOP and SIGCONT make it hang and go on, SIGHUP makes it read its settings again."""
        self.program.send_signal(sig)

    def kill9(self) -> None:
        """End it as a crash would; returns when it is gone."""
        self.program.kill()
        self.program.wait(10)

    def terminate(self, timeout_seconds: float = 10) -> int:
        """Ask it to end, and wait for that; its exit code."""
        self.program.send_signal(signal.SIGTERM)
        return self.program.wait(timeout_seconds)

    def restart(self) -> None:
        """End it cleanly and start it again."""
        self.terminate()
        self.start()

    def wgmesh(self, verb: str, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run another verb of the command line in the node, on this daemon's state."""
        return self.node.run(self.command(verb, *words), cwd=ROOT, check=check)

    def popen(self, verb: str, *words: str) -> Program:
        """Start another verb in the node, such as `events --follow`, with pipes for what it prints."""
        return self.node.popen(self.command(verb, *words), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def command(self, verb: str, *words: str) -> list[str]:
        """The command line of another verb on this daemon's state; it runs in ROOT."""
        return [*WGMESH, verb, *self._place(), *words]

    def status(self) -> dict[str, Any]:
        """What `wgmesh status --json` says."""
        return dict(json.loads(self.wgmesh("status", "--json").stdout))

    def peers(self) -> list[dict[str, Any]]:
        """What `wgmesh peers --json` says."""
        return list(json.loads(self.wgmesh("peers", "--json").stdout)["peers"])

    def events(self) -> list[dict[str, Any]]:
        """The log so far, as `wgmesh events --json` prints it."""
        return [json.loads(line) for line in self.wgmesh("events", "--json").stdout.splitlines()]

    def record_names(self) -> list[str]:
        """What the log tells, by name, read here: a verb is a program, which takes seconds to start if emulated."""
        return [type(record.event).__name__ for record in self.records()]

    def records(self) -> list[Record]:
        """The log, read here as well."""
        try:
            with LogReader(self.state_dir / "events.db", running=True) as reader:
                return [record for record in reader.records() if isinstance(record, Record)]
        except WgmeshError:  # it is not there, or has no record yet
            return []

    def connected(self, peers: int, timeout_seconds: int = 10) -> bool:
        """Wait until the interface is up and so many peers are connected: did it come to that?"""
        words = ("--wait", str(timeout_seconds), "--peers", str(peers))
        return self.wgmesh("status", *words, check=False).returncode == 0

    def wg_show(self, *words: str) -> str:
        """What `wg show` says of its interface; words such as `allowed-ips` ask for one thing."""
        return self.node.run(["wg", "show", self.interface, *words]).stdout

    def _place(self) -> list[str]:
        return ["--interface", self.interface, "--state-dir", str(self.state_dir)]
