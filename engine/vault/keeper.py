"""Keeps the vault of a running master: opens it, changes its keys, and has everything sealed anew behind the scenes."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import structlog

from engine.records import KeyBox, SealedRow, from_ms
from engine.vault.errors import VaultError
from engine.vault.opening import known, open_vault, wrapped
from engine.vault.sources import Place, SourceName, Sources
from engine.vault.vault import Vault, new_key
from worker.process import tasks
from worker.process.clock import wall_ms
from worker.process.secret import Secret

log = structlog.get_logger("vault")

BATCH = 500  #: rows sealed anew in one transaction: a few milliseconds of the writer's time
KIND = "credentials"


class KeyStore(Protocol):
    """Where wrapped keys are kept, and what they sealed."""

    async def load(self) -> KeyBox: ...
    async def save(self, box: KeyBox) -> None: ...
    async def any_sealed(self) -> bool: ...
    async def stale(self, current: int, after: int, limit: int) -> list[SealedRow]: ...
    async def replace(self, rows: Sequence[SealedRow]) -> int: ...
    async def retire(self, current: int) -> bool: ...


class KeyKeeper:
    """The keys of one installation.

    Attributes:
        vault: seals and opens; there once start() has returned, and the same object for good.
        box: what is stored about the keys.
        moved: how many credentials were sealed anew since the last change. damaged: how many could not be opened then.
    """

    def __init__(self, store: KeyStore, sources: Sources) -> None:
        self._store = store
        self._sources = sources
        self._kek = b""
        self._changing = asyncio.Lock()
        self._sealing: asyncio.Task[None] | None = None
        self._rotating: set[asyncio.Task[Exception | None]] = set()
        self.vault: Vault
        self.box = KeyBox()
        self.moved = self.damaged = 0

    @property
    def hint(self) -> str:
        """What the person who started this should know about the key; empty if there is nothing."""
        return self._sources.passed_over(self.box)

    @property
    def resealing(self) -> bool:
        """Whether credentials are still being moved to the current data key."""
        return self._sealing is not None and not self._sealing.done()

    async def start(self) -> None:
        """Open the vault, making its keys on the first start, and go on with what was not sealed anew yet.

        Raises:
            VaultError: if the key is gone, wrong or out of reach.
        """
        stored, sealed_exist = await self._store.load(), await self._store.any_sealed()
        self.vault, self.box, self._kek = await asyncio.to_thread(
            open_vault, stored, self._sources, from_ms(wall_ms()), sealed_exist=sealed_exist
        )
        if self.box is not stored:
            await self._store.save(self.box)
        log.info("vault.opened", source=self.box.source, data_keys=len(self.box.keys), current=self.box.current)
        if self.hint:
            log.warning("vault.key_not_used", why=self.hint)
        if len(self.box.keys) > 1:
            self._seal_anew()

    async def close(self) -> None:
        """Stop, but not in the middle of a rotation; the next start goes on where this one was."""
        if self._rotating:
            await asyncio.wait(self._rotating)
        await tasks.cancel(self._sealing)

    async def rotate(self, to: str | None = None, given: Secret | None = None) -> None:
        """A new data key, and a new key-encryption key around all of them; then everything is sealed anew.

        A caller who is cancelled does not stop it: half of it would be a database wrapped by a key that is nowhere.

        Args:
            to: the place to move to; None stays. given: the key or passphrase that this place is to have.

        Raises:
            VaultError: nothing was changed then.
        """
        rotation = tasks.spawn(self._rotation(to, given), name="rotate-keys")
        self._rotating.add(rotation)
        rotation.add_done_callback(self._rotating.discard)
        if error := await asyncio.shield(rotation):
            raise error

    async def _rotation(self, to: str | None, given: Secret | None) -> Exception | None:
        try:
            async with self._changing:
                await self._rotate(known(to or self.box.source), given)
        except Exception as error:  # it is whoever asked that should hear of it
            return error
        log.info("keys.rotated", source=self.box.source, current=self.box.current)
        self._seal_anew()
        return None

    async def _rotate(self, target: SourceName, given: Secret | None) -> None:
        place = await asyncio.to_thread(self._place, target, given)
        held, following = self.vault.keys(), self.box.current + 1
        fresh = Vault({key.id: held[key.id] for key in self.box.keys} | {following: new_key()}, following)
        old, box = self.box, wrapped(self.box, fresh, place, from_ms(wall_ms()))
        try:
            await self._store.save(box)
        except Exception:
            if await self._is_stored(old):
                await asyncio.to_thread(place.forget)
            raise
        # a crash from here on is mended by the next start: everything is wrapped with a key that is on the disk
        self.vault.add(following, fresh.keys()[following])
        self.vault.use(following)
        self.box, self._kek = box, place.kek
        await asyncio.to_thread(self._settle, old, place)

    async def _is_stored(self, box: KeyBox) -> bool:
        """Whether this is certainly what the database holds: a disk that fails while it commits may do either."""
        try:
            return await self._store.load() == box
        except Exception:  # then the prepared key stays, and the next start finds out which one fits
            return False

    async def sealed_anew(self) -> None:
        """Wait until everything is sealed with the current data key, or could not be."""
        if self._sealing is not None:
            await asyncio.wait([self._sealing])

    def _place(self, target: SourceName, given: Secret | None) -> Place:
        stays = target == self.box.source
        if stays and given is None and target in ("environment", "passphrase"):
            # only a person can change what the next start will be given: the key around the data keys stays
            return Place(target, self._kek, self.box.facts)
        return self._sources.prepare(target, given)

    def _settle(self, old: KeyBox, place: Place) -> None:
        place.commit()
        if old.source != place.source or (old.source == "keychain" and old.facts != place.facts):
            self._sources.leave(old)

    def _seal_anew(self) -> None:
        if not self.resealing:
            self.moved = self.damaged = 0
            self._sealing = tasks.spawn(self._until_done(), name="seal-anew")

    async def _until_done(self) -> None:
        """Until nothing is stale: what was sealed with the old key while a pass was under way is met by the next."""
        while True:
            current = self.vault.current
            self.damaged = await self._pass(current)
            if self.damaged:
                log.warning("credentials.not_sealed_anew", accounts=self.damaged)
                return
            if await self._retired(current):
                break
        log.info("credentials.sealed_anew", accounts=self.moved, current=current)

    async def _retired(self, current: int) -> bool:
        async with self._changing:  # else a rotation that was saved meanwhile would lose its new key here
            if current != self.vault.current or not await self._store.retire(current):
                return False
            self.box = replace(self.box, keys=tuple(key for key in self.box.keys if key.id == current))
            return True

    async def _pass(self, current: int) -> int:
        """Everything once; returns how many rows cannot be opened."""
        after, failed = -1, 0
        while rows := await self._store.stale(current, after, BATCH):
            after = rows[-1].key
            fresh = await asyncio.to_thread(self._anew, rows)
            failed += len(rows) - len(fresh)
            self.moved += await self._store.replace(fresh)
        return failed

    def _anew(self, rows: Sequence[SealedRow]) -> list[SealedRow]:
        fresh = []
        for row in rows:
            try:
                plain = self.vault.open(row.account_id, KIND, row.blob)
            except VaultError:  # damaged: it stays as it is, and with it the key that it names
                continue
            fresh.append(replace(row, blob=self.vault.seal(row.account_id, KIND, plain)))
        return fresh
