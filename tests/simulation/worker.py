"""A worker: the real Session and Lease, and the model of link, heart, alarm and agent around them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.simulation.checks import Check, Listen
from tests.simulation.network import Connection, Network
from tests.simulation.parts import Parts
from tests.simulation.process import Process
from tests.simulation.sender import Sender
from tests.simulation.timeline import Timeline
from tests.simulation.world import World
from worker.protocol.messages import Assign, Revoke
from worker.watch import backoff
from worker.watch import events as ev
from worker.watch.session import Session

if TYPE_CHECKING:
    from tests.simulation.master import Master

CALL_TIMEOUT = CONNECT_TIMEOUT = 10.0  #: seconds, as in the product; so are the others
ALARM = 1.0
FLUSH_BEFORE_RELEASE = 2.0
START = (0.2, 1.0)  #: seconds until a new process connects
Then = Callable[[Any], None]


class Worker(Process):
    """One process after the other in one directory.

    Attributes:
        left_behind: what a process that was killed was checking, until the next one has told it.
        killed_with_master: on Linux a local process is killed with its parent, even while it is stopped.
    """

    def __init__(
        self, timeline: Timeline, world: World, network: Network, parts: Parts, worker_id: str, *, local: bool
    ) -> None:
        super().__init__(timeline, worker_id)
        self.id = worker_id
        self.local = local
        self.world = world
        self.network = network
        self.parts = parts
        self.master: Master
        self.disk = parts.disk()
        self.left_behind: tuple[str, ...] = ()
        self.killed_with_master = timeline.random.random() < 0.5
        self.session: Session

    # --- life

    def boot(self, parent: int = 0) -> None:
        """A new process: all that it knows is on its disk. A local one's token is good for the master that made it."""
        self.begin()
        self.parent = parent
        self.timeline.note(self.name, "starts")
        self.incarnation = f"{self.id}.{self.generation}"
        self.session = self.parts.session(streams=frozenset({"stream"}), rng=self.timeline.random)
        self.session.lease = self.parts.lease()
        self.disk.open()
        self.sender = Sender(self)
        self.connection: Connection | None = None
        self.registered = self.stopping = self.degraded = False
        self.checks: dict[str, Check] = {}
        self.listens: dict[str, Listen] = {}
        self.keyring: set[str] = set()
        self.done: list[tuple[str, float, Any]] = []
        self._calls: dict[int, Then] = {}
        self._call = self._nonce = self._attempt = self._beat = self._wake = 0
        self._inbox: list[Assign | Revoke] = []
        self._releasing: set[tuple[str, int]] = set()
        self.timer(self.timeline.random.uniform(*START), self._connect)
        self.timer(ALARM, self._ring)
        self.sender.wake()

    def die(self, why: str, code: int = -9) -> None:
        """From one moment to the next."""
        self.timeline.note(self.name, "ends:", why)
        generation, connection = self.generation, self.connection
        self.left_behind = tuple(sorted(self.checks)) if code < 0 else ()
        self.end()
        self.master.supervisor.ended(self.id, generation, code)
        if connection is not None:
            self._tell_closed(connection)

    def parent_gone(self) -> None:
        """The master that started it was killed."""
        if self.alive and self.frozen and self.killed_with_master:
            self.die("with its parent")
        elif self.alive:
            self.io(self.timeline.random.uniform(0.02, 0.8), self.die, "its parent is gone", 0)

    def terminate(self) -> None:
        """Asked to end: let everything go, then end."""
        if not self.stopping:
            self.io(0.0, self._drain)

    def _drain(self) -> None:
        self.stopping = True
        self.tell(ev.ShutdownAsked())
        self.io(0.05, self._drained)

    def _drained(self) -> None:
        self.sender.flushed(FLUSH_BEFORE_RELEASE, self._let_go)

    def _let_go(self) -> None:
        self.tell(ev.Drained())
        self.timer(FLUSH_BEFORE_RELEASE + 0.2, self.die, "as asked", 0)

    # --- session

    def tell(self, event: ev.Event) -> None:
        """Feed the session and perform what it wants done."""
        commands = self.session.handle(event, self.clock())
        try:
            self.session.validate()
        except AssertionError as error:
            self.timeline.fail("VALIDATE", self.id, error, "after", event)
        for command in commands:
            self._perform(command)

    def _perform(self, command: ev.Command) -> None:
        match command:
            case ev.WakeAt(moment):
                self._wake += 1
                self.timer(moment - self.clock(), self._woke, self._wake)
            case ev.StartCheck(task):
                self.world.owns(self.id, task.account, task.epoch)
                self.checks[task.account] = (self.parts.check or Check)(self, task)
                self.checks[task.account].begin()
            case ev.AbortCheck(account):
                self._abort(self.checks.get(account))
            case ev.StartListen(task):
                self.listens[task.account] = Listen(self, task)
                self.listens[task.account].begin()
            case ev.AbortListen(account):
                self._abort(self.listens.get(account))
            case ev.DropCredentials(account):
                self.keyring -= self.keyring if account is None else {account}
            case ev.RememberTasks(tasks):
                self.disk.remember_tasks(tasks)
            case ev.ForgetTasks(accounts):
                self.disk.forget_tasks(accounts)
            case ev.SendReleased(account, epoch):
                self._release(account, epoch)
            case ev.SendReport():
                self.call("report", command, CALL_TIMEOUT, lambda _answer: None)
            case ev.Reconnect():
                self.timeline.note(self.name, "lost its lease")
                self.io(0.0, self.hang_up)

    @staticmethod
    def _abort(running: Check | None) -> None:
        """One that has just ended is let be."""
        if running is not None and not running.over:
            running.abort()

    def settle(self, event: ev.Event) -> None:
        """A check has ended: send what it found, say how the disk is, then say so."""
        if self.disk.outbox:
            self.sender.wake()
        self._note_memory()
        self.tell(event)

    def _note_memory(self) -> None:
        if self.degraded != self.disk.full:
            self.degraded = self.disk.full
            self.tell(ev.MemoryFull(self.degraded))

    def _woke(self, wake: int) -> None:
        if wake == self._wake:
            self.tell(ev.ClockTick())

    def _ring(self) -> None:
        self.timer(ALARM, self._ring)
        self.tell(ev.ClockTick())

    def _release(self, account: str, epoch: int) -> None:
        if (account, epoch) not in self._releasing:
            self._releasing.add((account, epoch))
            self.sender.flushed(FLUSH_BEFORE_RELEASE, lambda: self._say_released(account, epoch))

    def _say_released(self, account: str, epoch: int) -> None:
        def answered(answer: object) -> None:
            self._releasing.discard((account, epoch))
            if answer is not LOST:
                self.tell(ev.ReleaseAnswered(account, epoch))

        self.timeline.note(self.name, "releases", account, epoch)
        self.call("released", (account, epoch), CALL_TIMEOUT, answered)

    # --- calls

    def call(self, kind: str, content: Any, timeout: float, then: Then) -> None:
        """Send a message and wait for its answer, or for LOST."""
        if self.connection is None:
            self.io(0.0, then, LOST)
            return
        self._call += 1
        number = self._call
        self._calls[number] = then
        connection, generation = self.connection, self.generation

        def reply(answer: object) -> None:
            self.network.to_worker(self.id, self._answer_came, generation, number, answer)

        self.timer(timeout, self._settle_call, number, LOST)
        self.network.to_master(self.id, self.master.message, connection, kind, content, reply)

    def _answer_came(self, generation: int, number: int, answer: object) -> None:
        if generation == self.generation:
            self.io(0.0, self._settle_call, number, answer)

    def _settle_call(self, number: int, answer: object) -> None:
        if (then := self._calls.pop(number, None)) is not None:
            then(answer)

    # --- link

    def _connect(self) -> None:
        if self.connection is not None:
            return
        self.connection = Connection(self.id, self.incarnation, -1)
        self.timer(CONNECT_TIMEOUT, self._connect_failed, self.connection)
        self.network.to_master(self.id, self.master.connect, self.connection)

    def _connect_failed(self, connection: Connection) -> None:
        if connection is self.connection and not connection.accepted:
            self.connection = None
            self._try_again()

    def _try_again(self) -> None:
        self._attempt += 1
        self.timer(backoff.compute(self._attempt, self.timeline.random), self._connect)

    def accepted(self, connection: Connection) -> None:
        """The connection stands."""
        self.io(0.0, self._accepted, connection)

    def _accepted(self, connection: Connection) -> None:
        if self.local and connection.peer != self.parent:
            self.die("not known by its token", 78)
        elif connection is self.connection and not connection.accepted:
            connection.accepted = True
            self.call("register", self.session.held(), CALL_TIMEOUT, self._registered)

    def _registered(self, answer: object) -> None:
        if not isinstance(answer, tuple):
            if answer == "revoked":
                self.die("revoked", 78)
            else:
                self.hang_up()
            return
        figures, sequence, tasks = answer
        assert self.connection is not None
        self.timeline.note(self.name, "registers", sequence, tasks)
        self.connection.registered = self.registered = True
        self.left_behind = ()
        self._attempt = 0
        self.tell(ev.Registered(sequence, figures.lease, tuple(tasks), figures.heartbeat))
        self._beat += 1
        self._beats(self._beat, figures.heartbeat)
        self.sender.link_up()
        inbox, self._inbox = self._inbox, []
        for message in inbox:
            self._handle(message)

    def receive(self, connection: Connection, message: Assign | Revoke) -> None:
        """The master says something."""
        if self.alive:
            self.io(0.0, self._received, connection, message)

    def _received(self, connection: Connection, message: Assign | Revoke) -> None:
        if connection is not self.connection:
            return
        if self.registered:
            self._handle(message)
        else:
            self._inbox.append(message)

    def _handle(self, message: Assign | Revoke) -> None:
        self.tell(ev.Assigned(message) if isinstance(message, Assign) else ev.Revoked(message))

    def hung_up(self, connection: Connection) -> None:
        """The other side closed."""
        if self.alive and connection is self.connection:
            self.io(0.0, self._lost, connection)

    def hang_up(self) -> None:
        """End the connection; the next one follows."""
        if self.connection is not None:
            connection = self.connection
            self._tell_closed(connection)
            self._lost(connection)

    def _tell_closed(self, connection: Connection) -> None:
        master = self.master
        wait = self.network.silence() if self.id in self.network.cut else 0.01
        self.timeline.after(wait, self._heard_closed, master, master.generation, connection)

    @staticmethod
    def _heard_closed(master: "Master", generation: int, connection: Connection) -> None:
        if master.alive and master.generation == generation:
            master.io(0.0, master.left, connection)

    def _lost(self, connection: Connection) -> None:
        if connection is not self.connection:
            return
        self.connection = None
        was, self.registered = self.registered, False
        self._beat += 1
        self._inbox.clear()
        calls, self._calls = self._calls, {}
        for then in calls.values():
            then(LOST)
        if was:
            self.tell(ev.LinkLost())
        if self.connection is None:
            self._try_again()

    # --- heart

    def _beats(self, beat: int, interval: float) -> None:
        if beat != self._beat:
            return
        self.timer(interval, self._beats, beat, interval)
        self._nonce += 1
        nonce, done = self._nonce, self.done
        self.done = []
        now = self.timeline.now
        self._note_memory()
        content = (self.session.sequence, self.session.digest(), [(a, max(0.0, now - at), o) for a, at, o in done])
        self.tell(ev.HeartbeatSent(nonce))

        def answered(answer: object) -> None:
            if answer is None:
                self.tell(ev.HeartbeatAnswered(nonce))
            else:
                self.done = done + self.done

        self.call("heartbeat", content, max(1.0, self.session.lease.length), answered)


LOST = "lost"
