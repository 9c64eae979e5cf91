"""How fast this machine is: an emulated one takes several times as long, and whoever starts tests there says so."""

import os

# How many times longer a program may take here than on a machine of its own.
SLOWER = float(os.environ.get("SLOWER", "1"))
