"""Runs one check or one probe of a platform and says how it went; never raises for what a platform does."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from worker.finding import items_of
from worker.keyring import Keyring
from worker.link import LinkDown
from worker.memory import Memory, MemoryTrouble
from worker.platforms.base import Check, Platform, PlatformError, Session, Unreachable
from worker.platforms.http import HttpPool
from worker.process.secret import Secret
from worker.protocol.descriptor import FieldError, Values, validate_values
from worker.protocol.errors import Code, ProtocolError
from worker.protocol.messages import Identity, Probe, Task
from worker.watch import baseline
from worker.watch.events import CheckFinished

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


@dataclass(frozen=True, slots=True)
class Checker:
    """What a check needs.

    Attributes:
        may_act: (account, epoch): the look at the lease before each request.
        wall_ms: milliseconds since 1970 UTC.
    """

    platforms: Mapping[str, Platform]
    http: HttpPool
    memory: Memory
    keyring: Keyring
    may_act: Callable[[str, int], bool]
    wall_ms: Callable[[], int]

    async def check(self, task: Task, request_id: str) -> CheckFinished:
        """Check one account and write down what was found. Cancelling it aborts the platform's request."""
        try:
            found = await self._ask_platform(task)
            return await self._write_down(task, *found, request_id)
        except PlatformError as error:
            return self._finished(task, request_id, error)
        except FieldError as error:
            return self._finished(task, request_id, PlatformError(f"The settings do not fit: {error}"))
        except (LeaseOver, LinkDown, ProtocolError, MemoryTrouble) as error:
            log.info("check.not_done", account=task.account, reason=f"{type(error).__name__}: {error}")
            return CheckFinished(task.account, task.epoch, None, request_id=request_id)
        except Exception:  # a platform's own fault must stop neither the worker nor the other accounts
            log.exception("check.failed", account=task.account, platform=task.platform)
            return self._finished(task, request_id, PlatformError(SAFE_MESSAGE))

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
            session = self._session(platform, probe.settings, credentials, "", lambda: None)
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
        platform = self.platforms.get(task.platform)
        if platform is None:
            raise PlatformError(f"This worker has no platform “{task.platform}”.")
        fields = platform.descriptor.credential_fields
        credentials = await self.keyring.get(task) if fields else {}
        cursor = await self.memory.cursor_of(task)

        def look() -> None:
            if not self.may_act(task.account, task.epoch):
                raise LeaseOver(task.account)

        session = self._session(platform, task.settings, credentials, task.account, look)
        limit = self.http.timeout * REQUESTS
        look()
        try:
            async with asyncio.timeout(limit):
                return await platform.check(session, cursor), cursor is None
        except TimeoutError:
            raise Unreachable(f"The platform did not answer within {limit:g} s.") from None

    def _session(
        self,
        platform: Platform,
        settings: Values,
        credentials: Mapping[str, Secret],
        account: str,
        look: Callable[[], None],
    ) -> Session:
        values = validate_values(platform.descriptor.setting_fields, settings)
        http = self.http.bind(
            allow_private_network=values.get("allow_private_network") is True,
            secrets=credentials.values(),
            may_start=look,
            wall_ms=self.wall_ms,
        )
        return Session(values, credentials, http, self.wall_ms, account)

    async def _write_down(self, task: Task, check: Check, first: bool, request_id: str) -> CheckFinished:
        if check.cursor is not None and len(check.cursor) > MAX_CURSOR:
            raise PlatformError(f"The cursor is longer than {MAX_CURSOR} characters.")
        items = items_of(check.items, task, found_at=self.wall_ms(), request_id=request_id, baseline=first)
        seen_only, kept = baseline.split(items) if first else ([], items)
        new = await self.memory.record(task, kept, seen_only, check.cursor)
        say = log.info if new or request_id == task.check_request else log.debug  # most checks find nothing
        say("check.done", account=task.account, found=len(items), new=new)
        more = check.more and not first  # what a first check leaves behind is the past
        return CheckFinished(
            task.account, task.epoch, "ok", check.retry_after, more, request_id=request_id, quota=check.quota
        )

    def _finished(self, task: Task, request_id: str, error: PlatformError) -> CheckFinished:
        return CheckFinished(
            task.account,
            task.epoch,
            error.outcome,
            error.retry_after,
            request_id=request_id,
            quota=error.quota,
            message=error.message,
        )
