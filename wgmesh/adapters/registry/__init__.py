"""The registry: a note in a public issue tracker, sealed, by which members find each other where nothing else works."""
