"""Which addresses are public."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest

from worker.platforms.addresses import GuardedResolver, is_public, refuse_private
from worker.platforms.base import PlatformError, PrivateAddress, Unreachable
from worker.platforms.http import HttpPool
from worker.platforms.redaction import Redactor
from worker.platforms.tcp import Tcp

PRIVATE = [
    "127.0.0.1", "127.8.9.1", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "100.127.255.254", "192.0.0.1", "192.0.2.7", "198.18.0.1", "198.51.100.1",
    "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "fec0::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "192.0.0.200", "192.88.99.1", "3fff::1", "5f00::1", "64:ff9b:1::7f00:1", "::127.0.0.1", "::7f00:1", "100::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe", "2002:a9fe:a9fe::", "::ffff:0:127.0.0.1", "ff05::2", "ff0e::1",
    "::ffff:169.254.169.254", "::ffff:7f00:1", "2002:c0a8:101::1", "64:ff9b::192.168.1.1", "fd00:ec2::254",
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


class Resolver:
    """The system's resolver as an attacker runs it: each look-up gets the next answer. Nothing is really dialled."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        self.answers, self.looked_up, self.dialled = list(answers), 0, list[str]()

        def look_up(host: str, port: int, *_more: Any, **_options: Any) -> list[Any]:
            self.looked_up += 1
            found = self.answers.pop(0) if self.answers else []
            families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in found]
            return [
                (family, socket.SOCK_STREAM, 6, "", (address, port) + ((0, 0) if ":" in address else ()))
                for family, address in zip(families, found, strict=True)
            ]

        async def dial(_loop: Any, _socket: Any, address: tuple[str, int]) -> None:
            self.dialled.append(address[0])
            raise ConnectionRefusedError

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        monkeypatch.setattr(asyncio.BaseEventLoop, "sock_connect", dial, raising=False)
        monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_connect", dial)


async def by_http(private: bool) -> PlatformError:
    pool = HttpPool()
    await pool.start()
    try:
        with pytest.raises(PlatformError) as caught:
            await pool.bind(allow_private_network=private).get("http://rebind.example/")
    finally:
        await pool.close()
    return caught.value


async def by_tcp(private: bool) -> PlatformError:
    tcp = Tcp(private, Redactor(), lambda: None, lambda: 5.0)
    with pytest.raises(PlatformError) as caught:
        async with tcp.connect("rebind.example", 993):
            raise AssertionError("nothing answers there")
    return caught.value


WAYS: list[Callable[[bool], Any]] = [by_http, by_tcp]


@pytest.mark.parametrize("way", WAYS)
async def test_a_name_that_changes_its_mind_is_dialled_as_it_was_checked(monkeypatch: Any, way: Any) -> None:
    resolver = Resolver(monkeypatch, ["93.184.216.34"], ["127.0.0.1"], ["10.0.0.1"])
    assert isinstance(await way(False), Unreachable)
    assert (resolver.looked_up, resolver.dialled) == (1, ["93.184.216.34"]), "no second look-up could answer otherwise"
    assert isinstance(await way(False), PrivateAddress)
    assert isinstance(await way(False), PrivateAddress)
    assert resolver.dialled == ["93.184.216.34"]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("answer", [["93.184.216.34", "127.0.0.1"], ["2606:4700::1111", "::1"], ["::ffff:10.0.0.1"]])
async def test_one_private_address_among_others_refuses_the_name(monkeypatch: Any, way: Any, answer: list[str]) -> None:
    resolver = Resolver(monkeypatch, answer)
    assert isinstance(await way(False), PrivateAddress) and resolver.dialled == []


@pytest.mark.parametrize("way", WAYS)
async def test_who_may_reach_a_private_network_does(monkeypatch: Any, way: Any) -> None:
    resolver = Resolver(monkeypatch, ["127.0.0.1"])
    assert isinstance(await way(True), Unreachable) and resolver.dialled == ["127.0.0.1"]
