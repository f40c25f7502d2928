"""Deleting is soft for 30 days, and then it is for good."""

from datetime import timedelta
from pathlib import Path

import pytest

from engine.housekeeping import Housekeeping
from engine.records import Account, Missing, from_ms
from engine.store.store import Store
from worker.process.clock import wall_ms

DAY_MS = 24 * 3600 * 1000


async def test_the_bin_is_emptied_after_thirty_days_and_not_before(tmp_path: Path) -> None:
    store = Store(tmp_path / "vedette.db")
    await store.start()
    try:
        await store.accounts.add(Account("a", "demo", "A", 30, from_ms(wall_ms())), b"sealed")
        await store.accounts.delete("a")
        now = [wall_ms() + 29 * DAY_MS]
        housekeeping = Housekeeping(store.accounts, lambda: now[0])
        assert await housekeeping.tidy() == 0
        assert (await store.accounts.restore("a")).id == "a"
        await store.accounts.delete("a")
        now[0] += timedelta(days=2) // timedelta(milliseconds=1)
        assert await housekeeping.tidy() == 1
        with pytest.raises(Missing):
            await store.accounts.restore("a")
        assert await store.accounts.any_sealed() is False
    finally:
        await store.close()
