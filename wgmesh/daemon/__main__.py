"""`python -m wgmesh.daemon FD`: the settings are read from this descriptor, where `wgmesh join` has put them."""

import sys

import anyio

from wgmesh.daemon import reports
from wgmesh.daemon.home import Home
from wgmesh.daemon.service import serve
from wgmesh.domain.errors import WgmeshError
from wgmesh.settings import Settings, read_settings


def main() -> int:
    """Serve until told to end; the exit code."""
    settings = read_settings(int(sys.argv[1]))
    reports.set_up(settings.log_level, settings.log_format)
    try:
        _serve(settings)
    except WgmeshError as error:
        reports.log.error("%s", error)
        return error.exit_code
    return 0


def _serve(settings: Settings) -> None:
    home = Home.open(settings)
    home.renew_ballast()
    try:
        anyio.run(serve, settings, home)
    finally:
        home.close()


if __name__ == "__main__":
    sys.exit(main())
