"""Wait for a condition instead of for a time."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

from worker.process.clock import lease_clock


async def eventually(condition: Callable[[], Any], *, within: float = 10.0, what: str = "") -> Any:
    """Return the first truthy value of `condition()` (sync or async), looking every 5 ms.

    Raises:
        AssertionError: if it stays false for `within` seconds; says the last value seen.
    """
    deadline = lease_clock() + within
    while True:
        value = condition()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        assert lease_clock() < deadline, f"not within {within} s: {what or condition} (last seen: {value!r})"
        await asyncio.sleep(0.005)
