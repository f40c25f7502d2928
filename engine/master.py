"""Master: builds the engine's parts on one exit stack, and undoes them in reverse.

Order of the start: data directory and its lock, store, vault, fleet, gateway, what the store knows, worker processes,
the door for workers on other machines if it is wanted, master.json. A failure on the way closes what was opened.
"""

import asyncio
import gc
import os
import random
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import structlog

from engine.api.accounts import Accounts
from engine.api.backups import Backups
from engine.api.dead_letters import DeadLetters
from engine.api.detections import Detections
from engine.api.gaps import Gaps
from engine.api.journal import Journal
from engine.api.keys import Keys
from engine.api.platforms import Platforms
from engine.api.remote import Remote
from engine.api.retention import Retention
from engine.api.room import Api
from engine.api.samples import add_samples, is_sample
from engine.api.status import Status
from engine.api.tokens import ApiTokens
from engine.api.workers import Workers
from engine.bus import Bus
from engine.commands.live_backup import LiveBackup
from engine.config import Options, private_directory
from engine.control.accounts import AccountControl, as_event
from engine.control.door import Door
from engine.control.remote import RemoteControl
from engine.control.workers import WorkerControl
from engine.doors import keep_journal
from engine.events import MasterClosing, PlatformsChanged
from engine.feed.indexer import Indexer
from engine.feed.ingest import Ingest
from engine.fleet import messages as m
from engine.fleet.state import FleetState, Settings
from engine.gateway.auth import Tokens, new_token
from engine.gateway.limits import Limits
from engine.gateway.remote import RemotePlan
from engine.gateway.server import Gateway
from engine.gateway.tls import open_identity
from engine.housekeeping import Housekeeping
from engine.instance import InstanceLock, MasterFile, refuse_half_restored
from engine.journal import Recorder
from engine.records import MASTER
from engine.runtime import Runtime
from engine.store.errors import Busy, DiskFull, StoreError
from engine.store.store import Store
from engine.supervisor.supervisor import Plan, Supervisor
from engine.vault.errors import VaultError
from engine.vault.keeper import KeyKeeper
from engine.vault.sources import Offered, Sources
from worker import __version__
from worker.process import tasks
from worker.process.clock import lease_clock, wall_ms
from worker.process.exit_codes import NO_ROOM, Exit, Stop, cannot_use
from worker.process.logs import new_request_id, request
from worker.process.secret import Secret
from worker.process.stall import StallMeter
from worker.protocol.errors import ProtocolError
from worker.protocol.messages import Message, Shutdown

log = structlog.get_logger("master")

SWITCH_INTERVAL = 0.0005  #: seconds; lets the writer thread and the loop share the interpreter evenly (measured 2–5×)
#: young objects, young rounds, middle rounds between two rounds of the garbage collector: with the usual 700, 10, 10
#: and 10,000 workers connected it took a fifth of all CPU time, and a full round stopped the loop for 0.7 s (measured)
GARBAGE = (20_000, 20, 50)


class Master:
    """The engine as one thing to start and to close.

    Attributes:
        api: what front ends use; there once start() has returned.
        url, token: how REST and /client are reached.

    Args:
        ask: asks a person for the passphrase of the credentials, on a thread; None from it if nobody is there.
        limits: what strangers and busy peers may cost, if not the usual.
    """

    def __init__(
        self, options: Options, ask: Callable[[], Secret | None] = lambda: None, limits: Limits | None = None
    ) -> None:
        self._options = options
        self._limits = limits
        self._offered = Offered(options.encryption_key, options.passphrase, ask)
        self._stack: AsyncExitStack | None = None
        self._closing: asyncio.Future[None] | None = None
        self._started_at = 0.0
        self.bus = Bus()
        self.tokens = Tokens(new_token())
        self.api: Api
        self.url = ""

    @property
    def hint(self) -> str:
        """What whoever started it should know; empty if all is as it was asked for."""
        return self._keys.hint

    @property
    def token(self) -> str:
        """The client token of this start."""
        return self.tokens.client

    async def start(self) -> None:
        """Start everything; once more is nothing.

        Raises:
            Stop: with the exit code and the sentence for the user.
        """
        if self._stack is not None:
            return
        sys.setswitchinterval(SWITCH_INTERVAL)
        self._started_at = lease_clock()
        try:
            async with AsyncExitStack() as stack:
                await self._build(stack)
                self._stack = stack.pop_all()
                gc.set_threshold(*GARBAGE)  # not before: the start itself leaves much behind
        except (StoreError, VaultError) as error:
            passes = isinstance(error, (DiskFull, Busy)) or getattr(error.__cause__, "errno", None) in NO_ROOM
            raise Stop(Exit.TEMPORARY if passes else Exit.CONFIG, str(error)) from error
        except OSError as error:
            raise cannot_use(f"the data directory {self._options.data_dir}", error) from error
        log.info("master.ready", url=self.url, version=__version__, pid=os.getpid())

    async def close(self, reason: str) -> None:
        """Drain the workers, store what they still hold, close everything. Concurrent callers wait for the same end."""
        if self._stack is None:
            return
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_future()
            await self._close(reason)
            self._closing.set_result(None)
        await asyncio.shield(self._closing)

    async def _close(self, reason: str) -> None:
        log.info("master.closing", reason=reason)
        self._recorder.note("the master is closing", MASTER, why=reason)
        self.bus.publish(MasterClosing(reason))
        stack, self._stack = self._stack, None
        try:
            if stack is not None:
                await stack.aclose()
        finally:
            log.info("master.closed", reason=reason)

    # --- building

    async def _build(self, stack: AsyncExitStack) -> None:
        options = self._options
        private_directory(options.data_dir)
        stack.enter_context(InstanceLock(options.data_dir))
        refuse_half_restored(options.data_dir)
        self._identity = await asyncio.to_thread(open_identity, options.data_dir)
        store = self._store = Store(options.db_path)
        await store.start()
        stack.push_async_callback(store.close)
        self._keys = KeyKeeper(store.keys, Sources(options.data_dir, self._offered))
        await self._keys.start()
        stack.push_async_callback(self._keys.close)
        self._recorder = Recorder(store.journal)
        await self._recorder.start()
        stack.push_async_callback(self._recorder.close)
        stack.callback(keep_journal(self.bus, self._recorder.note))
        self._ingest = Ingest(store.ingest, self.bus, note=self._recorder.note)
        stack.push_async_callback(self._ingest.close)
        indexer = Indexer(store.search, self.bus)
        await indexer.start()
        stack.push_async_callback(indexer.close)
        housekeeping = Housekeeping(
            accounts=store.accounts,
            journal=store.journal,
            detections=store.detections,
            bus=self.bus,
            note=self._recorder.note,
            retention_days=options.retention_days,
        )
        housekeeping.start()
        stack.push_async_callback(housekeeping.close)
        self._build_fleet(stack)
        await self._open_doors(stack)
        if restored := await store.keys.take_restored():
            why = f"from a backup of {restored[1]:%Y-%m-%d %H:%M} UTC; what was found since then is fetched again"
            self._recorder.note("the installation was restored", MASTER, why=why)
        self._recorder.note("the master started", MASTER, details={"version": __version__, "pid": str(os.getpid())})
        await self._wake_the_fleet(stack)
        await self._remote.begin()  # only now: a worker must not come before the fleet knows it
        self._file = MasterFile(options.data_dir, self.url, self.token, __version__)
        stack.callback(self._file.remove)
        self._write_file()
        if options.demo:
            samples = tasks.spawn(self._add_samples(), name="samples")
            stack.push_async_callback(tasks.cancel, samples)

    def _build_fleet(self, stack: AsyncExitStack) -> None:
        settings = Settings(self._options.figures, self._options.rebalance_threshold, self._options.gap_after)
        state = FleetState(settings, random.SystemRandom(), lease_clock())
        self._runtime = Runtime(state, self._store.accounts, self.bus, record=self._recorder.record)
        self._runtime.start()
        stack.push_async_callback(self._runtime.close)
        self._workers = WorkerControl(
            self._runtime,
            self._store.workers,
            self._recorder.note,
            local_maximum=self._options.worker_max_count,
            capacity=self._options.worker_capacity,
        )

        self._remote = RemoteControl(
            self._workers,
            self._store.join_codes,
            self._store.settings,
            self._options.remote,
            spki=self._identity.spki,
            note=self._recorder.note,
            changed=self._write_file,
        )

    def _write_file(self) -> None:
        state = self._remote.snapshot()
        self._file.write(state.fingerprint if state.accepting else None)

    async def _open_doors(self, stack: AsyncExitStack) -> None:
        options, store = self._options, self._store
        door = Door(
            runtime=self._runtime,
            accounts=store.accounts,
            platforms=store.platforms,
            vault=self._keys.vault,
            bus=self.bus,
            figures=options.figures,
        )
        api_tokens = ApiTokens(store.tokens, self.bus, wall_ms)
        await api_tokens.load()
        stack.push_async_callback(api_tokens.close)
        self.api = self._build_api(api_tokens)
        remote = options.remote
        self._gateway = Gateway(
            self.api,
            self.tokens,
            door,
            self._ingest,
            host=options.host,
            port=options.port,
            version=__version__,
            remote=RemotePlan(self._identity, self._workers, remote.host, remote.names, remote.clients),
            limits=self._limits,
        )
        self._remote.connect(self._gateway.remote)
        await self._gateway.start()
        stack.push_async_callback(self._gateway.close)
        self.url = self._gateway.url
        self._runtime.connect(self._gateway.workers.send)

    def _build_api(self, api_tokens: ApiTokens) -> Api:
        store = self._store
        platforms = Platforms(store.platforms)
        journal = Journal(self._recorder)
        accounts = AccountControl(self._runtime, self.bus, self._ask, self._recorder.note)
        workers, detections = Workers(self._workers, journal), Detections(store.detections, store.detections, self.bus)
        dead_letters = DeadLetters(store.dead_letters, self._ingest, self.bus)
        status = Status(
            __version__,
            self._uptime,
            workers,
            scheduling=accounts.scheduling,
            detections=detections,
            dead_letters=dead_letters,
        )
        return Api(
            accounts=Accounts(
                store.accounts,
                accounts,
                self._keys.vault,
                platforms,
                wall_ms=wall_ms,
                journal=journal,
                default_interval=self._options.check_interval,
            ),
            dead_letters=dead_letters,
            detections=detections,
            gaps=Gaps(store.gaps, store.accounts, accounts),
            journal=journal,
            platforms=platforms,
            status=status,
            tokens=api_tokens,
            workers=workers,
            keys=Keys(self._keys, self._recorder.note, VaultError),
            remote=Remote(self._remote),
            backups=Backups(LiveBackup(self._options, self._keys), self._recorder.note, Stop),
            retention=Retention(self._options.retention_days, self._options.retention_said_by),
            bus=self.bus,
        )

    async def _wake_the_fleet(self, stack: AsyncExitStack) -> None:
        """Tell the fleet what the store knows, then start worker processes."""
        supervisor = Supervisor(
            _Listener(self._runtime),
            describe=lambda worker_id: (
                self._workers.records[worker_id].name,
                self._workers.records[worker_id].capacity,
            ),
            issue_token=self.tokens.issue,
            farewell=self._say_farewell,
        )
        self._route_commands(supervisor)
        stack.push_async_callback(supervisor.close, "the master is closing")
        supervisor.start(Plan(self.url, self._options.data_dir, self._options.log_level))
        stack.callback(self._runtime.submit, m.Closing())
        await self._workers.load(self._options.local_workers, default_local=2)
        self._workers.enter_all()
        accounts = await self._store.accounts.load_all()
        self._workers.enter_revoked({account.worker_id for account in accounts})
        for account in accounts:
            self._runtime.submit(as_event(account))
        self._workers.leave_revoked()
        self._runtime.submit(m.GapsKnown(tuple(await self._store.gaps.unacknowledged())))
        self._runtime.submit(m.Woke())
        meter = StallMeter(lambda seconds: self._runtime.submit(m.LoopStalled(seconds)))
        meter.start()
        stack.push_async_callback(meter.close)

    def _route_commands(self, supervisor: Supervisor) -> None:
        runtime = self._runtime
        runtime.on(m.SpawnWorker, lambda c: supervisor.spawn(c.worker_id))
        runtime.on(m.StopWorker, lambda c: supervisor.stop(c.worker_id, c.why, hung=c.hung))
        runtime.on(m.CastOut, lambda c: self._gateway.workers.cast_out(c.worker_id))
        runtime.on(m.CutWorker, lambda c: self._gateway.workers.cut(c.worker_id))
        runtime.on_later(m.SaveGaps, lambda c: self._store.gaps.save(c.gaps))
        runtime.on_later(m.SaveRestarts, lambda c: self._workers.save_restarts(c.worker_id, c.restarts))

    async def _ask(self, worker_id: str, message: Message, request_id: str, timeout: float) -> dict[str, Any]:
        return await self._gateway.workers.call(worker_id, message, request_id, timeout)

    async def _say_farewell(self, worker_id: str, reason: str, deadline: float) -> None:
        """Raises ConnectionError if the worker is not there to hear it."""
        try:
            await self._ask(worker_id, Shutdown(reason, deadline), new_request_id(), 2.0)
        except ProtocolError as error:
            raise ConnectionError(error.message) from None

    def _uptime(self) -> float:
        return lease_clock() - self._started_at

    async def _add_samples(self) -> None:
        """As soon as a worker has said that there is a demo platform."""
        known = asyncio.Event()
        leave = self.bus.subscribe(PlatformsChanged, lambda _event: known.set())
        try:
            while self._store.platforms.get("demo") is None:
                known.clear()
                await known.wait()
            if not any(map(is_sample, await self.api.accounts.page(limit=1000))):
                await add_samples(self.api.accounts)
        finally:
            leave()


class _Listener:
    """What becomes of local processes, as fleet events."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def child_started(self, worker_id: str, pid: int) -> None:
        self._runtime.submit(m.ChildStarted(worker_id, pid))

    def child_exited(
        self, worker_id: str, code: int | None, asked: bool, how: str, checking: tuple[str, ...] = ()
    ) -> None:
        with request(""):  # this comes in the context of whatever asked for the process, long ago
            self._runtime.submit(m.ChildExited(worker_id, code, asked, how, checking))

    def owner_gone(self, worker_id: str) -> None:
        self._runtime.submit(m.OwnerGone(worker_id))
