"""The interpreter: event → FleetState.handle → perform the commands → the outcome is the next event."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Any, Protocol

import structlog

from engine.bus import Bus
from engine.events import AccountChanged
from engine.fleet import messages as m
from engine.fleet.journal import Line
from engine.fleet.parts import Duty
from engine.fleet.state import FleetState
from engine.records import Account, AccountStatus, Move, StorageFault
from worker.process import tasks
from worker.process.clock import lease_clock, wall_ms
from worker.process.logs import current_request_id, new_request_id, request
from worker.protocol.messages import Assign, Message, Revoke, Task

#: seconds that finished checks gather before they are saved: they are for people and for gaps of a minute, and a commit
#: for each heartbeat would cost as much as the heartbeat (measured with 1,000 a second)
CHECKS_GATHER = 1.0

log = structlog.get_logger("fleet")


class OwnershipStore(Protocol):
    """What the interpreter keeps in the store."""

    async def get_many(self, account_ids: Sequence[str]) -> dict[str, Account]: ...
    async def save_ownership(self, moves: Sequence[Move]) -> tuple[list[Move], list[Move]]: ...
    async def save_health(self, account_id: str, epoch: int, status: AccountStatus, last_error: str | None) -> bool: ...
    async def save_quarantine(self, account_id: str, reason: str | None) -> None: ...
    async def save_checks(self, rows: Sequence[tuple[str, int, int | None]]) -> None: ...


class Runtime:
    """Feeds events to the fleet and performs what it decides, each kind of work in the order of the decisions.

    Args:
        record: gets each line of the fleet's journal, in order, before what it tells is done.

    Attributes:
        state: the fleet; read it freely, change it only through submit().
    """

    def __init__(
        self,
        state: FleetState,
        store: OwnershipStore,
        bus: Bus,
        *,
        record: Callable[[Line], None] = lambda _line: None,
        check_invariants: bool = False,
    ) -> None:
        self.state = state
        self._record = record
        self._store = store
        self._bus = bus
        self._check = check_invariants
        self._queue: asyncio.Queue[tuple[str, Callable[[], Awaitable[None]]]] = asyncio.Queue()
        self._worker: asyncio.Task[None] | None = None
        self._send: Callable[[str, Message, str], bool] = lambda _worker_id, _message, _request_id: False
        self._timers: set[asyncio.TimerHandle] = set()
        self._checks: list[tuple[str, int, int | None]] = []
        self._checks_due: asyncio.TimerHandle | None = None
        self._performers: dict[type[m.Command], Callable[[Any], None]] = {
            m.SaveOwnership: lambda c: self._later(self._save_ownership, c),
            m.Assign: lambda c: self._later(self._assign, c),
            m.Revoke: lambda c: self._later(self._revoke, c),
            m.SaveHealth: lambda c: self._later(self._save_health, c),
            m.SaveQuarantine: lambda c: self._later(self._save_quarantine, c),
            m.SaveChecks: self._gather_checks,
            m.Publish: lambda c: self._bus.publish(c.event),
            m.WakeAt: self._wake_at,
            m.Log: lambda c: getattr(log, c.level)(c.event, **c.fields),
        }

    def on(self, command: type[m.Command], perform: Callable[[Any], None]) -> None:
        """Have somebody else perform this kind of command (the supervisor: processes; the gateway: connections)."""
        self._performers[command] = perform

    def on_later(self, command: type[m.Command], perform: Callable[[Any], Awaitable[None]]) -> None:
        """The same for work that waits for the store, in the order of the decisions."""
        self._performers[command] = lambda c: self._later(perform, c)

    def connect(self, send: Callable[[str, Message, str], bool]) -> None:
        """Where messages to workers go: (worker_id, message, request_id) → whether it was connected."""
        self._send = send

    def start(self) -> None:
        """Begin to perform what has to wait for the store."""
        if self._worker is None:
            self._worker = tasks.spawn(self._perform_in_order(), name="fleet-runtime")

    async def close(self) -> None:
        """Perform what is queued, then stop."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        if self._checks_due is not None:
            self._checks_due.cancel()
            self._save_gathered()
        if self._worker is not None:
            await self._queue.join()
            await tasks.cancel(self._worker)
            self._worker = None

    def submit(self, event: m.Event) -> None:
        """Take one event in and perform what follows from it."""
        commands = self.state.handle(event, lease_clock())
        for line in self.state.tables.journal.take():
            self._record(line)
        if self._check:
            self.state.validate()
        for command in commands:
            self._performers[type(command)](command)

    # --- what can be done at once

    def _wake_at(self, command: m.WakeAt) -> None:
        loop = asyncio.get_running_loop()

        def woke() -> None:
            self._timers.discard(timer)
            self.submit(m.Woke())

        # a context of its own: what happens then must not carry the request id of whatever asked for the wake-up
        timer = loop.call_later(max(0.0, command.at - lease_clock()) + 0.001, woke, context=Context())
        self._timers.add(timer)

    # --- what has to wait for the store, in order

    def _later(self, perform: Callable[[Any], Awaitable[None]], command: Any) -> None:
        self._queue.put_nowait((current_request_id() or new_request_id(), lambda: perform(command)))

    async def _perform_in_order(self) -> None:
        while True:
            request_id, perform = await self._queue.get()
            try:
                with request(request_id):
                    await perform()
            except StorageFault as error:  # a full disk, say: it passes, and what was to be written is known here
                log.warning("fleet.not_saved", why=str(error))
            except Exception:  # whatever it was, it must not end the interpreter
                log.exception("fleet.command_failed")
            finally:
                self._queue.task_done()

    async def _save_ownership(self, command: m.SaveOwnership) -> None:
        try:
            saved, refused = await self._store.save_ownership(command.moves)
        except Exception as error:  # whatever it was, the moves did not happen: the fleet decides what next
            log.warning("fleet.ownership_not_saved", accounts=len(command.moves), why=str(error))
            self.submit(m.StoreFailed(command.moves))
            return
        self.submit(m.OwnershipSaved(tuple(saved)))
        known = await self._store.get_many([move.account_id for move in refused])
        for move in refused:
            account = known.get(move.account_id)
            self.submit(m.OwnershipRefused(move.account_id, account.epoch if account else None))

    async def _assign(self, command: m.Assign) -> None:
        tasks_ = await self.tasks_for(command.duties)
        self._send(command.worker_id, Assign(command.sequence, command.complete, tasks_), current_request_id())

    async def _revoke(self, command: m.Revoke) -> None:
        self._send(command.worker_id, Revoke(command.sequence, list(command.account_ids)), current_request_id())

    async def _save_health(self, command: m.SaveHealth) -> None:
        await self._store.save_health(command.account_id, command.epoch, command.status, command.last_error)

    async def _save_quarantine(self, command: m.SaveQuarantine) -> None:
        await self._store.save_quarantine(command.account_id, command.reason)
        self._bus.publish(AccountChanged(command.account_id))

    def _gather_checks(self, command: m.SaveChecks) -> None:
        now = wall_ms()
        self._checks += [(account_id, now - int(ago * 1000), watched) for account_id, ago, watched in command.checks]
        if self._checks_due is None:
            self._checks_due = asyncio.get_running_loop().call_later(CHECKS_GATHER, self._save_gathered)

    def _save_gathered(self) -> None:
        rows, self._checks, self._checks_due = self._checks, [], None
        self._later(self._store.save_checks, rows)

    async def tasks_for(self, duties: Sequence[Duty]) -> list[Task]:
        """Duties with the settings and cursors that the store has for them; deleted accounts are left out."""
        accounts = await self._store.get_many([duty.account_id for duty in duties])
        return [_task(duty, accounts[duty.account_id]) for duty in duties if duty.account_id in accounts]


def _task(duty: Duty, account: Account) -> Task:
    return Task(
        account=account.id,
        epoch=duty.epoch,
        platform=account.platform,
        settings=account.settings,
        interval=account.interval,
        due_in=duty.due_in,
        cursor=account.cursor,
        check_request=duty.check_request,
    )
