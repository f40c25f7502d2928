"""Pulled once for an epoch, renewed by compare-and-set, gone with the lease."""

from collections.abc import Mapping

import pytest

from worker.keyring import Keyring
from worker.platforms.base import Refused
from worker.process.secret import Secret
from worker.protocol.errors import Code, ProtocolError
from worker.protocol.messages import Credentials, CredentialsGiven, Task


class Master:
    """Keeps one account's credentials and their version, as the real one does; `down` while it cannot be reached."""

    def __init__(self) -> None:
        self.kept, self.version, self.epoch = {"token": "first"}, 1, 1
        self.asked: list[Credentials] = []
        self.down = False

    async def ask(self, message: Credentials) -> CredentialsGiven:
        if self.down:
            raise ConnectionError("no master")
        self.asked.append(message)
        if message.epoch != self.epoch:
            raise ProtocolError(Code.STALE_EPOCH, "too late")
        if message.replacement is not None:
            if message.version != self.version:
                raise ProtocolError(Code.STALE_REVISION, "changed meanwhile")
            self.kept, self.version = message.replacement, self.version + 1
        return CredentialsGiven(dict(self.kept), self.version)


def task(epoch: int = 1) -> Task:
    return Task("acc_1", epoch, "feed", {}, 10)


def plain(secrets: Mapping[str, Secret]) -> str:
    return secrets["token"].reveal()


NEW = {"token": Secret("second")}


async def test_asked_for_once_an_epoch_and_again_after_a_drop() -> None:
    master = Master()
    keyring = Keyring(master.ask)
    assert plain(await keyring.get(task())) == plain(await keyring.get(task())) == "first"
    assert len(master.asked) == len(keyring) == 1
    keyring.drop("acc_1")
    assert len(keyring) == 0
    await keyring.get(task())
    assert len(master.asked) == 2


async def test_a_rotated_token_goes_back_and_is_used_from_then_on() -> None:
    master = Master()
    keyring = Keyring(master.ask)
    await keyring.get(task())
    await keyring.renew(task(), NEW)
    assert (master.kept, master.version) == ({"token": "second"}, 2)
    assert plain(await keyring.get(task())) == "second" and len(master.asked) == 2
    await keyring.renew(task(), {"token": Secret("third")})
    assert (master.kept, master.version) == ({"token": "third"}, 3)


async def test_a_rotated_token_outlives_a_master_that_is_away(expected_logs) -> None:
    expected_logs("credentials.owed")
    master = Master()
    keyring = Keyring(master.ask)
    await keyring.get(task())
    master.down = True
    await keyring.renew(task(), NEW)
    with pytest.raises(ConnectionError):
        await keyring.get(task())
    master.down = False
    assert plain(await keyring.get(task())) == "second" and master.kept == {"token": "second"}
    assert plain(await keyring.get(task())) == "second" and master.version == 2, "handed back once"


async def test_what_a_user_gave_meanwhile_counts_more() -> None:
    master = Master()
    keyring = Keyring(master.ask)
    await keyring.get(task())
    master.kept, master.version = {"token": "of the user"}, 2
    await keyring.renew(task(), NEW)
    assert master.kept == {"token": "of the user"}
    assert plain(await keyring.get(task())) == "of the user"


async def test_after_the_lease_nothing_goes_back() -> None:
    master = Master()
    keyring = Keyring(master.ask)
    await keyring.get(task())
    keyring.drop(None)
    await keyring.renew(task(), NEW)
    assert len(master.asked) == 1 and len(keyring) == 0
    await keyring.get(task())
    master.epoch = 2
    with pytest.raises(ProtocolError) as caught:
        await keyring.renew(task(), NEW)
    assert caught.value.code is Code.STALE_EPOCH and master.kept == {"token": "first"}


async def test_what_the_master_cannot_open_only_its_user_can_mend() -> None:
    async def ask(_message: Credentials) -> CredentialsGiven:
        raise ProtocolError(Code.REFUSED, "Enter them again.")

    with pytest.raises(Refused, match="Enter them again"):
        await Keyring(ask).get(task())
