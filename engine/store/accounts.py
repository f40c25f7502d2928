"""Accounts as they are stored."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Select, and_, insert, select, text, update

from engine.records import Account, StaleRevision, to_ms
from engine.store import account_rows
from engine.store.account_rows import LIVE
from engine.store.directory import Directory, Known
from engine.store.ownership import OwnershipStore, key_of, seal
from engine.store.purge import purge_some
from engine.store.readers import Readers
from engine.store.schema import accounts, credentials, owners
from engine.store.writer import Writer

CHANGEABLE = {"display_name", "interval", "tags", "pinned_to", "settings", "status", "handle"}
# the row of `counters` that sums up all accounts follows one that goes into or out of the bin
COUNT = text("""UPDATE counters SET
    total = total + :sign * (SELECT total FROM counters WHERE account = :key),
    unread = unread + :sign * (SELECT unread FROM counters WHERE account = :key)
    WHERE account = 0 AND EXISTS (SELECT 1 FROM counters WHERE account = :key)""")


class AccountStore(OwnershipStore):
    """Deleted accounts are invisible except to `restore` and `purge_deleted`."""

    def __init__(self, writer: Writer, readers: Readers, directory: Directory, wall_ms: Callable[[], int]) -> None:
        super().__init__(writer, readers, directory)
        self._wall_ms = wall_ms

    async def load(self) -> None:
        """Fill the directory, the deleted ones included."""
        query = select(accounts.c.key, accounts.c.id, accounts.c.platform, accounts.c.tags, accounts.c.deleted_at)
        rows = await self._readers.run(lambda connection: connection.execute(query).all())
        for key, account_id, platform, tags, deleted_at in rows:
            known = Known(key, account_id, platform, account_rows.tags(tags), deleted_at is not None)
            self._directory.put(known)
        owned = select(accounts.c.id, owners.c.worker_id).join(owners, owners.c.account == accounts.c.key)
        for account_id, worker_id in await self._readers.run(lambda connection: connection.execute(owned).all()):
            self._directory.entrust(account_id, worker_id)

    async def add(self, account: Account, sealed: bytes | None) -> None:
        """Insert an account, with its sealed credentials if it has any."""
        values = account_rows.columns(account)

        def work(connection: Connection) -> int:
            connection.execute(insert(accounts).values(values))
            key = key_of(connection, account.id)
            if sealed is not None:
                connection.execute(insert(credentials).values(account=key, blob=sealed, version=1))
            return key

        key = await self._writer.run(work)
        self._directory.put(Known(key, account.id, account.platform, account.tags))

    async def get(self, account_id: str) -> Account | None:
        """One account, or None."""
        found = await self._records(account_rows.query().where(LIVE, accounts.c.id == account_id))
        return found[0] if found else None

    async def get_many(self, account_ids: Sequence[str]) -> dict[str, Account]:
        """Those of these accounts that are not deleted, by id."""
        found = await self._records(account_rows.query().where(LIVE, accounts.c.id.in_(account_ids)))
        return {account.id: account for account in found}

    async def page(self, after: str | None, limit: int) -> list[Account]:
        """Accounts in the order of their creation, after this one; none after an unknown one."""
        query = account_rows.query().where(LIVE).order_by(accounts.c.key).limit(limit)
        if after is not None:
            known = self._directory.by_id(after)
            if known is None:
                return []
            query = query.where(accounts.c.key > known.key)
        return await self._records(query)

    async def load_all(self) -> list[Account]:
        """All accounts that are not deleted, in the order of their creation."""
        return await self._records(account_rows.query().where(LIVE).order_by(accounts.c.key))

    async def change(self, account_id: str, revision: int, fields: dict[str, Any], sealed: bytes | None) -> Account:
        """Set fields and, if given, new credentials; the revision grows by one.

        Raises:
            StaleRevision: if `revision` is not the stored one.
            Missing: if there is no such account.
            ValueError: if a field is not for users to change.
        """
        if not fields.keys() <= CHANGEABLE:
            raise ValueError(f"not changeable: {sorted(fields.keys() - CHANGEABLE)}")
        values = account_rows.encoded(fields) | {"revision": revision + 1}
        if fields.get("status") == "active":  # a fresh start: the old reason no longer holds
            values |= {"last_error": None, "quarantined": 0}
        elif fields.get("status") == "paused":  # nobody wants it watched: what comes meanwhile is no gap
            values["watched_at"] = None

        def work(connection: Connection) -> Account:
            fitting = and_(LIVE, accounts.c.id == account_id, accounts.c.revision == revision)
            if not connection.execute(update(accounts).where(fitting).values(values)).rowcount:
                account_rows.one(connection, account_id)
                raise StaleRevision(account_id)
            if sealed is not None:
                seal(connection, account_id, sealed)
            return account_rows.one(connection, account_id)

        changed = await self._writer.run(work)
        self._know(changed.id, changed.tags, deleted=False)
        return changed

    async def delete(self, account_id: str) -> None:
        """Put it in the bin; an unknown or deleted one is left as it is."""
        now = self._wall_ms()

        def work(connection: Connection) -> bool:
            living = and_(LIVE, accounts.c.id == account_id)
            if not connection.execute(update(accounts).where(living).values(deleted_at=now, watched_at=None)).rowcount:
                return False
            connection.execute(COUNT, {"key": key_of(connection, account_id), "sign": -1})
            return True

        if await self._writer.run(work):
            self._know(account_id, None, deleted=True)

    async def restore(self, account_id: str) -> Account:
        """Take it out of the bin. One that is not in it comes back as it is. Raises Missing.

        It comes back under a new epoch: its worker goes on from the cursor here, since what it had found and was not
        yet stored when the account was deleted is gone.
        """

        def work(connection: Connection) -> Account:
            dead = and_(accounts.c.deleted_at.is_not(None), accounts.c.id == account_id)
            back = update(accounts).where(dead).values(deleted_at=None, epoch=accounts.c.epoch + 1)
            if connection.execute(back).rowcount:
                connection.execute(COUNT, {"key": key_of(connection, account_id), "sign": 1})
            return account_rows.one(connection, account_id)

        restored = await self._writer.run(work)
        self._know(restored.id, restored.tags, deleted=False)
        return restored

    async def purge_deleted(self, before: datetime) -> int:
        """Remove for good, with everything of theirs, the accounts deleted before then; returns how many.

        Works in small transactions, so that nobody waits long for the writer.
        """
        query = select(accounts.c.key).where(accounts.c.deleted_at < to_ms(before))
        keys: list[int] = await self._readers.run(lambda connection: list(connection.execute(query).scalars()))
        purged = 0
        for key in keys:
            while (left := await self._writer.run(partial(purge_some, key=key), background=True)) == "more":
                pass
            if left == "gone":
                self._directory.drop(key)
                purged += 1
        return purged

    async def _records(self, query: Select[Any]) -> list[Account]:
        return await self._readers.run(
            lambda connection: [account_rows.record(row) for row in connection.execute(query)]
        )

    def _know(self, account_id: str, tags: tuple[str, ...] | None, *, deleted: bool) -> None:
        old = self._directory.by_id(account_id)
        assert old is not None
        self._directory.put(Known(old.key, old.id, old.platform, old.tags if tags is None else tags, deleted))
