"""The fleet as the worker namespace of the gateway needs it: messages become fleet events."""

from collections.abc import Callable
from typing import Literal, Protocol

import msgspec
import structlog

from engine.api.remote import plain
from engine.bus import Bus
from engine.events import PlatformsChanged
from engine.fleet import messages as m
from engine.fleet.entries import AccountEntry
from engine.fleet.lease import Figures
from engine.fleet.parts import Checked
from engine.records import Missing, Sealed, StaleRevision
from engine.runtime import Runtime
from engine.vault.errors import VaultError
from worker.process.clock import lease_clock, wall_ms
from worker.protocol.descriptor import Descriptor
from worker.protocol.errors import Code, ProtocolError
from worker.protocol.messages import (
    Beaten,
    CheckDone,
    Credentials,
    CredentialsGiven,
    Heartbeat,
    Register,
    Registered,
    Released,
    Report,
)

log = structlog.get_logger("fleet")


class SealedStore(Protocol):
    """Where sealed credentials are kept."""

    async def sealed(self, account_id: str) -> Sealed | None: ...
    async def replace_sealed(self, account_id: str, blob: bytes, version: int) -> int: ...


class DescriptorStore(Protocol):
    """The last seen descriptor of every platform; a local worker's wins."""

    async def remember(self, descriptor: Descriptor, local: bool) -> Literal["new", "changed", "same", "ignored"]: ...


class CredentialsVault(Protocol):
    """Opens and seals what belongs to one account."""

    def seal(self, account_id: str, kind: str, plain: bytes) -> bytes: ...
    def open(self, account_id: str, kind: str, blob: bytes) -> bytes: ...


class Door:
    """Answers workers. Every method may raise ProtocolError, which the gateway turns into an error ack."""

    def __init__(
        self,
        *,
        runtime: Runtime,
        accounts: SealedStore,
        platforms: DescriptorStore,
        vault: CredentialsVault,
        bus: Bus,
        figures: Figures,
        sent_at: Callable[[], int] = wall_ms,
    ) -> None:
        self._runtime = runtime
        self._accounts = accounts
        self._platforms = platforms
        self._vault = vault
        self._bus = bus
        self._figures = figures
        self._wall_ms = sent_at

    async def register(self, message: Register, request_id: str) -> Registered:
        """Enter the worker and answer with its whole assignment."""
        entry = self._runtime.state.tables.workers.get(message.worker_id)
        if entry is None or entry.stopping:
            raise ProtocolError(Code.REVOKED, "this worker was removed from the master")
        await self._remember(message.platforms, local=entry.kind == "local")
        self._runtime.submit(
            m.WorkerRegistered(
                message.worker_id,
                message.incarnation,
                plain(message.host),
                message.pid,
                plain(message.version),
                frozenset(descriptor.key for descriptor in message.platforms),
                message.resources,
                tuple(message.crashed),
            )
        )
        log.info("worker.registered", worker_id=message.worker_id, pid=message.pid, request_id=request_id)
        sequence, duties = entry.sequence, self._runtime.state.duties_of(entry.id, lease_clock())
        tasks = await self._runtime.tasks_for(duties)
        return Registered(self._figures.heartbeat, self._figures.lease, sequence, tasks)

    async def _remember(self, descriptors: list[Descriptor], *, local: bool) -> None:
        results = [await self._platforms.remember(descriptor, local) for descriptor in descriptors]
        if "new" in results or "changed" in results:
            self._bus.publish(PlatformsChanged())
        for descriptor, result in zip(descriptors, results, strict=True):
            if result == "ignored":
                log.info("platform.descriptor_ignored", platform=descriptor.key)

    def heartbeat(self, worker_id: str, incarnation: str, message: Heartbeat) -> Beaten:
        """Pass it on and renew the lease that it asked for."""
        now = self._wall_ms()
        self._runtime.submit(
            m.HeartbeatReceived(
                worker_id,
                incarnation,
                message.sequence,
                message.digest,
                message.resources,
                message.outbox,
                message.degraded,
                tuple(_checked(done, now) for done in message.checks),
            )
        )
        return Beaten(message.nonce)

    async def report(self, worker_id: str, message: Report, request_id: str) -> None:
        """How an account fares."""
        self._require_owner(worker_id, message.account, message.epoch)
        retry_in = None if message.retry_at is None else max(0.0, (message.retry_at - self._wall_ms()) / 1000)
        self._runtime.submit(
            m.Reported(
                worker_id,
                message.account,
                message.epoch,
                message.state,
                message.message,
                retry_in,
                message.quota,
                request_id,
            )
        )

    async def credentials(self, worker_id: str, message: Credentials) -> CredentialsGiven:
        """Give the owner of the current epoch its account's credentials, or keep the rotated ones it hands back."""
        account = self._require_owner(worker_id, message.account, message.epoch)
        if account.revoking and message.replacement is None:  # it may be out of the bin again, under a later epoch
            raise ProtocolError(Code.NOT_OWNER, "this account is to be let go of")
        sealed = await self._accounts.sealed(message.account)
        if message.replacement is not None and message.version is not None:
            blob = self._vault.seal(message.account, "credentials", msgspec.json.encode(message.replacement))
            try:
                version = await self._accounts.replace_sealed(message.account, blob, message.version)
            except (StaleRevision, Missing):
                # its user gave others meanwhile: those count, and the worker asks for them
                raise ProtocolError(Code.STALE_REVISION, "these credentials were changed meanwhile") from None
            return CredentialsGiven(message.replacement, version)
        if sealed is None:
            return CredentialsGiven({}, 0)
        try:
            plain = self._vault.open(message.account, "credentials", sealed.blob)
        except VaultError as error:  # the account says so, and asks for them again
            log.warning("credentials.not_opened", account=message.account, reason=str(error))
            raise ProtocolError(Code.REFUSED, f"{str(error)[:1].upper()}{str(error)[1:]}.") from None
        return CredentialsGiven(msgspec.json.decode(plain, type=dict[str, str]), sealed.version)

    async def released(self, worker_id: str, message: Released) -> None:
        """The worker let go."""
        self._runtime.submit(m.Released(worker_id, message.account, message.epoch))

    def link_lost(self, worker_id: str, incarnation: str) -> None:
        """The current connection closed."""
        self._runtime.submit(m.LinkLost(worker_id, incarnation))

    def _require_owner(self, worker_id: str, account_id: str, epoch: int) -> AccountEntry:
        """M6: every credential request and state write is refused unless its epoch is current."""
        account = self._runtime.state.tables.accounts.get(account_id)
        if account is None or account.owner != worker_id:
            raise ProtocolError(Code.NOT_OWNER, "this account belongs to another worker")
        if account.epoch != epoch:
            raise ProtocolError(Code.STALE_EPOCH, f"the current epoch is {account.epoch}")
        return account


def _checked(done: CheckDone, now: int) -> Checked:
    ago = max(0.0, (now - done.at) / 1000)
    return Checked(done.account, ago, done.outcome, done.at, done.ended_at, done.found, done.missed, done.more)
