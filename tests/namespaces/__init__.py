"""The real daemon in Linux network namespaces, with real WireGuard."""
