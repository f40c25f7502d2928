"""How many detections were stored in the last minute, without asking the database."""

from collections import deque

SECONDS = 60


class Rate:
    """Counts by second; `now` in milliseconds since 1970 UTC."""

    def __init__(self) -> None:
        self._buckets: deque[list[int]] = deque()

    def note(self, count: int, now: int) -> None:
        """So many more, now."""
        second = now // 1000
        if self._buckets and self._buckets[-1][0] >= second:
            self._buckets[-1][1] += count
        else:
            self._buckets.append([second, count])
        self._forget(second)

    def per_minute(self, now: int) -> int:
        """How many in the last 60 seconds."""
        self._forget(now // 1000)
        return sum(count for _, count in self._buckets)

    def _forget(self, second: int) -> None:
        while self._buckets and self._buckets[0][0] <= second - SECONDS:
            self._buckets.popleft()
