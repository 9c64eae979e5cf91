"""The crash rig: what is on the disk after power failed at any moment, and what becomes of a node from there.

`disk` records every write, sync and rename of a node's state directory and makes the states that a crash may leave;
`driver` gives the event log an SQLite whose file accesses it sees, `calls` does the same for the files beside it.
`life` is the node: Home, Freezer, Retention and Node as the daemon puts them together, without sockets. Recorded is
what `apsw`'s SQLite does; every crash state is opened by the interpreter's own, as a node's next start would.
"""
