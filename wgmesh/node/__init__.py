"""One node without its sockets: the keyring, the mesh, and the loop that persists before it acts.

The daemon and the simulator run this very code. It holds the secrets that the core does not: it opens datagrams and
checks signatures before the core sees a message, and signs and seals what the core wants sent. Clock, chance and log
come in as arguments.
"""

from wgmesh.node.keyring import Keyring as Keyring
from wgmesh.node.node import Log as Log
from wgmesh.node.node import Node as Node
from wgmesh.node.node import Turn as Turn
from wgmesh.node.node import Walk as Walk
from wgmesh.node.recording import Decided as Decided
from wgmesh.node.recording import Recorder as Recorder
from wgmesh.node.sending import Outgoing as Outgoing
from wgmesh.node.tunnel_port import Packet as Packet
