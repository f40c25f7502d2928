"""How this process fares: CPU, memory, and how late the event loop is."""

import psutil

from worker.protocol.messages import Resources


class Vitals:
    """Collected between two heartbeats."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._process.cpu_percent(None)  # the first call only marks the beginning
        self._lag = 0.0

    def late(self, seconds: float) -> None:
        """A timer fired this much after its time."""
        self._lag = max(self._lag, seconds)

    def read(self) -> Resources:
        """Figures since the last call; the worst lag is taken and forgotten."""
        lag, self._lag = self._lag, 0.0
        try:
            cpu, memory = self._process.cpu_percent(None), self._process.memory_info().rss
        except psutil.Error:
            cpu, memory = 0.0, 0
        return Resources(cpu=max(0.0, cpu), memory=memory, loop_lag=lag)
