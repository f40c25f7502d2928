"""A backup asked for in the process of the master: real database, real keys, real archive."""

import os
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from engine.api.backups import BackupCancelled, BackupFailed, BackupProgress, Backups
from engine.api.errors import Conflict, Invalid
from engine.commands import bundle
from engine.commands.live_backup import LiveBackup
from engine.config import Options, read
from engine.master import Master
from engine.records import JournalFilter
from engine.store.store import Store
from engine.vault.archive import ArchiveReader
from engine.vault.keeper import KeyKeeper
from engine.vault.sources import Sources
from tests.support.memory_backup import CannotWrite, MemoryBackup
from tests.support.memory_keys import no_note
from tests.support.waiting import eventually
from worker.process import tasks
from worker.process.exit_codes import Stop
from worker.process.secret import Secret

PHRASE = Secret("canary-of-the-backup")


def options(directory: Path) -> Options:
    return read("x", ["--data-dir", str(directory / "data"), "--port", "0", "--local-workers", "0"], {})


@asynccontextmanager
async def running(directory: Path) -> AsyncIterator[Master]:
    made = Master(options(directory))
    await made.start()
    try:
        yield made
    finally:
        await made.close("done")


def leftovers(directory: Path) -> list[str]:
    found = [*directory.glob("copy*"), *(directory / "data" / "backups").iterdir()]
    return [path.name for path in found]


async def test_no_umask_opens_a_backup_or_what_is_made_of_it_to_others(tmp_path: Path) -> None:
    file = tmp_path / "copy.vedette"
    async with running(tmp_path) as master:
        before = os.umask(0)
        try:
            await master.api.backups.make(file, PHRASE)
            with file.open("rb") as stream:
                (tmp_path / "out").mkdir()
                opened = bundle.verify(ArchiveReader(stream, PHRASE), lambda _done, _total: None)
                opened.extract(tmp_path / "out", lambda _done, _total: None)
        finally:
            os.umask(before)
        made = [file, *(tmp_path / "out").iterdir()]
        assert len(made) == 4 and {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}


async def test_a_running_master_is_backed_up_with_the_keys_that_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "copy.vedette"
    async with running(tmp_path) as master:
        await master.api.keys.rotate()
        await eventually(lambda: not master.api.keys.get().resealing)
        (tmp_path / "data" / "vault.key").unlink()  # whoever asks its place again would fail here
        made = await master.api.backups.make(file, PHRASE)
        assert made.file == file and made.size == file.stat().st_size and master.api.backups.progress is None
        with file.open("rb") as stream:
            manifest = bundle.verify(ArchiveReader(stream, PHRASE), lambda _done, _total: None).manifest
        assert manifest.current == 2 and manifest.keys == {2: master._keys.vault.keys()[2]}
        lines = await master.api.journal.page(JournalFilter(), limit=10)
        assert [line.why for line in lines if line.what == "a backup was written"] == ["copy.vedette"]
    assert leftovers(tmp_path) == ["copy.vedette"], "and no copy in clear"
    assert oct(file.stat().st_mode)[-3:] == "600"


class _Enough(Exception):
    pass


@pytest.mark.parametrize("last", ["copying", "writing", "reading back"])
async def test_whoever_ends_it_at_any_step_leaves_nothing_behind(tmp_path: Path, last: str) -> None:
    def report(step: str) -> Callable[[int, int], None]:
        def told(_done: int, _total: int) -> None:
            if step == last:
                raise _Enough

        return told

    async with running(tmp_path) as master:
        with pytest.raises(_Enough):
            LiveBackup(options(tmp_path), master._keys)(tmp_path / "copy.vedette", PHRASE, report)
    assert not leftovers(tmp_path)


async def test_a_key_that_the_copy_names_and_nobody_holds_is_no_backup(tmp_path: Path) -> None:
    chosen = options(tmp_path)
    chosen.data_dir.mkdir()
    store = Store(chosen.db_path)
    await store.start()
    behind, ahead = (KeyKeeper(store.keys, Sources(chosen.data_dir)) for _ in range(2))
    await behind.start()
    await ahead.start()
    await ahead.rotate()
    await ahead.sealed_anew()
    with pytest.raises(Stop, match="try again"):
        LiveBackup(chosen, behind)(tmp_path / "copy.vedette", PHRASE, lambda _step: lambda _done, _total: None)
    assert not leftovers(tmp_path)
    for keeper in (behind, ahead):
        await keeper.close()
    await store.close()


async def test_what_stands_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "copy.vedette.part").mkdir()
    async with running(tmp_path) as master:
        with pytest.raises(BackupFailed, match=r"copy\.vedette\.part cannot be used"):
            await master.api.backups.make(tmp_path / "copy.vedette", PHRASE)


def backups() -> tuple[Backups, MemoryBackup]:
    writer = MemoryBackup()
    return Backups(writer, no_note, CannotWrite), writer


async def test_what_cannot_be_a_backup_is_refused_by_its_field(tmp_path: Path) -> None:
    made, writer = backups()
    (tmp_path / "there").write_text("precious")
    for file, phrase, field in (
        (tmp_path / "there", PHRASE, "file"),
        (tmp_path / "no" / "x", PHRASE, "file"),
        (Path("x"), PHRASE, "file"),
        (tmp_path / "x", Secret("1234567"), "passphrase"),
    ):
        with pytest.raises(Invalid) as caught:
            await made.make(file, phrase)
        assert caught.value.field == field
    assert (tmp_path / "there").read_text() == "precious" and not writer.given


async def test_one_at_a_time_with_its_progress_and_an_end_on_request(tmp_path: Path) -> None:
    made, writer = backups()
    writer.gate.clear()
    ends: list[Exception] = []

    async def make() -> None:
        try:
            await made.make(tmp_path / "x", PHRASE)
        except BackupCancelled as error:
            ends.append(error)

    making = tasks.spawn(make(), name="making")
    await eventually(lambda: made.progress == BackupProgress("copying", 120_000_000, 430_000_000))
    with pytest.raises(Conflict):
        await made.make(tmp_path / "y", PHRASE)
    made.cancel()
    await making
    assert len(ends) == 1 and made.progress is None and not writer.given
    writer.gate.set()
    await made.make(tmp_path / "x", PHRASE)  # the end of the one is not the end of the next
    assert [file.name for file, _ in writer.given] == ["x"]


async def test_closing_meanwhile_waits_for_the_thread(tmp_path: Path) -> None:
    made, writer = backups()
    writer.gate.clear()
    making = tasks.spawn(made.make(tmp_path / "x", PHRASE), name="making")
    await eventually(lambda: made.progress == BackupProgress("copying", 120_000_000, 430_000_000))
    await tasks.cancel(making)
    assert made.progress is None and not writer.given


async def test_why_it_failed_is_said(tmp_path: Path) -> None:
    made, writer = backups()
    writer.trouble = "the disk is full"
    with pytest.raises(BackupFailed, match="the disk is full"):
        await made.make(tmp_path / "x", PHRASE)
    assert made.progress is None
