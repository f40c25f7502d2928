"""Which accounts there are, in memory: what ingest and the feed must know of each without asking the database."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Known:
    """One account. `key` is its number in other tables; `deleted` while it is in the bin."""

    key: int
    id: str
    platform: str
    tags: tuple[str, ...] = ()
    deleted: bool = False


class Directory:
    """Changed on the loop after each commit; threads only ever look things up."""

    def __init__(self) -> None:
        self._by_id: dict[str, Known] = {}
        self._by_key: dict[int, Known] = {}
        self._owners: dict[str, set[str]] = {}
        self.deleted: frozenset[int] = frozenset()  #: keys of the accounts in the bin

    def put(self, known: Known) -> None:
        """Add or replace an account."""
        self._by_id[known.id] = self._by_key[known.key] = known
        self.deleted = self.deleted | {known.key} if known.deleted else self.deleted - {known.key}

    def drop(self, key: int) -> None:
        """Forget an account that was removed for good."""
        known = self._by_key.pop(key, None)
        if known is not None:
            self._by_id.pop(known.id, None)
            self._owners.pop(known.id, None)
            self.deleted = self.deleted - {key}

    def entrust(self, account_id: str, worker_id: str) -> None:
        """This worker owns the account from now on."""
        self._owners.setdefault(account_id, set()).add(worker_id)

    def was_entrusted(self, account_id: str, worker_id: str) -> bool:
        """Whether this worker owns the account or ever did."""
        return worker_id in self._owners.get(account_id, ())

    def by_id(self, account_id: str) -> Known | None:
        """The account, deleted or not."""
        return self._by_id.get(account_id)

    def matching(self, platform: str | None, tag: str | None) -> list[int]:
        """Keys of the accounts of this platform that carry this tag; None means any. Deleted ones are left out."""
        return [
            known.key
            for known in list(self._by_key.values())
            if not known.deleted
            and (platform is None or known.platform == platform)
            and (tag is None or tag in known.tags)
        ]
