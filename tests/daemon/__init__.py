"""The running node's own parts; what it does as a whole is in tests/namespaces."""
