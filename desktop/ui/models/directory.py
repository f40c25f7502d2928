"""The accounts and workers that all pages speak of, kept fresh by the bridge."""

from time import perf_counter

from PySide6.QtCore import QObject, Signal

from desktop.actions import Actions
from desktop.bridge import Bridge
from desktop.ui import words
from desktop.ui.language import tr
from engine.api.accounts import AccountSnapshot
from engine.api.errors import NotFound
from engine.api.room import Api
from engine.api.samples import is_sample
from engine.api.workers import WorkerSnapshot
from worker.protocol.descriptor import Descriptor

PAGE = 1000
MANY = 200  #: more changed accounts than this are read in pages instead of one by one
LOCAL = "local-"  #: how the ids of our local workers begin
WATCHING = ("online", "degraded")


class Directory(QObject):
    """Snapshots by id.

    Signals:
        accounts_changed(frozenset[str]): these were added, changed or removed.
        workers_changed(): any of them.
        platforms_changed(): a descriptor is new or differs.
        failed(Exception): the accounts could not be read; `reload()` tries again.
    """

    accounts_changed = Signal(object)
    workers_changed = Signal()
    platforms_changed = Signal()
    failed = Signal(object)

    def __init__(self, bridge: Bridge, actions: Actions, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._api: Api | None = None
        self._wanted: set[str] = set()
        self._reading = False
        self.loaded = False
        self.accounts: dict[str, AccountSnapshot] = {}
        self.workers: dict[str, WorkerSnapshot] = {}
        self.workers_read_at = 0.0
        self.platforms: dict[str, Descriptor] = {}
        bridge.accounts_changed.connect(self._accounts_changed)
        bridge.accounts_removed.connect(self._accounts_removed)
        bridge.workers_changed.connect(self._read_workers)
        bridge.workers_removed.connect(self._read_workers)
        bridge.platforms_changed.connect(self._read_platforms)

    def attach(self, api: Api) -> None:
        """Read everything from this engine."""
        self._api = api
        self._read_platforms()
        self._read_workers()
        self.reload()

    def reload(self) -> None:
        """Read all accounts again."""
        if self._api is not None:
            self._reading = True
            self._actions.run(self._read_all(self._api))

    def samples(self) -> list[AccountSnapshot]:
        """The sample accounts that are still there."""
        return [account for account in self.accounts.values() if is_sample(account)]

    def account_name(self, account_id: str) -> str:
        """Its handle or name; an id means nothing to anybody, so one that is gone is called that."""
        account = self.accounts.get(account_id)
        if account is None:
            return tr("deleted account") if self.loaded else words.UNKNOWN
        return account.handle or account.display_name

    def worker_name(self, worker_id: str | None) -> str:
        """Its name; a dash for none. Of those that are gone, local ones had a telling id, others a digest."""
        worker = self.workers.get(worker_id or "")
        if worker is not None or not worker_id:
            return worker.name if worker else words.UNKNOWN
        return worker_id if worker_id.startswith(LOCAL) else tr("removed worker")

    def platform_name(self, key: str, language: str) -> str:
        """Its name in this language; its key while no worker has described it."""
        descriptor = self.platforms.get(key)
        return words.spoken(descriptor.name, language) if descriptor else key

    def accounts_on(self, worker_id: str) -> list[AccountSnapshot]:
        """The accounts that this worker watches, by name."""
        held = [account for account in self.accounts.values() if account.worker_id == worker_id]
        return sorted(held, key=lambda account: account.display_name.lower())

    def anybody_watching(self) -> bool:
        """False if accounts are to be watched and no worker can."""
        return any(worker.state in WATCHING for worker in self.workers.values())

    def heartbeat_age(self, worker: WorkerSnapshot) -> float | None:
        """Seconds since its last heartbeat, as of now."""
        if worker.heartbeat_age is None:
            return None
        return worker.heartbeat_age + perf_counter() - self.workers_read_at

    def _accounts_changed(self, ids: frozenset[str]) -> None:
        self._wanted |= ids
        self._read_wanted()

    def _accounts_removed(self, ids: frozenset[str]) -> None:
        self._wanted -= ids
        gone = frozenset(account_id for account_id in ids if self.accounts.pop(account_id, None))
        if gone:
            self.accounts_changed.emit(gone)

    def _read_wanted(self) -> None:
        """One reading at a time: what changes meanwhile is read after it, so a busy engine is not asked more often."""
        if self._api is None or self._reading or not self._wanted:
            return
        wanted, self._wanted = self._wanted, set()
        self._reading = True
        many = len(wanted) > MANY
        self._actions.run(self._read_all(self._api) if many else self._read_some(self._api, wanted))

    async def _read_all(self, api: Api) -> None:
        accounts: dict[str, AccountSnapshot] = {}
        after = None
        try:
            while page := await api.accounts.page(after, PAGE):
                accounts.update((account.id, account) for account in page)
                after = page[-1].id
                if len(page) < PAGE:
                    break
        except Exception as error:
            self.failed.emit(error)
            raise
        else:
            changed = frozenset(self.accounts) | frozenset(accounts)
            self.accounts, self.loaded = accounts, True
            self.accounts_changed.emit(changed)
        finally:
            self._done_reading()

    async def _read_some(self, api: Api, wanted: set[str]) -> None:
        try:
            for account_id in wanted:
                try:
                    self.accounts[account_id] = await api.accounts.get(account_id)
                except NotFound:
                    self.accounts.pop(account_id, None)
            self.accounts_changed.emit(frozenset(wanted))
        finally:
            self._done_reading()

    def _done_reading(self) -> None:
        self._reading = False
        self._read_wanted()

    def _read_workers(self, _ids: object = None) -> None:
        if self._api is not None:
            self.workers = {worker.id: worker for worker in self._api.workers.all()}
            self.workers_read_at = perf_counter()
            self.workers_changed.emit()

    def _read_platforms(self) -> None:
        if self._api is not None:
            self.platforms = {descriptor.key: descriptor for descriptor in self._api.platforms.all()}
            self.platforms_changed.emit()


def status_of(account: AccountSnapshot) -> str:
    """Its status, or `waiting` while it should be watched and nobody does."""
    return "waiting" if account.status == "active" and account.worker_id is None else account.status
