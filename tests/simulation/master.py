"""The master: the real FleetState, and the model of the interpreter, the gateway and the door around it."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from engine.fleet import messages as m
from engine.fleet.entries import AccountEntry
from engine.fleet.parts import Checked, Duty
from engine.fleet.state import FleetState, Settings
from engine.records import Move
from tests.simulation.database import AccountRow, Database, WorkerRow
from tests.simulation.disk import Batch
from tests.simulation.ingest import Ingest, Stored
from tests.simulation.network import Connection, Network
from tests.simulation.parts import Parts
from tests.simulation.process import Process
from tests.simulation.supervisor import Child, Supervisor
from tests.simulation.timeline import Timeline
from tests.simulation.world import World
from worker.protocol.messages import Assign, Held, Revoke, Task

TICK, STALL = 1.0, 5.0  #: seconds, as in engine.stall
NOTICED = 7.0  #: seconds; a stall that is certainly noticed
SPARED = 29.0  #: seconds after it in which nobody may be declared dead
PLATFORMS = frozenset({"polled", "sloppy", "stream"})
Reply = Callable[..., None]
Done = Callable[[], None]


class Peer(Child, Protocol):
    """What it needs of a worker."""

    id: str
    left_behind: tuple[str, ...]

    def receive(self, connection: Connection, message: Assign | Revoke) -> None: ...
    def hung_up(self, connection: Connection) -> None: ...
    def accepted(self, connection: Connection) -> None: ...


class Master(Process):
    """One process after the other on one database."""

    def __init__(
        self,
        timeline: Timeline,
        world: World,
        network: Network,
        database: Database,
        parts: Parts,
        peers: dict[str, Any],
    ) -> None:
        super().__init__(timeline, "master")
        self.world = world
        self.network = network
        self.database = database
        self.parts = parts
        self.peers: dict[str, Peer] = peers
        self.state: FleetState
        self.supervisor: Supervisor
        self.ingest: Ingest
        self.connections: dict[str, Connection] = {}
        self._later: deque[Callable[[Done], None]] = deque()
        self._busy = False
        self._stood_still = self._went_on = -1e9
        self._performers: dict[type[m.Command], Callable[[Any], None]] = {
            m.SaveOwnership: self.save_ownership,
            m.Assign: lambda c: self._queue(lambda done: self._assign(c, done)),
            m.Revoke: lambda c: self._queue(lambda done: self._revoke(c, done)),
            m.SaveHealth: lambda c: self._queue(lambda done: self._save(lambda: self._health(c), done)),
            m.SaveChecks: lambda c: self._queue(lambda done: self._save(lambda: self._checks(c), done)),
            m.SaveGaps: lambda c: self._queue(lambda done: self._save(lambda: None, done)),
            m.SaveQuarantine: lambda c: self._queue(lambda done: self._save(lambda: self._quarantine(c), done)),
            m.SaveRestarts: lambda c: self._queue(lambda done: self._save(lambda: self._restarts(c), done)),
            m.Publish: lambda c: None,
            m.Log: self._log,
            m.WakeAt: lambda c: self.timer(c.at - self.clock() + 0.001, self.submit, m.Woke()),
            m.SpawnWorker: lambda c: self.supervisor.spawn(c.worker_id),
            m.StopWorker: lambda c: self.supervisor.stop(c.worker_id, hung=c.hung),
            m.CastOut: lambda c: self.timer(1.0, self._cut, c.worker_id),
            m.CutWorker: lambda c: self._cut(c.worker_id),
        }

    # --- start and end

    def boot(self) -> None:
        """A new process: all that it knows is in the database."""
        self.begin()
        self.timeline.note("master starts")
        settings = Settings(self.parts.figures, 3)
        self.state = self.parts.fleet(settings, self.timeline.random, self.clock())
        self.supervisor = Supervisor(self, self.peers, self.submit)
        self.ingest = self.parts.ingest(self, self.database)
        self.connections, self._busy = {}, False
        self._later.clear()
        self._went_on = -1e9
        tables = self.database.tables
        gone = sorted({row.owner for row in tables.accounts.values() if row.owner} - tables.workers.keys())
        for worker in (*tables.workers.values(), *(WorkerRow(worker_id, "remote", 0, True) for worker_id in gone)):
            self.submit(self.worker_added(worker))
        for row in list(tables.accounts.values()):
            if not row.deleted:
                self.submit(self.account_added(row))
        for worker_id in gone:  # it may still act: it gets the time to stop
            self.submit(m.WorkerRemoved(worker_id))
        self.submit(m.Woke())
        self.timer(TICK, self._look, self.clock())

    def die(self) -> None:
        """kill −9."""
        self.timeline.note("master is killed")
        self.end()
        for connection in list(self.connections.values()):
            self._close(connection)

    def stall(self, seconds: float) -> None:
        """Its loop stands still."""
        self._stood_still = self.timeline.now
        self.freeze(seconds)

    def thaw(self, generation: int) -> None:
        if generation == self.generation and self.frozen and self.timeline.now - self._stood_still > NOTICED:
            self._went_on = self.timeline.now
        super().thaw(generation)

    def _look(self, before: float) -> None:
        now = self.clock()
        if now - before - TICK > STALL:
            self.submit(m.LoopStalled(now - before - TICK))
        self.timer(TICK, self._look, now)

    @staticmethod
    def worker_added(row: WorkerRow) -> m.WorkerAdded:
        """As WorkerControl enters one."""
        local = row.kind == "local"
        return m.WorkerAdded(
            row.id, row.id, row.kind, row.capacity, row.draining, row.restarts, spawn=local, tags=row.tags
        )

    def account_added(self, row: AccountRow) -> m.AccountAdded:
        """As AccountControl enters one."""
        ago = None if row.checked_at is None else self.timeline.now - row.checked_at
        return m.AccountAdded(
            row.id,
            row.platform,
            row.interval,
            row.epoch,
            row.owner,
            row.pinned_to,
            row.status,
            checked_ago=ago,
            quarantined=row.quarantined,
        )

    # --- the interpreter

    def submit(self, event: m.Event) -> None:
        """Take one event in and perform what follows from it."""
        if not isinstance(event, m.Woke | m.HeartbeatReceived | m.Reported):
            self.timeline.note("fleet hears", event)
        commands = self.state.handle(event, self.clock())
        try:
            self.state.validate()
        except AssertionError as error:
            self.timeline.fail("VALIDATE fleet:", error, "after", event)
        self.state.tables.journal.take()
        for command in commands:
            self._performers[type(command)](command)

    def _queue(self, perform: Callable[[Done], None]) -> None:
        self._later.append(perform)
        if not self._busy:
            self._next()

    def _next(self) -> None:
        self._busy = bool(self._later)
        if self._busy:
            self._later.popleft()(self._next)

    def save_ownership(self, command: m.SaveOwnership) -> None:
        """Commit first; what follows from it comes after."""
        self._queue(lambda done: self.commit_ownership(command, done))

    def commit_ownership(self, command: m.SaveOwnership, done: Done) -> None:
        """One transaction, then its outcome as events."""

        def committed(saved: object) -> None:
            self.ownership_committed(command.moves, saved)
            done()

        self.database.write(self, lambda: self.database.move(command.moves), committed)

    def ownership_committed(self, moves: Sequence[Move], saved: object) -> None:
        """Tell the fleet."""
        if not isinstance(saved, list):
            self.submit(m.StoreFailed(tuple(moves)))
            return
        self.submit(m.OwnershipSaved(tuple(saved)))
        for move in moves:
            if move not in saved:
                row = self.database.tables.accounts.get(move.account_id)
                epoch = None if row is None or row.deleted else row.epoch
                self.submit(m.OwnershipRefused(move.account_id, epoch))

    def _save(self, work: Callable[[], object], done: Done) -> None:
        self.database.write(self, work, lambda _result: done())

    def _health(self, command: m.SaveHealth) -> None:
        row = self.database.tables.accounts.get(command.account_id)
        if row is not None and row.epoch == command.epoch and row.status != "paused":
            row.status = command.status

    def _quarantine(self, command: m.SaveQuarantine) -> None:
        row = self.database.tables.accounts.get(command.account_id)
        if row is None or (command.reason is not None and row.status == "paused"):
            return
        row.quarantined = command.reason is not None
        self.timeline.counts["quarantines"] += row.quarantined
        if row.status != "paused":
            row.status = "failing" if row.quarantined else "active"

    def _checks(self, command: m.SaveChecks) -> None:
        for account_id, ago, _watched_at in command.checks:
            if (row := self.database.tables.accounts.get(account_id)) is not None:
                row.checked_at = max(row.checked_at or 0.0, self.timeline.now - ago)

    def _restarts(self, command: m.SaveRestarts) -> None:
        if (row := self.database.tables.workers.get(command.worker_id)) is not None:
            row.restarts = command.restarts

    def _log(self, command: m.Log) -> None:
        if command.event == "worker.heartbeat_timeout" and self.timeline.now - self._went_on < SPARED:
            self.timeline.fail("M4", command.fields["worker_id"], "is declared dead after an own stall of the master")

    def _assign(self, command: m.Assign, done: Done) -> None:
        def read() -> None:
            tasks = self._tasks(command.duties)
            self.timeline.note("master assigns", command.worker_id, command.sequence, tasks)
            self._push(command.worker_id, Assign(command.sequence, command.complete, tasks))
            done()

        self.io(0.001, read)

    def _revoke(self, command: m.Revoke, done: Done) -> None:
        self.timeline.note("master revokes", command)
        self._push(command.worker_id, Revoke(command.sequence, list(command.account_ids)))
        done()

    def _tasks(self, duties: Sequence[Duty]) -> list[Task]:
        rows = self.database.tables.accounts
        known = [(duty, rows[duty.account_id]) for duty in duties if duty.account_id in rows]
        return [
            Task(
                account=row.id,
                epoch=duty.epoch,
                platform=row.platform,
                settings={},
                interval=row.interval,
                due_in=duty.due_in,
                cursor=None if row.cursor is None else str(row.cursor),
                check_request=duty.check_request,
            )
            for duty, row in known
            if not row.deleted
        ]

    # --- the gateway

    def _push(self, worker_id: str, message: Assign | Revoke) -> None:
        connection = self.connections.get(worker_id)
        if connection is not None:
            self.network.to_worker(worker_id, self.peers[worker_id].receive, connection, message)

    def _cut(self, worker_id: str) -> None:
        if (connection := self.connections.get(worker_id)) is not None:
            self._close(connection)
            self.left(connection)

    def _close(self, connection: Connection) -> None:
        """Our end is closed; the other side notices sooner or later."""
        connection.over_here = True
        if (peer := self.peers.get(connection.worker_id)) is not None:
            cut = connection.worker_id in self.network.cut
            self.timeline.after(self.network.silence() if cut else 0.01, peer.hung_up, connection)

    def connect(self, connection: Connection) -> None:
        """A worker opens a connection."""
        if self.alive:
            self.io(0.0, self._joined, connection, self.generation)

    def _joined(self, connection: Connection, generation: int) -> None:
        connection.peer = generation
        self.network.to_worker(connection.worker_id, self.peers[connection.worker_id].accepted, connection)

    def left(self, connection: Connection) -> None:
        """A connection is gone."""
        if not connection.over_here:
            connection.over_here = True
        if self.connections.get(connection.worker_id) is connection:
            del self.connections[connection.worker_id]
            self.submit(m.LinkLost(connection.worker_id, connection.incarnation))

    def message(self, connection: Connection, kind: str, content: Any, reply: Reply) -> None:
        """A message came in."""
        if self.alive and connection.peer == self.generation and not connection.over_here:
            self.io(0.0, self._serve, connection, kind, content, reply)

    def _serve(self, connection: Connection, kind: str, content: Any, reply: Reply) -> None:
        if connection.over_here:
            return
        if kind != "register" and self.connections.get(connection.worker_id) is not connection:
            reply("not registered")
            return
        getattr(self, f"_serve_{kind}")(connection, content, reply)

    def _serve_register(self, connection: Connection, _held: list[Held], reply: Reply) -> None:
        worker = self.state.tables.workers.get(connection.worker_id)
        if worker is None or worker.stopping:
            reply("revoked")
            return
        if (before := self.connections.get(worker.id)) is not None and before is not connection:
            self._close(before)
        self.connections[worker.id] = connection
        crashed = self.peers[worker.id].left_behind
        self.submit(m.WorkerRegistered(worker.id, connection.incarnation, "h", 1, "0", PLATFORMS, crashed=crashed))
        sequence, duties = worker.sequence, self.state.duties_of(worker.id, self.clock())
        self.io(0.001, lambda: reply((self.parts.figures, sequence, self._tasks(duties))))

    def _serve_heartbeat(self, connection: Connection, content: tuple[Any, ...], reply: Reply) -> None:
        sequence, digest, done = content
        checks = tuple(Checked(*check) for check in done)
        self.submit(m.HeartbeatReceived(connection.worker_id, connection.incarnation, sequence, digest, checks=checks))
        self.timeline.reached("heard", connection.worker_id)
        reply(None)

    def _serve_report(self, connection: Connection, report: Any, reply: Reply) -> None:
        if self._owned(connection.worker_id, report.account, report.epoch):
            self.submit(
                m.Reported(
                    connection.worker_id, report.account, report.epoch, report.state, report.message, report.retry_in
                )
            )
        reply(None)

    def _serve_credentials(self, connection: Connection, wanted: tuple[str, int], reply: Reply) -> None:
        if self._owned(connection.worker_id, *wanted) and not self.state.tables.accounts[wanted[0]].revoking:
            self.world.trusted(connection.worker_id, *wanted)
            reply(True)
        else:
            reply(False)

    def _serve_released(self, connection: Connection, released: tuple[str, int], reply: Reply) -> None:
        self.submit(m.Released(connection.worker_id, *released))
        reply(None)

    def _serve_detections(self, connection: Connection, batch: Batch, reply: Reply) -> None:
        if connection.storing:
            reply("busy")
            return
        connection.storing = True

        def answer(stored: Stored) -> None:
            connection.storing = False
            self._acknowledge(batch, stored)
            reply(stored)

        self.ingest.take(connection.worker_id, batch, answer)

    def _acknowledge(self, batch: Batch, stored: Stored) -> None:
        """D1: acknowledged means committed."""
        accounts = self.database.tables.accounts
        for item in batch.items:
            row = accounts.get(item.account)
            if item.seq in stored.gone and row is not None and not row.deleted:
                if not self.database.has(item.account, item.number):
                    self.timeline.fail("D1", item, "is acknowledged and not committed")

    def _owned(self, worker_id: str, account_id: str, epoch: int) -> bool:
        """M6."""
        account: AccountEntry | None = self.state.tables.accounts.get(account_id)
        return account is not None and account.owner == worker_id and account.epoch == epoch
