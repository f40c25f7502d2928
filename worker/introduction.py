"""What a worker says of itself: to the master when it registers, and to the person who started it by hand."""

import os
import socket
from collections.abc import Iterable
from typing import Any

from worker import __version__
from worker.config import Setup
from worker.platforms.base import Platform
from worker.process.banner import banner
from worker.protocol.messages import Register


def registration(setup: Setup, platforms: Iterable[Platform], **facts: Any) -> Register:
    """worker:register; `facts` are the fields that change from one connection to the next."""
    return Register(
        worker_id=setup.worker_id,
        incarnation=setup.incarnation,
        name=setup.name,
        host=socket.gethostname()[:300],
        pid=os.getpid(),
        version=__version__,
        platforms=[platform.descriptor for platform in platforms],
        capacity=setup.capacity,
        **facts,
    )


def starting(setup: Setup) -> str:
    """The banner at the start."""
    return banner("Worker Starting", f"Worker ID: {setup.worker_id}", f"Master: {setup.way.where}")


def ready(accounts: int) -> tuple[str, ...]:
    """The lines after the first registration."""
    return (
        "✓ Connected to master",
        f"✓ Registered with master ({accounts} accounts assigned)",
        "✓ Heartbeat sender started",
        "✓ Task runner started",
        banner("Worker Ready"),
    )
