"""The LAN layer (UDP 51830): multicast to whoever is on the link, answers by unicast.

Per interface and family one socket hears the group, and one of our own, on an ephemeral port, speaks and hears the
answers: several meshes share port 51830 of a host, and what is sent to one socket of a shared port reaches one mesh
only. `seats` says which sockets an interface calls for, `sieve` what is worth opening, `layer` does the rest.
"""
