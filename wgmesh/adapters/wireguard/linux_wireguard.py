"""The kernel's numbers for WireGuard (linux/wireguard.h), and the layouts of what is not a number."""

import struct

FAMILY = "wireguard"
GET_DEVICE, SET_DEVICE = 0, 1

# WGDEVICE_A_…: what is said of a device.
NAME, PRIVATE_KEY, LISTEN_PORT, PEERS = 2, 3, 6, 8

# WGPEER_A_…: what is said of a peer.
PUBLIC_KEY, PRESHARED_KEY, FLAGS, ENDPOINT, KEEPALIVE = 1, 2, 3, 4, 5
HANDSHAKE, RX_BYTES, TX_BYTES, ALLOWED_IPS = 6, 7, 8, 9

# WGPEER_F_…: what is to be done with a peer.
REMOVE_ME, REPLACE_ALLOWED_IPS, UPDATE_ONLY = 1, 2, 4

# WGALLOWEDIP_A_…: what is said of an allowed IP.
IP_FAMILY, IP_ADDRESS, IP_PREFIX_LENGTH = 1, 2, 3

U16, U32, U64 = struct.Struct("=H"), struct.Struct("=I"), struct.Struct("=Q")
TIME = struct.Struct("=qq")  # struct __kernel_timespec: seconds, nanoseconds
# struct sockaddr_in and sockaddr_in6: the port in the network's order of bytes, family and scope in this machine's.
ENDPOINT_IPV4, ENDPOINT_IPV6 = struct.Struct("=H2s4s8x"), struct.Struct("=H2s4x16sI")

NO_KEY_BYTES = bytes(32)
