"""WireGuard in a real kernel, whatever this machine's can do: Debian's own, booted once in an emulated machine.

The rule: the guest sees this machine's files and can change none of them. It has no network but its own.
"""
