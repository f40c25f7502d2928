"""The contract between a platform and the agent that runs it."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, cast

from worker.process.secret import Secret
from worker.protocol.descriptor import Descriptor, Kind
from worker.protocol.errors import Code
from worker.protocol.messages import Author, Identity, Outcome, Quota

if TYPE_CHECKING:
    from worker.platforms.http import Http
    from worker.platforms.tcp import Tcp

Setting = str | int | float | bool | None
#: why items may have been missed: the platform shows only so many and all were new · they went beyond what one check
#: takes, and the rest cannot be asked for later · what the cursor said no longer holds · it keeps them only for a while
Missed = Literal["overrun", "page_cap", "reset", "retention"]


class PlatformError(Exception):
    """A check or probe that failed, in the platform's own words but never with a secret in them.

    Attributes:
        outcome: what the account's state becomes.
        code: the code that a probe answers with.
        message: a sentence for the user: what happened and what to do.
        retry_after: seconds that the platform asked us to wait, if it said so.
    """

    outcome: ClassVar[Outcome] = "error"
    code: ClassVar[Code] = Code.ERROR

    def __init__(self, message: str, *, retry_after: float | None = None, quota: Quota | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.retry_after = retry_after
        self.quota = quota


class Refused(PlatformError):
    """The platform does not take these credentials: only the user can help."""

    outcome, code = "refused", Code.REFUSED


class RateLimited(PlatformError):
    """Too many requests; `retry_after` says when again."""

    outcome, code = "rate_limited", Code.RATE_LIMITED


class Unreachable(PlatformError):
    """No answer, or a server error: it may pass by itself."""

    outcome, code = "unreachable", Code.UNREACHABLE


class Changed(PlatformError):
    """An answer that is not what the platform documents."""

    outcome, code = "changed", Code.CHANGED


class PrivateAddress(PlatformError):
    """The address is private and the account does not allow that (`allow_private_network`)."""

    outcome, code = "unreachable", Code.PRIVATE_ADDRESS


@dataclass(frozen=True, slots=True)
class Found:
    """One item as the platform has it. `external_id` must be the same whichever worker finds it.

    Attributes:
        published_at: milliseconds since 1970 UTC, None where the platform does not say.
    """

    kind: Kind
    external_id: str
    text: str = ""
    subject: str = ""
    url: str = ""
    thread_id: str = ""
    author: Author = field(default_factory=Author)
    published_at: int | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """What one check found.

    Attributes:
        items: oldest first.
        cursor: where the next check starts; an opaque, versioned JSON string. None keeps the old one.
        retry_after: seconds before which the platform wants no further check, None where it did not say.
        more: true if the platform has more right now; the agent checks again at once.
        missed: why items since `cursor` may exist that no check will ever find; None where none can. `overrun`: a list
            of the newest of which none was known; `page_cap`: there was more than is asked for in one check;
            `reset`: the cursor means nothing any more; `retention`: the platform keeps items only for a while.
    """

    items: tuple[Found, ...]
    cursor: str | None
    retry_after: float | None = None
    quota: Quota | None = None
    more: bool = False
    missed: Missed | None = None


def _at_once() -> float:
    """What a request may be held open for outside a listen: not at all."""
    return 0.0


async def _nowhere(_fresh: Mapping[str, Secret]) -> None:
    """A probe's credentials are kept by nobody."""


@dataclass(frozen=True, slots=True)
class Session:
    """What a platform may use during one check or listen.

    Attributes:
        settings: the account's settings, validated against the descriptor, defaults filled in.
        credentials: the account's credentials; absent ones are missing.
        http: the one HTTP client; it already knows whether this account may reach private addresses.
        tcp: the same for protocols that are not HTTP.
        wall_ms: milliseconds since 1970 UTC.
        account: the account's id, an empty string in a probe.
        standing: seconds, as of now, that a listen may ask the server to hold a request open (ownership.md, W2).
        renew: hands back all credentials after the platform replaced one (a rotated token); the old ones are void.
        worker, epoch: who checks, and under which fencing number of the account: a server that is told both can refuse
            an owner of the past, and a trace can show who asked. Empty and 0 in a probe.
    """

    settings: Mapping[str, Setting]
    credentials: Mapping[str, Secret]
    http: "Http"
    tcp: "Tcp"
    wall_ms: Callable[[], int]
    account: str = ""
    standing: Callable[[], float] = _at_once
    worker: str = ""
    epoch: int = 0
    renew: Callable[[Mapping[str, Secret]], Awaitable[None]] = _nowhere


class Platform(Protocol):
    """One platform. It keeps no state of its own: all state is the cursor."""

    descriptor: ClassVar[Descriptor]

    async def identify(self, session: Session) -> Identity:
        """Whose credentials these are.

        Raises:
            PlatformError: Refused, Unreachable, RateLimited, Changed or PrivateAddress.
        """
        ...

    async def check(self, session: Session, cursor: str | None) -> Check:
        """Items since `cursor`; None is the first check ever.

        Raises:
            PlatformError: see identify.
        """
        ...


class StreamPlatform(Platform, Protocol):
    """A platform whose server says by itself that there is something new. Its descriptor's mode is `stream`."""

    def listen(self, session: Session, cursor: str | None) -> AsyncGenerator[Check, None]:
        """Items since `cursor`, as they appear.

        Gives a first Check, maybe an empty one, as soon as it listens, and then one whenever there is something new;
        each is written down before the next is asked for. It goes on until it is closed: an end of its own means that
        this server cannot do it, so that polling must do. Polling goes on meanwhile; items that both find count once.

        Raises:
            PlatformError: see identify; it is called again after a while.
        """
        ...


def stream_of(platform: Platform | None) -> StreamPlatform | None:
    """The same platform if it can listen, else None."""
    if platform is None or platform.descriptor.mode != "stream" or not hasattr(platform, "listen"):
        return None
    return cast(StreamPlatform, platform)
