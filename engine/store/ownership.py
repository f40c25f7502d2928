"""Who watches an account, how it fares, and its sealed credentials: what the fleet writes, fenced by the epoch."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, Update, case, select, text, update
from sqlalchemy.dialects.sqlite import insert

from engine.records import AccountStatus, Missing, Move, Sealed, StaleRevision
from engine.store.account_rows import LIVE
from engine.store.directory import Directory
from engine.store.readers import Readers
from engine.store.schema import accounts, credentials
from engine.store.writer import Writer

MOVE = text("""UPDATE accounts SET worker_id = wanted.worker_id, epoch = wanted.epoch
    FROM (SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS worker_id,
        json_extract(value, '$[2]') AS epoch FROM json_each(:moves)) AS wanted
    WHERE accounts.id = wanted.id AND accounts.epoch = wanted.epoch - 1 AND accounts.deleted_at IS NULL
    RETURNING id""")
OWNED = text("""INSERT OR IGNORE INTO owners (account, worker_id)
    SELECT accounts.key, accounts.worker_id FROM json_each(:saved) AS saved JOIN accounts ON accounts.id = saved.value
    WHERE accounts.worker_id IS NOT NULL""")
# a check that ended after the user paused the account does not make it watched
CHECKED = text("""UPDATE accounts SET last_check_at = done.at,
        watched_at = iif(status = 'paused', NULL, coalesce(done.watched_at, accounts.watched_at))
    FROM (SELECT json_extract(value, '$[0]') AS id, max(json_extract(value, '$[1]')) AS at,
            max(json_extract(value, '$[2]')) AS watched_at
        FROM json_each(:rows) GROUP BY 1) AS done
    WHERE accounts.id = done.id AND coalesce(accounts.last_check_at, 0) < done.at""")


class OwnershipStore:
    """The fleet's side of the accounts; part of AccountStore."""

    def __init__(self, writer: Writer, readers: Readers, directory: Directory) -> None:
        self._writer = writer
        self._readers = readers
        self._directory = directory

    async def save_ownership(self, moves: Sequence[Move]) -> tuple[list[Move], list[Move]]:
        """Save next owners in one transaction; returns (saved, refused).

        Whoever owned an account is remembered: what it tells later is believed.
        Refused is a move whose epoch is not one above the stored one, or whose account is unknown or deleted.
        """
        rows = msgspec.json.encode([(move.account_id, move.worker_id, move.epoch) for move in moves]).decode()

        def work(connection: Connection) -> set[str]:
            saved = set(connection.execute(MOVE, {"moves": rows}).scalars())
            connection.execute(OWNED, {"saved": msgspec.json.encode(sorted(saved)).decode()})
            return saved

        saved = await self._writer.run(work) if moves else set()
        done = [move for move in moves if move.account_id in saved]
        for move in done:
            if move.worker_id is not None:
                self._directory.entrust(move.account_id, move.worker_id)
        return done, [move for move in moves if move.account_id not in saved]

    async def save_health(self, account_id: str, epoch: int, status: AccountStatus, last_error: str | None) -> bool:
        """Say how it fares; `revision` stays. False, and nothing changed, if the epoch is not current.

        False as well while a user has it paused: only the user ends that.
        """
        saving = update(accounts).where(LIVE, accounts.c.id == account_id, accounts.c.epoch == epoch)
        saving = saving.where(accounts.c.status != "paused").values(status=status, last_error=last_error)
        return bool(await self._writer.run(lambda connection: connection.execute(saving).rowcount))

    async def save_quarantine(self, account_id: str, reason: str | None) -> None:
        """Put it into quarantine, or (None) out of it. Not fenced: nobody who watches it says so, the master does."""
        into = {"quarantined": 1, "status": "failing", "last_error": reason}
        out = {"quarantined": 0, "status": case((accounts.c.status == "paused", "paused"), else_="active")}
        changing = update(accounts).where(LIVE, accounts.c.id == account_id)
        if reason is None:
            changing = changing.where(accounts.c.quarantined == 1).values(**out, last_error=None)
        else:
            changing = changing.where(accounts.c.status != "paused").values(into)
        await self._change(changing)

    async def save_checks(self, rows: Sequence[tuple[str, int, int | None]]) -> None:
        """When accounts were last checked, and if that was good when it began; never goes back.

        Args:
            rows: (account id, ms since 1970 UTC, the same by the worker's clock or None).
        """
        done = msgspec.json.encode(rows).decode()
        if rows:
            await self._writer.run(lambda connection: connection.execute(CHECKED, {"rows": done}).close())

    async def set_handle(self, account_id: str, handle: str) -> None:
        """What the platform calls this account; `revision` stays."""
        await self._change(update(accounts).where(accounts.c.id == account_id).values(handle=handle))

    async def sealed(self, account_id: str) -> Sealed | None:
        """Its sealed credentials, None if it has none or is deleted."""
        query = select(credentials.c.blob, credentials.c.version).join(accounts)
        query = query.where(LIVE, accounts.c.id == account_id)
        row = await self._readers.run(lambda connection: connection.execute(query).one_or_none())
        return None if row is None else Sealed(row.blob, row.version)

    async def replace_sealed(self, account_id: str, blob: bytes, version: int) -> int:
        """Replace credentials that were made from `version`; returns the new version.

        Raises:
            StaleRevision: if they were replaced meanwhile.
            Missing: if the account has none.
        """

        def work(connection: Connection) -> int:
            key = key_of(connection, account_id)
            mine = credentials.c.account == key
            changing = update(credentials).where(mine, credentials.c.version == version)
            if connection.execute(changing.values(blob=blob, version=version + 1)).rowcount:
                return version + 1
            if connection.execute(select(credentials.c.version).where(mine)).scalar() is None:
                raise Missing(account_id)
            raise StaleRevision(account_id)

        return await self._writer.run(work)

    async def _change(self, change: Update) -> None:
        await self._writer.run(lambda connection: connection.execute(change).close())


def key_of(connection: Connection, account_id: str) -> int:
    """The account's number, deleted or not. Raises Missing."""
    key: int | None = connection.execute(select(accounts.c.key).where(accounts.c.id == account_id)).scalar()
    if key is None:
        raise Missing(account_id)
    return key


def seal(connection: Connection, account_id: str, blob: bytes) -> None:
    """Store new credentials whatever version is there; the version grows."""
    adding = insert(credentials).values(account=key_of(connection, account_id), blob=blob, version=1)
    replacing = {"blob": blob, "version": credentials.c.version + 1}
    connection.execute(adding.on_conflict_do_update(["account"], set_=replacing))
