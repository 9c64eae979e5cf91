"""STUN from WireGuard's own port: what the Internet sees of it, without disturbing it."""
