"""Which ids a node may have: the first 21 bits follow from its external address (BEP 42), so nobody picks a place.

Addresses that are not of the public Internet are exempt; there an id is chance.
"""

import ipaddress

ID_BYTES = 20
# BEP 42: the bits of an address that count, for IPv4 and for the upper half of IPv6.
_MASKS = {4: 0x030F3FFF, 6: 0x0103070F1F3F7FFF}
# Networks whose nodes are exempt: nobody has a lasting place on the Internet there.
_EXEMPT = tuple(
    ipaddress.ip_network(each)
    for each in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "127.0.0.0/8",
        "fc00::/7",
        "fe80::/10",
        "::1/128",
    )
)
# CRC-32C (Castagnoli), reflected polynomial.
_POLYNOMIAL = 0x82F63B78


def node_id_for(ip: str, chance: bytes) -> bytes:
    """An id that this external address allows; `chance`: 20 random bytes, of which most are kept."""
    seed = chance[19] & 7
    crc = _crc32c(_masked(ip, seed))
    head = crc.to_bytes(4)
    return head[:2] + bytes([(head[2] & 0xF8) | (chance[2] & 7)]) + chance[3:]


def is_allowed(node_id: bytes, ip: str) -> bool:
    """May a node at this address have this id?"""
    if is_exempt(ip):
        return True
    head = _crc32c(_masked(ip, node_id[19] & 7)).to_bytes(4)
    return node_id[:2] == head[:2] and node_id[2] & 0xF8 == head[2] & 0xF8


def is_exempt(ip: str) -> bool:
    """Is this an address that is good on one network only?"""
    address = ipaddress.ip_address(ip)
    return any(address in network for network in _EXEMPT)


def _masked(ip: str, seed: int) -> bytes:
    address = ipaddress.ip_address(ip)
    size, mask = (4, _MASKS[4]) if address.version == 4 else (8, _MASKS[6])
    number = int.from_bytes(address.packed[:size]) & mask
    return (number | seed << (size * 8 - 3)).to_bytes(size)


def _crc32c(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF
