"""Places of the key as a start meets them: a keychain that never answers, a passphrase asked for in a terminal."""

import asyncio
import os
import pty
import signal
import sys
import tempfile
from pathlib import Path

import aiohttp
import pytest

from tests.support.commands import command
from tests.support.master_process import ENVIRONMENT, MasterProcess, running_master

pytestmark = [
    pytest.mark.processes,
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform != "linux", reason="D-Bus and terminals as Linux has them"),
]


class Deaf(MasterProcess):
    """A master whose session bus takes connections and says nothing."""

    bus = ""

    async def _spawn(self, arguments: list[str]) -> asyncio.subprocess.Process:
        kept = {name: value for name, value in ENVIRONMENT.items() if name != "PYTHON_KEYRING_BACKEND"}
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "engine", *arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**kept, "DBUS_SESSION_BUS_ADDRESS": f"unix:path={self.bus}"},
        )


async def test_a_keychain_that_never_answers_does_not_hold_up_a_start(tmp_path: Path) -> None:
    asked = asyncio.Event()

    async def keep_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        while await reader.read(4096):
            pass
        writer.close()

    with tempfile.TemporaryDirectory() as short:  # a socket's name is at most 107 bytes
        server = await asyncio.start_unix_server(keep_silent, Path(short) / "bus")
        async with aiohttp.ClientSession(trust_env=False) as session:
            master = Deaf(tmp_path / "data", session, "--local-workers", "0")
            master.bus = str(Path(short) / "bus")
            await master.start()
            try:
                assert asked.is_set(), "the keychain was really tried"
                assert (await master.get("/keys"))["source"] == "file"
                assert await master.end() == 0, "and it ends as any other"
            finally:
                await master.end(signal.SIGKILL)
        server.close()
        await server.wait_closed()


async def test_a_passphrase_is_asked_for_in_a_terminal(tmp_path: Path) -> None:
    data, (ours, theirs) = tmp_path / "data", pty.openpty()
    (tmp_path / "phrase").write_text("correct horse battery")
    async with running_master(data, "--local-workers", "0", "--passphrase-file", str(tmp_path / "phrase")) as master:
        assert await master.end() == 0
    for typed, code in ((b"something else\n", 78), (b"correct horse battery\n", 0)):
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "engine", "--data-dir", str(data), "--port", "0", "--local-workers", "0"),
            stdin=theirs,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=ENVIRONMENT,
            start_new_session=True,
        )
        assert process.stdout is not None and process.stderr is not None
        said = await process.stderr.readuntil(b"Passphrase of the credentials: ")
        os.write(ours, typed)
        if code == 0:
            assert (await asyncio.wait_for(process.stdout.readline(), 20)).startswith(b"ready ")
            process.send_signal(signal.SIGTERM)
        out, more = await process.communicate()
        assert process.returncode == code and (b"the passphrase is wrong" in more) == (code == 78)
        assert typed.strip() not in said + out + more
    os.close(ours)
    os.close(theirs)


def test_what_a_killed_backup_left_goes_with_the_next(tmp_path: Path) -> None:
    async def begin() -> None:
        async with running_master(tmp_path / "data", "--local-workers", "0") as master:
            assert await master.end() == 0

    asyncio.run(begin())
    backups = tmp_path / "data" / "backups"
    backups.mkdir(exist_ok=True)
    for name, age in ((".copy-old.db", 90_000), (".copy-now.db", 0)):
        (backups / name).write_text("a copy")
        moment = (backups / name).stat().st_mtime - age
        os.utime(backups / name, (moment, moment))
    assert command(tmp_path / "data", "backup", str(tmp_path / "file")).code == 0
    assert [path.name for path in backups.iterdir()] == [".copy-now.db"], "another backup may be at work"
