"""Machines made of Linux namespaces, on one computer and apart from its network: for the demo and for tests.

The rule: a laboratory is a process, the first of a process namespace of its own, and all that belongs to it hangs below
that process: bridges, nodes, their programs and mounts. It ends with its builder, however that ends, and the kernel
takes everything away. Only a scratch directory has a name outside, and goes last: there is nothing to sweep up. Root
needs no more; anybody else is root inside, by a user namespace, where the system allows it.
"""
