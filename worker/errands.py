"""What a worker says to its master beside heartbeats and batches: reports, releases, answers to probes; a task each."""

import asyncio
from collections.abc import Callable, Collection, Coroutine
from typing import Any

import structlog

from worker.checker import Checker, ProbeFailed
from worker.link import Acknowledge, Link, LinkDown
from worker.memory import Memory
from worker.process.clock import wall_ms
from worker.process.logs import current_request_id
from worker.process.tasks import spawn
from worker.protocol import messages as wire
from worker.protocol.envelope import ok, refused
from worker.protocol.errors import ProtocolError
from worker.sender import Sender
from worker.watch import events as ev

FLUSH_BEFORE_RELEASE = 2.0  #: seconds; the next owner starts from the cursor that the master has by then

log = structlog.get_logger("agent")


class Errands:
    """Runs them.

    Args:
        tell: takes an event of the session.

    Attributes:
        last: the master takes nothing any more but releases: they need not wait for the outbox.
    """

    def __init__(
        self, link: Link, memory: Memory, sender: Sender, checker: Checker, tell: Callable[[ev.Event], None]
    ) -> None:
        self._link = link
        self._memory = memory
        self._sender = sender
        self._checker = checker
        self._tell = tell
        self._running: set[asyncio.Task[None]] = set()
        self._releasing: set[tuple[str, int]] = set()
        self.last = False

    def run(self, coro: Coroutine[Any, Any, None], name: str) -> None:
        """Do it in a task of its own."""
        task = spawn(coro, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def tasks(self) -> Collection[asyncio.Task[None]]:
        """Those under way."""
        return list(self._running)

    def report(self, command: ev.SendReport) -> None:
        """How an account fares."""
        self.run(self._report(command), "report")

    def release(self, command: ev.SendReleased) -> None:
        """An account is let go, once what it found was delivered."""
        pair = (command.account, command.epoch)
        if pair not in self._releasing:
            self._releasing.add(pair)
            self.run(self._release(*pair), "release")

    def probe(self, probe: wire.Probe, acknowledge: Acknowledge) -> None:
        """Try credentials for a user and answer."""
        self.run(self._probe(probe, acknowledge), "probe")

    async def _report(self, command: ev.SendReport) -> None:
        retry_at = None if command.retry_in is None else wall_ms() + int(command.retry_in * 1000)
        report = wire.Report(command.account, command.epoch, command.state, retry_at, command.quota, command.message)
        try:
            await self._link.call(report, wire.Answer, request_id=current_request_id())
        except (LinkDown, ProtocolError) as error:  # the session tells it again after the next registration
            log.info("agent.report_lost", account=command.account, reason=str(error))

    async def _release(self, account: str, epoch: int) -> None:
        try:
            if self._memory.rows and not self.last:
                await self._sender.flushed(FLUSH_BEFORE_RELEASE)
            await self._link.call(wire.Released(account, epoch), wire.Answer)
        except LinkDown:  # the session sends it again
            return
        except ProtocolError as error:  # not ours any more: that ends it as well
            log.info("agent.release_refused", account=account, epoch=epoch, code=error.code)
        finally:
            self._releasing.discard((account, epoch))
        self._tell(ev.ReleaseAnswered(account, epoch))

    async def _probe(self, probe: wire.Probe, acknowledge: Acknowledge) -> None:
        reply = refused("closing", "The worker is ending.")
        try:
            reply = ok(wire.Probed(await self._checker.probe(probe)))
        except ProbeFailed as error:
            reply = refused(error.code, str(error))
        finally:
            acknowledge(reply)
