"""Which network addresses a platform may be asked at: the SSRF rule, in one place."""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from aiohttp import AddrInfoType
from aiohttp.abc import ResolveResult
from aiohttp.resolver import ThreadedResolver

from worker.platforms.base import PrivateAddress

NAT64 = IPv6Network("64:ff9b::/96")
#: not for the internet either, though the ipaddress module of Python 3.11 takes them for it
NOT_PUBLIC = tuple(map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20", "5f00::/16", "64:ff9b:1::/48")))


def is_public(address: str) -> bool:
    """True if `address` (a literal, with or without a scope id) is an ordinary internet address.

    Private, loopback, link-local, CGNAT (100.64/10), multicast, reserved and unspecified addresses are not, in IPv4,
    in IPv6, and in an IPv4 address that an IPv6 one wraps (mapped, 6to4, Teredo, NAT64). What is no address is not
    public either.
    """
    try:
        parsed = _unwrap(ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address) and parsed.is_site_local:
        return False
    if any(parsed in network for network in NOT_PUBLIC):
        return False
    return parsed.is_global and not (parsed.is_multicast or parsed.is_reserved)


def _unwrap(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)


def refuse_private(address: str) -> None:
    """Do nothing for a public address.

    Raises:
        PrivateAddress: for any other; says what to do.
    """
    if not is_public(address):
        raise PrivateAddress(
            f"The address {address} is in a private network. "
            "If the server is your own, allow private networks in this account's settings."
        )


class GuardedResolver(ThreadedResolver):
    """Looks names up for accounts that may not reach private addresses.

    A name of which any address is private is refused whole: nothing on the internet needs that, DNS rebinding does.
    aiohttp connects to exactly what this returned, so there is no second look-up that could answer differently.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Look `host` up.

        Raises:
            PrivateAddress: if it has a private address.
            OSError: if it has none.
        """
        found = await super().resolve(host, port, family)
        for result in found:
            refuse_private(result["host"])
        return found


def guarded_socket(info: AddrInfoType) -> socket.socket:
    """The last gate before a connection: a literal address in a URL never passes the resolver.

    Raises:
        PrivateAddress: before any packet is sent.
    """
    family, kind, protocol, _, address = info
    refuse_private(str(address[0]))
    return socket.socket(family=family, type=kind, proto=protocol)
