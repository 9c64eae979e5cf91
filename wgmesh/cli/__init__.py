"""The command line: parse, call, print. One small file a family of verbs, which imports what it needs when it is asked.

Exit codes: 0 done, 1 refused or failed (one sentence on stderr), 2 wrong usage, 3 the daemon is not running.
"""

import sys


def main() -> None:
    """The command `wgmesh`; ends the process."""
    from wgmesh.cli.app import app
    from wgmesh.domain.errors import WgmeshError

    try:
        app(prog_name="wgmesh")
    except WgmeshError as error:
        print(f"wgmesh: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
