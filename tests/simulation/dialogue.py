"""One fleet and its sessions talking over ordered connections, a step at a time: for the state machine to drive."""

import random
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from engine.fleet import messages as m
from engine.fleet.lease import derive
from engine.fleet.parts import Duty
from engine.fleet.state import FleetState, Settings
from engine.records import AccountStatus, Move
from tests.simulation.timeline import Timeline
from tests.simulation.world import World
from worker.protocol.messages import Assign, Revoke, Task
from worker.watch import events as ev
from worker.watch.session import Session

FIGURES = derive(10, 30)
LOCAL, REMOTE = ("w1", "w2"), ("w3",)


@dataclass(slots=True)
class Row:
    """What the store has of an account."""

    epoch: int = 0
    owner: str | None = None
    status: AccountStatus = "active"
    pinned_to: str | None = None


@dataclass(slots=True)
class Peer:
    """One worker's process: its session, what runs in it, and both directions of its connection.

    Attributes:
        incoming, outgoing: messages on the way; both are lost with the connection.
        frozen: it does nothing until it goes on.
    """

    id: str
    session: Session | None = None
    incarnation: int = 0
    linked: bool = False
    frozen: bool = False
    nonce: int = 0
    running: dict[str, Task] = field(default_factory=dict)
    incoming: deque[ev.Event] = field(default_factory=deque)
    outgoing: deque[Any] = field(default_factory=deque)


class Dialogue:
    """Every event is followed by both validate(); acts are checked by the world outside."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.world = World(Timeline(0))
        self.rows: dict[str, Row] = {}
        self.bin: dict[str, Row] = {}
        self.draining: dict[str, bool] = dict.fromkeys((*LOCAL, *REMOTE), False)
        self.capacity: dict[str, int] = dict.fromkeys((*LOCAL, *REMOTE), 4)
        self.peers = {worker_id: Peer(worker_id) for worker_id in self.draining}
        self.saving: deque[tuple[Move, ...]] = deque()
        self.wanted: set[str] = set()
        self.fleet: FleetState
        self.restart_master()

    # --- the master

    def restart_master(self) -> None:
        """kill −9 and a new one: local workers end with it, connections and unsaved moves are gone."""
        self.saving.clear()
        for peer in self.peers.values():
            self.cut(peer, heard=False)
            if peer.id in LOCAL:
                self.end(peer)
        self.fleet = FleetState(Settings(FIGURES), random.Random(1), self.now)
        for worker_id in self.peers:
            local = worker_id in LOCAL
            kind: Any = "local" if local else "remote"
            capacity, draining = self.capacity[worker_id], self.draining[worker_id]
            self.hears(m.WorkerAdded(worker_id, worker_id, kind, capacity, draining, spawn=local))
        for account_id, row in self.rows.items():
            self.hears(self.added(account_id, row))
        for worker_id in LOCAL:
            self.hears(m.OwnerGone(worker_id))
        self.hears(m.Woke())

    # --- what users do

    def add(self, account_id: str, pin: str | None, status: AccountStatus) -> None:
        """A new account, or one out of the bin, which has a new epoch."""
        row = self.rows[account_id] = self.bin.pop(account_id, Row())
        row.epoch, row.pinned_to, row.status = row.epoch + 1, pin, status
        self.world.saved(account_id, row.epoch)
        self.hears(self.added(account_id, row))

    def edit(self, account_id: str, pin: str | None, status: AccountStatus) -> None:
        """Where it may be watched, and whether."""
        self.rows[account_id].pinned_to, self.rows[account_id].status = pin, status
        self.hears(m.AccountEdited(account_id, 30.0, pin, status))

    def delete(self, account_id: str) -> None:
        """Into the bin."""
        if account_id in self.rows:
            self.bin[account_id] = self.rows.pop(account_id)
            self.hears(m.AccountRemoved(account_id))

    @staticmethod
    def added(account_id: str, row: Row) -> m.AccountAdded:
        """As the store tells it."""
        return m.AccountAdded(
            account_id, "demo", 30.0, row.epoch, owner=row.owner, pinned_to=row.pinned_to, status=row.status
        )

    def hears(self, event: m.Event) -> None:
        """The fleet is told something."""
        commands = self.fleet.handle(event, self.now)
        self.fleet.validate()
        for command in commands:
            self._performs(command)

    def _performs(self, command: m.Command) -> None:
        match command:
            case m.SaveOwnership(moves):
                self.saving.append(moves)
            case m.Assign(worker_id, sequence, complete, duties):
                known = [self.task(duty) for duty in duties if duty.account_id in self.rows]
                self._says(worker_id, ev.Assigned(Assign(sequence, complete, known)))
            case m.Revoke(worker_id, sequence, account_ids):
                self._says(worker_id, ev.Revoked(Revoke(sequence, list(account_ids))))
            case m.SpawnWorker(worker_id):
                self.wanted.add(worker_id)
            case m.StopWorker(worker_id):
                self.kill(self.peers[worker_id], asked=True)
            case m.CutWorker(worker_id):
                self.cut(self.peers[worker_id])

    def _says(self, worker_id: str, event: ev.Event) -> None:
        if self.peers[worker_id].linked:
            self.peers[worker_id].incoming.append(event)

    def task(self, duty: Duty) -> Task:
        """A duty with what the store adds."""
        return Task(duty.account_id, duty.epoch, "demo", {}, 30.0, duty.due_in, check_request=duty.check_request)

    def commit(self, *, fails: bool = False) -> None:
        """The oldest save comes to its end."""
        if not self.saving:
            return
        moves = self.saving.popleft()
        if fails:
            self.hears(m.StoreFailed(moves))
            return
        saved = [move for move in moves if self._current(move)]
        for move in saved:
            row = self.rows[move.account_id]
            row.owner, row.epoch = move.worker_id, move.epoch
            self.world.saved(move.account_id, move.epoch)
        self.hears(m.OwnershipSaved(tuple(saved)))
        for move in moves:
            if move not in saved:
                known = self.rows.get(move.account_id)
                self.hears(m.OwnershipRefused(move.account_id, known.epoch if known else None))

    def _current(self, move: Move) -> bool:
        row = self.rows.get(move.account_id)
        return row is not None and row.epoch == move.epoch - 1

    # --- a worker

    def start(self, peer: Peer) -> None:
        """A process; a local one only if the fleet asked for it."""
        if peer.session is not None or (peer.id in LOCAL and peer.id not in self.wanted):
            return
        self.wanted.discard(peer.id)
        peer.session, peer.frozen, peer.nonce = Session(), False, 0
        peer.incarnation += 1
        if peer.id in LOCAL:
            self.hears(m.ChildStarted(peer.id, 1))

    def end(self, peer: Peer) -> None:
        """Its process is no more."""
        peer.session, peer.frozen = None, False
        peer.running.clear()

    def kill(self, peer: Peer, *, asked: bool = False) -> None:
        """A local one is reaped at once; of a remote one nobody hears but by its silence."""
        if peer.session is None:
            return
        self.end(peer)
        self.cut(peer)
        if peer.id in LOCAL:
            self.hears(m.ChildExited(peer.id, -9, asked, "killed"))

    def cut(self, peer: Peer, *, heard: bool = True) -> None:
        """The connection ends; what is on the way is lost."""
        if not peer.linked:
            return
        peer.linked = False
        peer.incoming.clear()
        peer.outgoing.clear()
        if heard:
            self.hears(m.LinkLost(peer.id, str(peer.incarnation)))
        self.tell(peer, ev.LinkLost())

    def connect(self, peer: Peer) -> None:
        """It registers; the answer is on its way."""
        if peer.session is None or peer.linked or peer.frozen or peer.id not in self.fleet.tables.workers:
            return
        peer.linked = True
        self.hears(m.WorkerRegistered(peer.id, str(peer.incarnation), "h", 1, "0", frozenset({"demo"})))
        sequence = self.fleet.tables.workers[peer.id].sequence
        duties = self.fleet.duties_of(peer.id, self.now)
        tasks = tuple(self.task(duty) for duty in duties if duty.account_id in self.rows)
        peer.incoming.appendleft(ev.Registered(sequence, FIGURES.lease, tasks, FIGURES.heartbeat))

    def beat(self, peer: Peer) -> None:
        """A heartbeat leaves."""
        if peer.session is None or peer.frozen or not peer.linked:
            return
        peer.nonce += 1
        content = (peer.nonce, peer.session.sequence, peer.session.digest())
        self.tell(peer, ev.HeartbeatSent(peer.nonce))
        if peer.linked:  # a lease that ran out hangs up
            peer.outgoing.append(content)

    def read_at_worker(self, peer: Peer) -> None:
        """The oldest message that has come."""
        if peer.incoming and not peer.frozen:
            self.tell(peer, peer.incoming.popleft())

    def read_at_master(self, peer: Peer) -> None:
        """The same at the other end."""
        if not peer.outgoing:
            return
        match peer.outgoing.popleft():
            case ev.SendReleased(account, epoch):
                self.hears(m.Released(peer.id, account, epoch))
                self._says(peer.id, ev.ReleaseAnswered(account, epoch))
            case (nonce, sequence, digest):
                self.hears(m.HeartbeatReceived(peer.id, str(peer.incarnation), sequence, digest))
                self._says(peer.id, ev.HeartbeatAnswered(nonce))

    def tell(self, peer: Peer, event: ev.Event) -> None:
        """Its session is told something, even if it was frozen a moment ago and no timer has rung yet."""
        if peer.session is None or peer.frozen:
            return
        commands = peer.session.handle(event, self.now)
        peer.session.validate()
        for command in commands:
            self._works(peer, command)

    def _works(self, peer: Peer, command: ev.Command) -> None:
        match command:
            case ev.StartCheck(task):
                self.world.owns(peer.id, task.account, task.epoch)
                peer.running[task.account] = task
            case ev.SendReleased():
                if peer.linked:
                    peer.outgoing.append(command)
            case ev.Reconnect():
                self.cut(peer)

    def act(self, peer: Peer) -> None:
        """Each running check makes a request, if it may."""
        if peer.session is None or peer.frozen:
            return
        for task in list(peer.running.values()):
            if peer.session.may_act(task.account, task.epoch, self.now):
                self.world.acts(peer.id, task.account, task.epoch)

    def finish(self, peer: Peer) -> None:
        """The oldest check ends."""
        if peer.running and not peer.frozen:
            task = peer.running.pop(next(iter(peer.running)))
            self.tell(peer, ev.CheckFinished(task.account, task.epoch, "ok"))

    def pass_time(self, seconds: float) -> None:
        """Timers ring, but not those of a frozen process."""
        self.now += seconds
        self.hears(m.Woke())
        for peer in self.peers.values():
            self.tell(peer, ev.ClockTick())
