import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.stored import open_store, page

ROOT = Path(__file__).parents[3]
SCRIPT = """
import asyncio, sys
from pathlib import Path
from engine.bus import Bus
from engine.feed.ingest import Ingest
from engine.store.store import Store
from tests.support.stored import account, batch, entrust, item
from worker.process.logs import configure
from worker.protocol.messages import CursorAt

configure("test", None)  # stdout is for the counts

async def main():
    store = Store(Path(sys.argv[1]) / "vedette.db")
    await store.start()
    await store.accounts.add(account(worker_id="w1"), None)
    entrust(store, "acc_1")
    ingest = Ingest(store.ingest, Bus())
    seq = 0
    while True:
        items = [item(seq + n) for n in range(7)]
        answer = await ingest.take("w1", batch(*items, cursors={"acc_1": CursorAt(0, str(seq))}))
        seq += len(answer.done)
        print(seq, flush=True)

asyncio.run(main())
"""


def acknowledged_before_a_kill(directory: Path) -> int:
    command = [sys.executable, "-c", SCRIPT, str(directory)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(20):
            acknowledged = int(process.stdout.readline())
        process.kill()
        return int([acknowledged, *process.stdout.read().split()][-1])


@pytest.mark.processes
async def test_what_was_acknowledged_survives_kill_9(tmp_path):
    acknowledged = acknowledged_before_a_kill(tmp_path)
    async with open_store(tmp_path) as store:
        found = await page(store, 100_000)
        numbers = [int(each.external_id.removeprefix("ext-")) for each in found][::-1]
        assert numbers == list(range(len(numbers))), "each once, in order, no gap"
        assert len(numbers) >= acknowledged >= 140
        stored = await store.accounts.get("acc_1")
        assert int(stored.cursor) == len(numbers) - 7, "the cursor is never ahead of its items, nor behind"
        assert stored.unread == len(numbers)
