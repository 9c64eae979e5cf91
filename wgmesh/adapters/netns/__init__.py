"""Machines made of Linux namespaces, on one computer and apart from its network: for the demo and for tests.

The rule: nothing here has a name. A laboratory is a process, the first of a process namespace of its own, and all that
belongs to it hangs below that process: bridges, nodes, their programs, mounts and files. It ends with its builder,
however that ends, and the kernel takes the rest away: there is nothing to sweep up. Root needs no more; anybody else
is root inside, by a user namespace, where the system allows it.
"""
