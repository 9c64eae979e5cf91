"""wgmesh turns one secret into a WireGuard mesh.

The house, and the one way that data flows through it: `adapters` are the only rooms with sockets, files and clocks, and
hand what reaches them to `node` as inputs; `domain` decides, purely, what is now held to be true (events) and what is
wanted (effects); the events are durable in the log before an effect runs; `domain.folding` folds them into the `Mesh`;
`projections` are pure views of it, such as the WireGuard device that it calls for; adapters make the views real.
`daemon` ties one node to its adapters, `replay` reads a log back, `cli` is what people type.
"""

__version__ = "0.2.0"
