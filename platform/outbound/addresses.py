"""How far an IP address may be trusted to be somebody else's, public machine.

Sources: the IANA special-purpose address registries (RFC 6890 and its updates) and the documentation of the
clouds for their metadata addresses. ``ipaddress.is_global`` is not used: its answers changed between patch
releases of Python.
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address


class Reach(Enum):
    PUBLIC = "public"
    PRIVATE = "private"
    """Reached only by accounts to which platform staff granted the host."""
    NEVER = "never"
    """Granted to nobody: metadata, link-local, multicast, reserved, and IPv4 addresses inside IPv6 ones."""


_PRIVATE_V4 = [
    IPv4Network("10.0.0.0/8"),
    IPv4Network("100.64.0.0/10"),  # carrier-grade NAT
    IPv4Network("127.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
]
_NEVER_V4 = [
    IPv4Network("0.0.0.0/8"),  # Linux takes it for this machine
    IPv4Network("100.100.100.200/32"),  # metadata: Alibaba
    IPv4Network("168.63.129.16/32"),  # metadata: Azure; a public address, answered by the host
    IPv4Network("169.254.0.0/16"),  # link-local; metadata: nearly every cloud
    IPv4Network("192.0.0.0/24"),  # protocol assignments; metadata: Oracle
    IPv4Network("192.0.2.0/24"),  # documentation
    IPv4Network("192.88.99.0/24"),  # 6to4 relays
    IPv4Network("198.18.0.0/15"),  # benchmarks
    IPv4Network("198.51.100.0/24"),  # documentation
    IPv4Network("203.0.113.0/24"),  # documentation
    IPv4Network("224.0.0.0/4"),  # multicast
    IPv4Network("240.0.0.0/4"),  # reserved, broadcast
]
_PRIVATE_V6 = [IPv6Network("::1/128"), IPv6Network("fc00::/7")]
_METADATA_V6 = [IPv6Address("fd00:ec2::254"), IPv6Address("fd20:ce::254")]  # Amazon, Google
# Only these are given out. Mapped (::ffff:0:0/96), compatible (::/96), NAT64 (64:ff9b::/32), link-local,
# site-local and multicast addresses lie outside.
_PUBLIC_V6 = IPv6Network("2000::/3")
_NEVER_V6 = [
    IPv6Network("2001::/23"),  # protocol assignments; Teredo
    IPv6Network("2001:db8::/32"),  # documentation
    IPv6Network("2002::/16"),  # 6to4
    IPv6Network("3fff::/20"),  # documentation
]


def reach_of(address: Address) -> Reach:
    """PUBLIC only for addresses that are given out to somebody on the internet."""
    return _reach_of_v4(address) if isinstance(address, IPv4Address) else _reach_of_v6(address)


@lru_cache(maxsize=4_096)
def reach_of_text(text: str) -> Reach:
    """The same for an address as the resolver or a socket spells it; a zone (``fe80::1%eth0``) is NEVER."""
    try:
        return Reach.NEVER if "%" in text else reach_of(ip_address(text))
    except ValueError:
        return Reach.NEVER


def _reach_of_v4(address: IPv4Address) -> Reach:
    if any(address in network for network in _NEVER_V4):
        return Reach.NEVER
    return Reach.PRIVATE if any(address in network for network in _PRIVATE_V4) else Reach.PUBLIC


def _reach_of_v6(address: IPv6Address) -> Reach:
    if address in _METADATA_V6 or any(address in network for network in _NEVER_V6):
        return Reach.NEVER
    if any(address in network for network in _PRIVATE_V6):
        return Reach.PRIVATE
    return Reach.PUBLIC if address in _PUBLIC_V6 else Reach.NEVER
