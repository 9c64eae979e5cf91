"""The event log: one SQLite file with one stream of chained records, read by anybody, written by one.

`writer` appends and is the daemon's, `reader` follows and is everybody's, `verify` says whether to believe it, and
`recovery` takes what is to be believed into a new file. The table is that of `eventsourcing`'s SQLite recorder.
"""
