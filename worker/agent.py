"""The worker itself: link, session and watchers on one exit stack; performs what the session decides."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import structlog

from worker.alarm import Alarm
from worker.checker import Checker
from worker.config import Setup
from worker.errands import Errands
from worker.heart import Heart
from worker.introduction import ready, registration, starting
from worker.keyring import Keyring
from worker.lease_looks import Looks
from worker.link import FINAL, Acknowledge, Link, final
from worker.listener import Listener
from worker.memory import Memory, MemoryTrouble
from worker.platforms.base import Platform, stream_of
from worker.platforms.http import HttpPool
from worker.process.clock import lease_clock, wall_ms
from worker.process.exit_codes import Exit, Stop
from worker.process.logs import new_request_id, request
from worker.process.stall import StallMeter
from worker.process.tasks import cancel, spawn
from worker.process.under_check import UnderCheck
from worker.protocol import messages as wire
from worker.protocol.envelope import Received, ok
from worker.sender import Sender
from worker.vitals import Vitals
from worker.watch import backoff
from worker.watch import events as ev
from worker.watch.session import Session

DELIVERY_TIMEOUT = 20.0  #: seconds for the master to commit a batch
DRAIN = 3.0  #: seconds to end in when nobody said how long

log = structlog.get_logger("agent")


class Agent:
    """One worker, from start to end: `await Agent(…).run()`.

    Args:
        setup: who it is and whose.
        platforms: what it can check, by key.
        rng: for jitter.
        say: prints a line for the person who started it.
    """

    def __init__(
        self,
        setup: Setup,
        platforms: Mapping[str, Platform],
        rng: backoff.Rng,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._setup = setup
        self._platforms = platforms
        self._say = say
        self._greeted = False
        streams = frozenset(key for key, platform in platforms.items() if stream_of(platform))
        self.session = Session(streams=streams, rng=rng)
        self._vitals = Vitals()
        self._memory = Memory(setup.directory / "worker.db")
        self._http = HttpPool()
        self._link = Link(setup.way, self, rng)
        self._sender = Sender(self._memory, self._deliver, rng, self._note_memory)
        self._keyring = Keyring(partial(self._link.call, answer=wire.CredentialsGiven))
        self._heart = Heart(
            link=self._link,
            session=self.session,
            memory=self._memory,
            vitals=self._vitals,
            tell=self._tell,
            settled=self._note_memory,
        )
        self._under_check = UnderCheck(setup.directory)
        self._checker = Checker(
            self._platforms,
            self._http,
            self._memory,
            self._keyring,
            Looks(self.session),
            wall_ms,
            self._under_check,
            setup.worker_id,
        )
        self._errands = Errands(self._link, self._memory, self._sender, self._checker, self._tell)
        self._listener = Listener(self._checker, self._heard, self._tell)
        self._alarm = Alarm(lambda: self._tell(ev.ClockTick()), self._vitals.late)
        self._meter = StallMeter(self._stalled)
        self._checks: dict[str, asyncio.Task[ev.CheckFinished]] = {}
        self._full = False
        self._stop: asyncio.Future[Exit] | None = None
        self._farewell: Stop | None = None
        self._drain_by = float("inf")
        self._draining: asyncio.Timeout | None = None
        self._performers = self._routes()

    def _routes(self) -> dict[type[ev.Command], Callable[[Any], object]]:
        """Who performs which command of the session."""
        return {
            ev.StartCheck: self._start_check,
            ev.AbortCheck: self._abort_check,
            ev.StartListen: self._listener.start,
            ev.AbortListen: self._listener.abort,
            ev.DropCredentials: lambda command: self._keyring.drop(command.account),
            ev.RememberTasks: lambda command: self._write(self._memory.remember_tasks(command.tasks)),
            ev.ForgetTasks: lambda command: self._write(self._memory.forget_tasks(command.accounts)),
            ev.SendReleased: self._errands.release,
            ev.SendReport: self._errands.report,
            ev.Reconnect: lambda command: self._link.hang_up("the lease ran out"),
            ev.WakeAt: lambda command: self._alarm.set(command.moment),
        }

    async def run(self) -> Exit:
        """Work until asked to stop, then drain and close everything.

        Returns:
            the exit code that the process should end with.

        Raises:
            Stop: if the master refuses this worker for good.
            OSError, sqlite3.Error: if worker.db cannot be opened.
        """
        self._stop = self._stop or asyncio.get_running_loop().create_future()
        self._say(starting(self._setup))
        async with AsyncExitStack() as stack:
            await self._memory.start()
            stack.push_async_callback(self._memory.close)
            stack.enter_context(self._under_check)
            await self._http.start()
            stack.push_async_callback(self._http.close)
            stack.push_async_callback(self._end_tasks)
            stack.callback(self._alarm.close)
            self._alarm.start()
            self._meter.start()
            stack.push_async_callback(self._meter.close)
            for work, name in ((self._link.run, "link"), (self._sender.run, "sender")):
                stack.push_async_callback(cancel, spawn(self._keep(work), name=name))
            code = await self._stop
            await self._drain()
        if self._farewell is not None:
            raise self._farewell
        return code

    def ask_stop(self, deadline: float = DRAIN, code: Exit = Exit.ASKED) -> None:
        """Stop checking, deliver what is left and let go, within `deadline` seconds; a later call may shorten that."""
        self._drain_by = min(self._drain_by, asyncio.get_running_loop().time() + deadline)
        if self._draining is not None:
            self._draining.reschedule(self._drain_by)
        if self._stop is None:
            self._stop = asyncio.get_running_loop().create_future()
        if not self._stop.done():
            log.info("agent.stopping", deadline=deadline)
            self._stop.set_result(code)

    # --- link.Listener -----------------------------------------------------------------------------------------------

    async def opened(self) -> None:
        """Register; the first heartbeat follows at once."""
        hello = registration(
            self._setup,
            self._platforms.values(),
            running=self.session.held(),
            resources=self._vitals.read(),
            crashed=list(self._under_check.left_behind),
        )
        answer = await self._link.call(hello, wire.Registered)
        self._under_check.left_behind = ()  # told
        self._tell(ev.Registered(answer.sequence, answer.lease, tuple(answer.tasks), answer.heartbeat_interval))
        self._http.timeout = self.session.lease.request_timeout
        self._heart.begin(answer.heartbeat_interval)
        self._sender.link_up()
        log.info("agent.registered", accounts=len(answer.tasks), lease=answer.lease)
        if not self._greeted:
            self._greeted = True
            for line in ready(len(answer.tasks)):
                self._say(line)

    def lost(self) -> None:
        """Nothing changes (W5) but that the heartbeats pause."""
        self._heart.pause()
        self._sender.link_down()
        self._tell(ev.LinkLost())

    def received(self, received: Received, acknowledge: Acknowledge) -> None:
        """Do what the master says."""
        match received.message:
            case wire.Assign() as assign:
                self._tell(ev.Assigned(assign))
                acknowledge(ok())
            case wire.Revoke() as revoke:
                self._tell(ev.Revoked(revoke))
                acknowledge(ok())
            case wire.Probe() as probe:
                self._errands.probe(probe, acknowledge)
            case wire.Shutdown() as shutdown:
                acknowledge(ok())
                if shutdown.reason in FINAL:
                    self._be_cast_out(final(shutdown.reason))
                self.ask_stop(shutdown.deadline)

    def _be_cast_out(self, farewell: Stop) -> None:
        """All that the master still takes is that we let go of accounts: the next owner finds the rest again."""
        self._farewell = farewell
        self._errands.last = True
        self._heart.pause()
        self._sender.link_down()

    # --- performing --------------------------------------------------------------------------------------------------

    def _tell(self, event: ev.Event) -> None:
        for command in self.session.handle(event, lease_clock()):
            self._performers[type(command)](command)

    def _start_check(self, command: ev.StartCheck) -> None:
        task, request_id = command.task, command.request_id or new_request_id()
        at, began = wall_ms(), lease_clock()

        def ended(check: asyncio.Task[ev.CheckFinished]) -> None:
            # in a callback: a check that is aborted before its first step runs no code of its own
            del self._checks[task.account]
            failed = check.cancelled() or check.exception() is not None
            unknown = ev.CheckFinished(task.account, task.epoch, None, request_id=request_id)
            self._end_check(unknown if failed else check.result(), at, lease_clock() - began)

        with request(request_id):
            self._checks[task.account] = spawn(self._checker.check(task, request_id), name=f"check {task.account}")
        self._checks[task.account].add_done_callback(ended)

    def _abort_check(self, command: ev.AbortCheck) -> None:
        # after a freeze a check may end before any timer rings: then telling its end is what ends the lease
        if (check := self._checks.get(command.account)) is not None:
            check.cancel()

    def _end_check(self, finished: ev.CheckFinished, at: int, duration: float) -> None:
        self._heart.note_check(finished, at, duration)
        self._settle(finished, finished.request_id)

    def _heard(self, found: ev.CheckFinished) -> None:
        self._heart.note_check(found, wall_ms(), 0.0)
        self._settle(ev.Heard(found), found.request_id)

    def _settle(self, event: ev.Event, request_id: str) -> None:
        """Something was written down: send it, then say so."""
        if self._memory.rows:
            self._sender.wake()
        self._note_memory()
        with request(request_id):
            self._tell(event)

    def _note_memory(self) -> None:
        full = bool(self._memory.trouble)
        if full == self._full:
            return
        self._full = full
        if full:
            log.error("agent.degraded", reason=self._memory.trouble)
        else:
            log.info("agent.recovered")
        self._tell(ev.MemoryFull(full))

    def _write(self, writing: Coroutine[Any, Any, None]) -> None:
        self._errands.run(self._write_down(writing), "remember tasks")

    async def _write_down(self, writing: Coroutine[Any, Any, None]) -> None:
        try:
            await writing
        except MemoryTrouble:
            self._note_memory()

    async def _deliver(self, batch: wire.Detections) -> wire.Stored:
        return await self._link.call(batch, wire.Stored, timeout=DELIVERY_TIMEOUT)

    # --- lifecycle ---------------------------------------------------------------------------------------------------

    async def _keep(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run one of the two tasks without which a worker is none; its end is the worker's.

        It is called only here: one that is cancelled before its first step must not leave a coroutine behind.
        """
        stop = Stop(Exit.TEMPORARY, "the worker failed; its log has the details")
        try:
            await work()
        except Stop as asked:
            stop = asked
        except Exception:  # whatever it is: better start afresh than go on half alive
            log.exception("agent.failed")
        assert self._stop is not None
        if not self._stop.done():
            self._stop.set_exception(stop)

    async def _drain(self) -> None:
        self._tell(ev.ShutdownAsked())
        try:
            async with asyncio.timeout_at(self._drain_by) as self._draining:
                await asyncio.gather(*self._checks.values(), *self._listener.tasks(), return_exceptions=True)
                if self._heart.beating and self._memory.rows:
                    await self._sender.flushed()
                self._tell(ev.Drained())
                await asyncio.gather(*self._errands.tasks(), return_exceptions=True)
        except TimeoutError:
            log.info("agent.drained_partly", outbox=self._memory.rows)

    def _stalled(self, seconds: float) -> None:
        """The lease has been looked at before anything else was done; this says why so much was late."""
        log.warning("agent.stalled", seconds=round(seconds, 1))
        self._tell(ev.Stalled(seconds))

    async def _end_tasks(self) -> None:
        await cancel(*self._checks.values(), *self._errands.tasks())
        await self._listener.close()
        await self._heart.close()
