"""The Master as one thing: started, closed, failing on the way, and wired as it should be."""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from engine.api.accounts import NewAccount
from engine.api.secret_values import SecretValues
from engine.config import Options, read
from engine.master import Master
from tests.support.waiting import eventually
from worker.process.exit_codes import Exit, Stop


def options(directory: Path, *arguments: str) -> Options:
    return read("x", ["--data-dir", str(directory / "data"), "--port", "0", "--local-workers", "0", *arguments], {})


async def test_start_and_close_once_or_more(tmp_path: Path) -> None:
    master = Master(options(tmp_path))
    await master.start()
    url = master.url
    await master.start()
    assert master.url == url
    async with aiohttp.ClientSession() as session, session.get(url + "/api/v1/hello") as answer:
        assert (await answer.json())["data"]["name"]
    await asyncio.gather(master.close("one"), master.close("another"))
    await master.close("once more")
    assert not (tmp_path / "data" / "master.json").exists()


async def test_it_can_be_closed_before_it_was_started(tmp_path: Path) -> None:
    await Master(options(tmp_path)).close("never mind")


async def test_a_failure_on_the_way_closes_what_was_opened(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(Stop) as caught:
            await Master(replace(options(tmp_path), port=port)).start()
    assert caught.value.code == Exit.UNAVAILABLE and str(port) in caught.value.sentence
    again = Master(options(tmp_path))
    await again.start()
    await again.close("done")


async def test_a_missing_key_with_sealed_credentials_refuses_to_start(tmp_path: Path) -> None:
    master = Master(options(tmp_path, "--local-workers", "1"))
    await master.start()
    await eventually(lambda: any(p.key == "feed" for p in master.api.platforms.all()))
    secret = {"username": "u", "password": "canary-77"}
    await master.api.accounts.create(
        NewAccount("feed", "Locked", settings={"url": "https://example.com/feed"}, credentials=SecretValues(secret))
    )
    await master.close("done")
    data = tmp_path / "data"
    assert not any(b"canary-77" in file.read_bytes() for file in data.rglob("*") if file.is_file())
    (data / "vault.key").unlink()
    with pytest.raises(Stop) as caught:
        await Master(options(tmp_path)).start()
    assert caught.value.code == Exit.CONFIG and "vault.key" in caught.value.sentence


async def test_a_named_number_of_workers_wins_over_what_there_was(tmp_path: Path) -> None:
    master = Master(options(tmp_path, "--local-workers", "2"))
    await master.start()
    assert [worker.id for worker in master.api.workers.all()] == ["local-1", "local-2"]
    await master.close("done")
    master = Master(options(tmp_path, "--local-workers", "1"))
    await master.start()
    assert [worker.id for worker in master.api.workers.all()] == ["local-1"]
    added = await master.api.workers.add_local(1)
    assert [worker.id for worker in added] == ["local-2"]
    await master.close("done")
    master = Master(replace(options(tmp_path), local_workers=None))
    await master.start()
    assert [worker.id for worker in master.api.workers.all()] == ["local-1", "local-2"], "as many as last time"
    await master.close("done")
