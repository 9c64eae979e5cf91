"""Programs inside a laboratory's namespaces, started and signalled from outside.

The rule: whoever starts a program holds an ordinary Popen of it. Only the number of its process differs: nsenter, which
takes the program into the process namespace, stays outside as its parent.
"""

import contextlib
import os
import signal
import subprocess
from pathlib import Path


def enter(pid: int, *namespaces: str) -> list[str]:
    """The words before a command that let it run in these namespaces (net, mount, …) of a laboratory's process."""
    user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
    return ["nsenter", f"--target={pid}", *user, *(f"--{namespace}" for namespace in namespaces)]


class Program(subprocess.Popen[str]):
    """A program behind an nsenter, which ends as it ends; signals go past nsenter to the program."""

    def inner_pid(self) -> int | None:
        """The number of the program itself, as the builder sees it; None once it has ended."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        while self.poll() is None:  # for a moment after the start nsenter has no child yet
            with contextlib.suppress(FileNotFoundError):  # another thread has seen it end between the two lines
                if numbers := children.read_text().split():
                    return int(numbers[0])
        return None

    def send_signal(self, sig: int) -> None:
        """Send a signal to the program, if it still runs."""
        if (pid := self.inner_pid()) is None:
            return
        with contextlib.suppress(ProcessLookupError):  # it has ended between the two lines
            os.kill(pid, sig)
        if sig in (signal.SIGCONT, signal.SIGKILL):
            super().send_signal(signal.SIGCONT)  # nsenter stopped when its program was stopped
