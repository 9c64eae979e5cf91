"""`wgmesh version`."""


def version() -> None:
    """Print the version of wgmesh."""
    import wgmesh

    print(wgmesh.__version__)
