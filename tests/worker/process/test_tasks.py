"""Background work is named, kept alive and never silent."""

import asyncio
import gc

import pytest

from tests.support.waiting import eventually
from worker.process.tasks import cancel, spawn


async def test_a_spawned_task_has_its_name_and_result() -> None:
    async def work() -> int:
        return 7

    task = spawn(work(), name="work")
    assert task.get_name() == "work"
    assert await task == 7


async def test_a_task_nobody_holds_is_not_collected() -> None:
    done = asyncio.Event()

    async def work() -> None:
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(gc.collect)
        asyncio.get_running_loop().call_soon(waiting.set_result, None)
        await waiting
        done.set()

    spawn(work(), name="forgotten")
    gc.collect()
    await eventually(done.is_set)


async def test_an_exception_nobody_awaits_is_logged(expected_logs: object) -> None:
    expected_logs("task.failed")  # type: ignore[operator]

    async def work() -> None:
        raise ValueError("boom")

    task = spawn(work(), name="doomed")
    await eventually(task.done)
    records: list[str] = expected_logs.records  # type: ignore[attr-defined]
    assert any("doomed" in line and "boom" in line for line in records)


async def test_cancel_waits_for_the_end_and_swallows_it() -> None:
    ended: list[str] = []

    async def work(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(name)

    tasks = [spawn(work(name), name=name) for name in ("one", "two")]
    await asyncio.sleep(0)
    await cancel(*tasks, None)
    assert ended == ["one", "two"]
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]
