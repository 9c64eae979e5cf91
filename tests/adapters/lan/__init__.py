"""The LAN layer, on real sockets in networks of its own."""
