from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound.addresses import Reach, reach_of, reach_of_text

CASES = {
    Reach.PUBLIC: [
        "1.1.1.1",
        "8.8.8.8",
        "93.184.216.34",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "198.17.255.255",
        "223.255.255.255",
        "2606:4700::1111",
        "2a01:e0a::1",
    ],
    Reach.PRIVATE: [
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "::1",
        "fc00::1",
        "fd12:3456::1",
    ],
    Reach.NEVER: [
        "0.0.0.0",
        "0.1.2.3",
        "100.100.100.200",
        "168.63.129.16",
        "169.254.0.1",
        "169.254.169.254",
        "169.254.170.2",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:0:53aa:64c:0:7fff:f5ff:fffe",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::1",
        "3fff::1",
        "5f00::1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "fe80::1%eth0",
        "fd12::1%1",
        "nonsense",
        "",
    ],
}


@pytest.mark.parametrize(
    ("text", "expected"), [(text, reach) for reach, texts in CASES.items() for text in texts], ids=str
)
def test_each_address_reaches_as_far_as_the_registries_say(text: str, expected: Reach) -> None:
    assert reach_of_text(text) is expected


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_no_public_ipv4_address_is_special_to_the_standard_library(address: IPv4Address) -> None:
    if reach_of(address) is Reach.PUBLIC:
        assert address.is_global
        assert not address.is_multicast


@given(st.integers(0, 2**128 - 1).map(IPv6Address))
def test_no_public_ipv6_address_is_special_to_the_standard_library(address: IPv6Address) -> None:
    if reach_of(address) is Reach.PUBLIC:
        assert address.is_global
        assert not address.is_multicast
        assert (address.ipv4_mapped, address.sixtofour, address.teredo) == (None, None, None)


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_an_ipv4_address_inside_an_ipv6_one_is_never_reached(inner: IPv4Address) -> None:
    for prefix in ("::ffff:", "::", "64:ff9b::"):
        assert reach_of(ip_address(f"{prefix}{inner}")) in {Reach.NEVER, Reach.PRIVATE}
    high, low = divmod(int(inner), 0x10000)
    assert reach_of(ip_address(f"2002:{high:x}:{low:x}::1")) is Reach.NEVER
