"""Which addresses are public."""

import pytest

from worker.platforms.addresses import GuardedResolver, is_public, refuse_private
from worker.platforms.base import PrivateAddress

PRIVATE = [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "100.127.255.254", "192.0.0.1", "192.0.2.7", "198.18.0.1", "198.51.100.1",
    "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "fec0::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "localhost", "", "127.1", "0x7f.1", "2130706433",
]  # fmt: skip
PUBLIC = ["1.1.1.1", "93.184.216.34", "100.63.255.255", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_refused(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(PrivateAddress, match="allow private networks"):
        refuse_private(address)


@pytest.mark.parametrize("address", [*PUBLIC, "64:ff9b::101:101"])
def test_public_addresses_pass(address: str) -> None:
    assert is_public(address)
    refuse_private(address)


async def test_a_name_with_a_private_address_is_refused_by_the_resolver() -> None:
    with pytest.raises(PrivateAddress):
        await GuardedResolver().resolve("localhost", 80)
