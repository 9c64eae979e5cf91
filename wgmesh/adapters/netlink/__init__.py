"""The kernel's links, addresses and routes.

The rule: the daemon never loads pyroute2, which would cost it 5 MB for good. `links` asks a worker process (`serve`)
that lives for seconds and holds nothing but its pipes; `watch` is a bare socket that says when to ask again.
"""
