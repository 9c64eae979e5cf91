"""A log that can be shown to strangers: pseudonyms for keys, addresses and names, and a check that it still replays.

Pure. The one secret that all pseudonyms come from is given by the caller, who forgets it.
"""
