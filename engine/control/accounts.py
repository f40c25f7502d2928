"""The fleet as engine.api.accounts needs it."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
import structlog

from engine.api.accounts import AccountLive
from engine.api.errors import ProbeFailed, Unavailable
from engine.api.secret_values import SecretValues
from engine.api.status import SchedulingStatus
from engine.bus import Bus
from engine.events import AccountRemoved
from engine.fleet import messages as m
from engine.fleet.entries import WorkerEntry
from engine.journal import Note
from engine.records import Account, from_ms, to_ms
from engine.runtime import Runtime
from worker.process.clock import lease_clock, wall_ms
from worker.process.logs import current_request_id
from worker.protocol.descriptor import Values
from worker.protocol.errors import ProtocolError
from worker.protocol.messages import Identity, Message, Probe

log = structlog.get_logger("accounts")

PROBE_TIMEOUT = 20.0  #: seconds; a probe may make several requests

Call = Callable[[str, Message, str, float], Awaitable[dict[str, Any]]]


class AccountControl:
    """Turns what users do to accounts into fleet events.

    Args:
        call: asks a worker and waits for its answer.
        note: writes a line of the journal.
    """

    def __init__(self, runtime: Runtime, bus: Bus, call: Call, note: Note) -> None:
        self._runtime = runtime
        self._bus = bus
        self._call = call
        self._note = note

    def live(self, account_id: str) -> AccountLive | None:
        """What the fleet does with this account right now."""
        entry = self._runtime.state.tables.accounts.get(account_id)
        if entry is None or entry.removed:
            return None
        now, wall = lease_clock(), wall_ms()
        waits = entry.owner is not None and entry.status != "reauthenticate"  # that is asked again once its user acted
        checked, due = entry.checked, entry.due if waits else None
        return AccountLive(
            worker_id=entry.owner,
            epoch=entry.epoch,
            reason=entry.reason,
            quota=entry.quota,
            last_check_at=None if checked is None else from_ms(wall - int((now - checked) * 1000)),
            next_check_at=None if due is None else from_ms(wall + int(max(0.0, due - now) * 1000)),
            gap=self._runtime.state.tables.gaps.shown(account_id, now),
            quarantined=entry.quarantined,
        )

    def acknowledge(self, account_ids: Sequence[str]) -> None:
        """Their gaps have been seen and are not shown any more."""
        self._runtime.submit(m.GapsAcknowledged(tuple(account_ids)))

    def knows_worker(self, worker_id: str) -> bool:
        """Whether an account may be pinned to it."""
        return worker_id in self._runtime.state.tables.workers

    def scheduling(self) -> SchedulingStatus:
        """How many accounts should be watched, and how many are."""
        wanted = [entry for entry in self._runtime.state.tables.accounts.values() if entry.wanted]
        assigned = sum(entry.owner is not None for entry in wanted)
        return SchedulingStatus(len(wanted), assigned, len(wanted) - assigned)

    async def account_added(self, account: Account, *, restored: bool = False) -> None:
        """Let the fleet place a new or restored account."""
        self._note("restored" if restored else "created", account.id, details={"name": account.display_name})
        self._runtime.submit(as_event(account))

    async def account_changed(self, account: Account, *, retask: bool, changed: Collection[str]) -> None:
        """Let the fleet apply what a user changed; `changed` names the fields."""
        self._note_changes(account, changed)
        self._runtime.submit(
            m.AccountEdited(account.id, account.interval, account.pinned_to, account.status, retask=retask)
        )

    def _note_changes(self, account: Account, changed: Collection[str]) -> None:
        """Pausing and resuming are lines of their own: they are what one looks for."""
        before = self._runtime.state.tables.accounts.get(account.id)
        fields = [name for name in changed if name != "status"]
        if "status" in changed and account.status == "paused":
            self._note("paused", account.id)
        elif "status" in changed and before is not None and before.status == "paused":
            self._note("resumed", account.id)
        if fields:
            self._note("edited", account.id, details={"fields": ", ".join(fields)})

    async def account_removed(self, account_id: str) -> None:
        """Have it let go of."""
        self._runtime.submit(m.AccountRemoved(account_id))
        self._bus.publish(AccountRemoved(account_id))

    async def check_now(self, account_id: str) -> None:
        """Have its owner check it out of turn, under the request id of whoever asks."""
        log.info("account.check_asked", account=account_id)
        self._runtime.submit(m.CheckAsked(account_id, current_request_id()))

    async def probe(self, platform: str, credentials: SecretValues, settings: Values) -> Identity:
        """Try credentials on the least busy worker that offers the platform. Raises ProbeFailed, Unavailable."""
        worker = self._prober(platform)
        message = Probe(platform, credentials.reveal(), settings)
        try:
            answer = await self._call(worker.id, message, current_request_id(), PROBE_TIMEOUT)
        except ProtocolError as error:
            raise Unavailable(f"the worker did not answer ({error.message}): try again") from None
        if answer.get("ok") is not True:
            raise ProbeFailed(str(answer.get("message", "")), code=str(answer.get("code", "error")))
        try:
            return msgspec.convert(answer.get("identity"), Identity)
        except msgspec.ValidationError as error:
            raise Unavailable(f"the worker's answer makes no sense ({error}): try again") from None

    def _prober(self, platform: str) -> WorkerEntry:
        workers = [worker for worker in self._runtime.state.tables.workers.values() if worker.live and worker.connected]
        able = [worker for worker in workers if platform in worker.platforms]
        if not able:
            why = f"no worker that is online offers {platform}" if workers else "no worker is online yet"
            raise Unavailable(f"{why}: try again in a moment")
        return min(able, key=lambda worker: (worker.load, worker.id))


def as_event(account: Account) -> m.AccountAdded:
    """A stored account as the fleet is told of it."""

    def ago(moment: datetime | None) -> float | None:
        return None if moment is None else wall_ms() / 1000 - moment.timestamp()

    return m.AccountAdded(
        account.id,
        account.platform,
        account.interval,
        account.epoch,
        owner=account.worker_id,
        pinned_to=account.pinned_to,
        status=account.status,
        checked_ago=ago(account.last_check_at),
        watched_ago=ago(account.watched_at),
        watched_at=None if account.watched_at is None else to_ms(account.watched_at),
        quarantined=account.quarantined,
        last_error=account.last_error,
    )
