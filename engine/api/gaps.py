"""Gaps: when nobody watched an account, why, and what is known of what it received meanwhile."""

from collections.abc import Sequence
from typing import Protocol

from engine.api.errors import Invalid, NotFound
from engine.records import Account, Gap

MAX_PAGE = 1000
LATEST = 2**53  #: ms since 1970 UTC that nothing began after


class GapStore(Protocol):
    """Where gaps that are over are kept."""

    async def page(self, account_id: str, before: int | None, limit: int) -> list[Gap]: ...
    async def acknowledge(self, account_ids: Sequence[str]) -> None: ...


class AccountReader(Protocol):
    """Where accounts are kept."""

    async def get_many(self, account_ids: Sequence[str]) -> dict[str, Account]: ...


class GapFleet(Protocol):
    """The part of the fleet that shows gaps."""

    def acknowledge(self, account_ids: Sequence[str]) -> None: ...


class Gaps:
    """What a front end may ask of gaps. The one that lasts is in AccountSnapshot only."""

    def __init__(self, store: GapStore, accounts: AccountReader, fleet: GapFleet) -> None:
        self._store = store
        self._accounts = accounts
        self._fleet = fleet

    async def page(self, account_id: str, *, before: int | None = None, limit: int = 200) -> list[Gap]:
        """Those of an account that are over, newest first; `before`: begun before then, ms since 1970 UTC.

        Raises:
            NotFound, Invalid.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise Invalid("limit", f"“limit” must be from 1 to {MAX_PAGE}")
        if before is not None and not 0 <= before <= LATEST:
            raise Invalid("cursor", "“cursor” must be the one that came with the part before")
        await self._require([account_id])
        return await self._store.page(account_id, before, limit)

    async def acknowledge(self, account_ids: Sequence[str]) -> None:
        """The user has seen all gaps of these accounts: they are listed, but not shown any more. Raises NotFound."""
        await self._require(account_ids)
        await self._store.acknowledge(account_ids)
        self._fleet.acknowledge(account_ids)

    async def _require(self, account_ids: Sequence[str]) -> None:
        known = await self._accounts.get_many(account_ids)
        for account_id in account_ids:
            if account_id not in known:
                raise NotFound(f"there is no account “{account_id[:64]}”")
