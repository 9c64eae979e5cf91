"""The only rooms that do I/O: sockets, kernel, files, clock. Each speaks to the core in inputs and effects."""
