"""When nobody watched an account, and what is known of that time."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from sqlalchemy import Connection, and_, func, select, text, update

from engine.records import Gap, from_ms, to_ms
from engine.store.account_rows import LIVE, AnyRow
from engine.store.readers import Readers
from engine.store.schema import accounts, gaps
from engine.store.writer import Writer

KEPT = 1000  #: newest gaps of one account
KEPT_FOR = timedelta(days=90)
# gaps of one account never overlap, so one that does was found again after a crash, maybe a little later
SAVE = text("""INSERT INTO gaps (account, since, until, caught_up, complete, why, missed, acknowledged)
    SELECT key, :since, :until, :caught_up, :complete, :why, :missed, 0 FROM accounts WHERE id = :account_id
        AND NOT EXISTS (SELECT 1 FROM gaps
            WHERE account = key AND since < :until AND until > :since AND since <> :since)
    ON CONFLICT (account, since) DO UPDATE SET until = max(until, excluded.until),
        caught_up = max(caught_up, excluded.caught_up), complete = excluded.complete, missed = excluded.missed""")
PRUNE = text("""DELETE FROM gaps WHERE account = (SELECT key FROM accounts WHERE id = :account_id) AND (until < :old
    OR since <= (SELECT since FROM gaps AS own WHERE own.account = gaps.account
        ORDER BY since DESC LIMIT 1 OFFSET :kept))""")


class GapStore:
    """Gaps by account; those of deleted accounts come back with them and go for good with them."""

    def __init__(self, writer: Writer, readers: Readers, wall_ms: Callable[[], int]) -> None:
        self._writer = writer
        self._readers = readers
        self._wall_ms = wall_ms

    async def save(self, found: Sequence[Gap]) -> None:
        """Add gaps, or let those that are known grow. Of each account the newest 1,000 of 90 days are kept."""
        rows = [_row(gap) for gap in found if gap.until is not None]
        old = self._wall_ms() - int(KEPT_FOR.total_seconds() * 1000)

        def work(connection: Connection) -> None:
            for row in rows:
                connection.execute(SAVE, row)
                connection.execute(PRUNE, {"account_id": row["account_id"], "old": old, "kept": KEPT})

        if rows:
            await self._writer.run(work)

    async def page(self, account_id: str, before: int | None, limit: int) -> list[Gap]:
        """Newest first, of those that began before `before` (ms since 1970 UTC) if given."""
        query = select(gaps, accounts.c.id).join(accounts, accounts.c.key == gaps.c.account)
        query = query.where(accounts.c.id == account_id).order_by(gaps.c.since.desc()).limit(limit)
        if before is not None:
            query = query.where(gaps.c.since < before)
        return await self._readers.run(lambda connection: [_gap(row) for row in connection.execute(query)])

    async def unacknowledged(self) -> list[Gap]:
        """The newest one of each account that nobody has acknowledged."""
        newest = select(gaps.c.account, func.max(gaps.c.since).label("since")).where(gaps.c.acknowledged == 0)
        told = newest.group_by(gaps.c.account).subquery()
        same = and_(gaps.c.account == told.c.account, gaps.c.since == told.c.since)
        query = select(gaps, accounts.c.id).join(told, same).join(accounts, accounts.c.key == gaps.c.account)
        return await self._readers.run(lambda connection: [_gap(row) for row in connection.execute(query.where(LIVE))])

    async def acknowledge(self, account_ids: Sequence[str]) -> None:
        """A user has seen all gaps of these accounts."""
        theirs = select(accounts.c.key).where(accounts.c.id.in_(account_ids))
        seen = update(gaps).where(gaps.c.account.in_(theirs), gaps.c.acknowledged == 0).values(acknowledged=1)
        await self._writer.run(lambda connection: connection.execute(seen).close())


def _row(gap: Gap) -> dict[str, object]:
    assert gap.until is not None
    return {
        "account_id": gap.account_id,
        "since": to_ms(gap.since),
        "until": to_ms(gap.until),
        "caught_up": gap.caught_up,
        "complete": int(gap.complete is True),
        "why": gap.why,
        "missed": gap.missed,
    }


def _gap(row: AnyRow) -> Gap:
    return Gap(
        row.id,
        from_ms(row.since),
        from_ms(row.until),
        caught_up=row.caught_up,
        complete=bool(row.complete),
        why=row.why,
        missed=row.missed,
    )
