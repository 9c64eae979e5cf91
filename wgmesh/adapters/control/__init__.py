"""The operator's door to a running daemon: a Unix socket in the state directory, one JSON line in, one JSON line out.

`server` is the daemon's end; `client` is the command line's, of the standard library alone, so that a verb starts fast.
"""
