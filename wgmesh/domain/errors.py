"""What a user can do something about: one sentence each, which says what is wrong and what to do."""


class WgmeshError(Exception):
    """Refused or failed: `str(error)` is the sentence, the command line prints it and exits 1."""

    exit_code = 1


class UsageError(WgmeshError):
    """The command line asks for something that has no meaning: exit 2."""

    exit_code = 2


class NotRunning(WgmeshError):
    """The verb needs a running daemon and there is none: exit 3."""

    exit_code = 3


class LogFull(WgmeshError):
    """The disk is full: nothing was written, nothing may be acted on, and the next try may succeed."""


class LogBroken(WgmeshError):
    """The log cannot be written or trusted any more: the process must stop, tunnels stay."""


class UnreadableEvent(WgmeshError):
    """A stored record of a newer version or an odd shape: readable by no strict decoder of this version."""


class Refused(Exception):
    """A service outside the mesh does not serve us; for `wait` ms it wants to be left alone, 0 if it did not say."""

    def __init__(self, reason: str, wait: int = 0) -> None:
        super().__init__(reason)
        self.wait = wait
