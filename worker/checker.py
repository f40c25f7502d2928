"""Runs one check, listen or probe of a platform and says how it went; never raises for what a platform does."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

import structlog

from worker.finding import items_of
from worker.keyring import Keyring
from worker.link import LinkDown
from worker.memory import Memory, MemoryTrouble
from worker.platforms.base import Check, Platform, PlatformError, Session, Unreachable, stream_of
from worker.platforms.http import HttpPool
from worker.platforms.redaction import Redactor
from worker.platforms.tcp import Tcp
from worker.process.logs import new_request_id, request
from worker.process.secret import Secret
from worker.process.under_check import UnderCheck
from worker.protocol.descriptor import FieldError, Values, validate_values
from worker.protocol.errors import Code, ProtocolError
from worker.protocol.messages import Identity, Probe, Task
from worker.watch import baseline
from worker.watch.events import CheckFinished, ListenFinished

REQUESTS = 5  #: a whole check may take this many times as long as one request
MAX_CURSOR = 60_000
SAFE_MESSAGE = "The check failed because of a fault in Vedette; the worker's log has the details."

log = structlog.get_logger("checks")


class LeaseOver(Exception):
    """The lease does not allow another request to the platform (W2)."""


class ProbeFailed(Exception):
    """Why credentials that are not saved yet do not work: `code` for programs, the text for the user."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


class Permits(Protocol):
    """The looks at the lease (W2)."""

    def may_act(self, account: str, epoch: int) -> bool:
        """Whether a check may make a request now."""
        ...

    def may_listen(self, account: str, epoch: int) -> bool:
        """Whether a listen may."""
        ...

    def standing(self) -> float:
        """Seconds that a server may be asked to hold a request open."""
        ...


@dataclass(frozen=True, slots=True)
class Checker:
    """What a check needs.

    Attributes:
        permits: what the lease allows as of now.
        wall_ms: milliseconds since 1970 UTC.
        under_check: remembers beyond the end of the process what was being checked.
        worker: this worker's id, for platforms that pass it on.
    """

    platforms: Mapping[str, Platform]
    http: HttpPool
    memory: Memory
    keyring: Keyring
    permits: Permits
    wall_ms: Callable[[], int]
    under_check: UnderCheck
    worker: str = ""

    async def check(self, task: Task, request_id: str) -> CheckFinished:
        """Check one account and write down what was found. Cancelling it aborts the platform's request."""
        try:
            found = await self._ask_platform(task)
            return await self._write_down(task, *found, request_id)
        except Exception as error:  # a platform's own fault must stop neither the worker nor the other accounts
            failed = self._failure(task, error, "check")
            if failed is None:
                return CheckFinished(task.account, task.epoch, None, request_id=request_id)
            return CheckFinished(
                task.account,
                task.epoch,
                failed.outcome,
                failed.retry_after,
                request_id=request_id,
                quota=failed.quota,
                message=failed.message,
            )

    async def listen(self, task: Task, heard: Callable[[CheckFinished], None]) -> ListenFinished:
        """Listen to one account and write down what comes, until it ends, fails or is cancelled.

        Args:
            heard: told of each check that was written down.
        """
        try:
            await self._hear(task, heard)
        except Exception as error:  # as in check
            failed = self._failure(task, error, "listen")
            if failed is None:
                return ListenFinished(task.account, task.epoch, None)
            return ListenFinished(task.account, task.epoch, failed.outcome, failed.retry_after, failed.message)
        return ListenFinished(task.account, task.epoch, "ok", message="the server does not offer it")

    async def probe(self, probe: Probe) -> Identity:
        """Whose credentials these are; nothing is kept.

        Raises:
            ProbeFailed: with the platform's reason.
        """
        platform = self.platforms.get(probe.platform)
        if platform is None:
            raise ProbeFailed(Code.UNKNOWN_PLATFORM, f"This worker has no platform “{probe.platform}”.")
        try:
            given = validate_values(platform.descriptor.credential_fields, probe.credentials)
            credentials = {name: Secret(str(value)) for name, value in given.items()}
            session = self._session(platform, probe.settings, credentials, lambda: None)
            async with asyncio.timeout(self.http.timeout * REQUESTS):
                return await platform.identify(session)
        except FieldError as error:
            raise ProbeFailed(Code.INVALID, f"{error.field}: {error}") from None
        except PlatformError as error:
            raise ProbeFailed(error.code, error.message) from None
        except TimeoutError:
            raise ProbeFailed(Code.UNREACHABLE, "The platform did not answer in time.") from None
        except Exception:  # as in check
            log.exception("probe.failed", platform=probe.platform)
            raise ProbeFailed(Code.ERROR, SAFE_MESSAGE) from None

    async def _ask_platform(self, task: Task) -> tuple[Check, bool]:
        """What the platform has since the cursor, and whether this is the account's first check."""
        platform = self._platform(task)
        look = self._look(task, self.permits.may_act)
        session, cursor = await self._opened(platform, task, look)
        limit = self.http.timeout * REQUESTS
        look()
        try:
            async with asyncio.timeout(limit):
                with self.under_check.checking(task.account):
                    return await platform.check(session, cursor), cursor is None
        except TimeoutError:
            raise Unreachable(f"The platform did not answer within {limit:g} s.") from None

    async def _hear(self, task: Task, heard: Callable[[CheckFinished], None]) -> None:
        platform = stream_of(self._platform(task))
        if platform is None:
            return
        session, cursor = await self._opened(platform, task, self._look(task, self.permits.may_listen))
        first = cursor is None
        async with aclosing(platform.listen(session, cursor)) as checks:
            while (check := await self.under_check.steps(task.account, _next(checks))) is not None:
                request_id = new_request_id()
                with request(request_id):
                    heard(await self._write_down(task, check, first, request_id))
                first = first and check.cursor is None

    def _platform(self, task: Task) -> Platform:
        platform = self.platforms.get(task.platform)
        if platform is None:
            raise PlatformError(f"This worker has no platform “{task.platform}”.")
        return platform

    def _look(self, task: Task, may: Callable[[str, int], bool]) -> Callable[[], None]:
        def look() -> None:
            if not may(task.account, task.epoch):
                raise LeaseOver(task.account)

        return look

    async def _opened(self, platform: Platform, task: Task, look: Callable[[], None]) -> tuple[Session, str | None]:
        """What the platform may use, and the cursor that it goes on from."""
        fields = platform.descriptor.credential_fields
        credentials = await self.keyring.get(task) if fields else {}
        cursor = await self.memory.cursor_of(task)
        return self._session(platform, task.settings, credentials, look, task), cursor

    def _session(
        self,
        platform: Platform,
        settings: Values,
        credentials: Mapping[str, Secret],
        look: Callable[[], None],
        task: Task | None = None,
    ) -> Session:
        values = validate_values(platform.descriptor.setting_fields, settings)
        private = values.get("allow_private_network") is True
        secrets = credentials.values()
        http = self.http.bind(allow_private_network=private, secrets=secrets, may_start=look, wall_ms=self.wall_ms)
        tcp = Tcp(private, Redactor(secrets), look, lambda: self.http.timeout)
        account, epoch = (task.account, task.epoch) if task is not None else ("", 0)
        standing = self.permits.standing
        session = Session(values, credentials, http, tcp, self.wall_ms, account, standing, self.worker, epoch)
        return session if task is None else replace(session, renew=partial(self.keyring.renew, task))

    async def _write_down(self, task: Task, check: Check, first: bool, request_id: str) -> CheckFinished:
        if check.cursor is not None and len(check.cursor) > MAX_CURSOR:
            raise PlatformError(f"The cursor is longer than {MAX_CURSOR} characters.")
        with self.under_check.checking(task.account):
            items = items_of(check.items, task, found_at=self.wall_ms(), request_id=request_id, baseline=first)
            seen_only, kept = baseline.split(items) if first else ([], items)
            new = await self.memory.record(task, kept, seen_only, check.cursor)
        say = log.info if new or request_id == task.check_request else log.debug  # most checks find nothing
        say("check.done", account=task.account, found=len(items), new=new)
        more = check.more and not first  # what a first check leaves behind is the past
        return CheckFinished(
            task.account,
            task.epoch,
            "ok",
            check.retry_after,
            more,
            request_id=request_id,
            quota=check.quota,
            found=new,
            missed=check.missed or "",
        )

    def _failure(self, task: Task, error: Exception, what: str) -> PlatformError | None:
        """What an error says about the account, None if nothing."""
        match error:
            case PlatformError():
                return error
            case FieldError():
                return PlatformError(f"The settings do not fit: {error}")
            case LeaseOver() | LinkDown() | ProtocolError() | MemoryTrouble():
                log.info("check.not_done", what=what, account=task.account, reason=f"{type(error).__name__}: {error}")
                return None
        log.error("check.failed", what=what, account=task.account, platform=task.platform, exc_info=error)
        return PlatformError(SAFE_MESSAGE)


async def _next(checks: AsyncIterator[Check]) -> Check | None:
    return await anext(checks, None)
