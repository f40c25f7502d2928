"""The model of one check and one listen: looks at the lease, requests on the wire, what was found on the disk."""

from typing import TYPE_CHECKING

from tests.simulation.disk import Full
from worker.protocol.messages import Outcome, Task
from worker.watch import events as ev

if TYPE_CHECKING:
    from tests.simulation.worker import Worker

LONGEST_CONNECT = 10.0  #: seconds


class Check:
    """One check; ends with exactly one CheckFinished, unless its process ends first."""

    def __init__(self, worker: "Worker", task: Task) -> None:
        self.worker = worker
        self.task = task
        self.over = False
        self._generation = worker.generation
        self._random = worker.timeline.random

    def begin(self) -> None:
        """First the credentials."""
        if self.task.account in self.worker.keyring:
            self.worker.io(0.001, self.look)
        else:
            self.worker.call("credentials", (self.task.account, self.task.epoch), 10.0, self._trusted)

    def _trusted(self, answer: object) -> None:
        if self.over:
            return
        if answer is not True:
            self.finish(None)
            return
        self.worker.keyring.add(self.task.account)
        self.look()

    def look(self) -> None:
        """W2, the first look: before the request."""
        if self.over:
            return
        if self.may():
            self.worker.io(self._delay(LONGEST_CONNECT), self.connected)
            self.worker.timeline.reached("connecting", self.worker.id)
        else:
            self.finish(None)

    def connected(self) -> None:
        """W2, the second look: the connection is ready, but how long did that take?"""
        if self.over:
            return
        if self.may():
            self.request()
        else:
            self.finish(None)

    def may(self) -> bool:
        """Whether the lease allows a request now."""
        return self.worker.session.may_act(self.task.account, self.task.epoch, self.worker.clock())

    def patience(self) -> float:
        """Seconds, of the worker's clock, after which the request is given up."""
        return self.worker.session.lease.request_timeout

    def request(self) -> None:
        """It is on its way: the outside sees it now and when it is answered."""
        patience = self.patience()
        self.acts()
        answer_in = min(self._delay(patience * 1.2), patience * 0.99 / self.worker.rate)
        self.worker.timeline.after(answer_in, self.served, patience)

    def served(self, _patience: float) -> None:
        """The platform answers."""
        if self._gone():
            return
        self.acts()
        if self._random.random() < 0.01:
            self.worker.io(0.01, self.finish, "unreachable")
            return
        cursor = self.cursor()
        found, more = self.worker.world.page(self.task.account, cursor, sloppy=self.task.platform == "sloppy")
        self.worker.io(0.005, self.answered, found, more)

    def cursor(self) -> int:
        """Where it goes on from."""
        return self.worker.disk.cursor_of(self.task) or 0

    def answered(self, found: list[int], more: bool) -> None:
        """Written down in one transaction."""
        if self.over:
            return
        if self.task.account in self.worker.world.deadly:
            self.worker.die(f"of {self.task.account}")
            if self.task.account not in self.worker.left_behind:  # a listen is the only suspect
                self.worker.left_behind = (self.task.account,)
            return
        try:
            if found:
                self.worker.disk.record(self.task, found, max(self.cursor(), found[-1]))
        except Full:
            self.finish(None)
        else:
            self.finish("ok", more=more)

    def acts(self) -> None:
        """It touches the platform at this moment."""
        self.worker.timeline.note(self.worker.name, "acts on", self.task.account, self.task.epoch)
        self.worker.world.acts(self.worker.id, self.task.account, self.task.epoch)

    def abort(self) -> None:
        """Cancelled: what is on the wire is nobody's any more."""
        self.over = True
        self.worker.io(0.0, self._finish, ev.CheckFinished(self.task.account, self.task.epoch, None))

    def finish(self, outcome: Outcome | None, *, more: bool = False) -> None:
        """It has ended."""
        if not self.over:
            self.over = True
            self._finish(ev.CheckFinished(self.task.account, self.task.epoch, outcome, more=more))

    def _finish(self, event: ev.CheckFinished) -> None:
        self.worker.checks.pop(self.task.account, None)
        if event.outcome is not None:
            self.worker.done.append((self.task.account, self.worker.timeline.now, event.outcome))
        self.worker.settle(event)

    def _gone(self) -> bool:
        return self.over or self._generation != self.worker.generation

    def _delay(self, longest: float) -> float:
        """Mostly quick, at times very slow."""
        if self._random.random() < self.worker.world.slow and not self.worker.network.calm:
            return self._random.uniform(0.5, longest)
        return 0.005 + self._random.expovariate(20)


class Listen(Check):
    """A long poll after the other: each a standing request that the server ends inside the lease."""

    def may(self) -> bool:
        """Whether the lease allows a standing request now."""
        return self.worker.session.may_listen(self.task.account, self.task.epoch, self.worker.clock())

    def request(self) -> None:
        """The server holds it open until something is posted, at most as long as it was told."""
        self.acts()
        hold = self.worker.session.lease.standing(self.worker.clock()) / self.worker.rate
        self.worker.timeline.after(hold * self._random.uniform(0.3, 1.0), self.served, hold)

    def answered(self, found: list[int], more: bool) -> None:
        """What was heard is written down, and the next poll begins."""
        if self.over:
            return
        try:
            if found:
                self.worker.disk.record(self.task, found, max(self.cursor(), found[-1]))
                finished = ev.CheckFinished(self.task.account, self.task.epoch, "ok", more=more)
                self.worker.settle(ev.Heard(finished))
        except Full:
            self.finish(None)
        else:
            self.look()

    def abort(self) -> None:
        """Cut off."""
        self.over = True
        self.worker.io(0.0, self._end, ev.ListenFinished(self.task.account, self.task.epoch, None))

    def finish(self, outcome: Outcome | None, *, more: bool = False) -> None:
        """It has ended."""
        if not self.over:
            self.over = True
            self._end(ev.ListenFinished(self.task.account, self.task.epoch, outcome))

    def _end(self, event: ev.ListenFinished) -> None:
        self.worker.listens.pop(self.task.account, None)
        self.worker.settle(event)
