"""The running node: one task an adapter fills the inbox, one loop empties it. Started by `wgmesh join`."""
