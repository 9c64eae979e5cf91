"""The node without its sockets."""
