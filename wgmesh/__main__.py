"""`python -m wgmesh` is the command `wgmesh`."""

from wgmesh.cli import main

if __name__ == "__main__":
    main()
