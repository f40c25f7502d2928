"""aiohttp's server with quiet logs and whole answers for what is no HTTP: such bytes never become a request of ours."""

import asyncio
import logging
from typing import TYPE_CHECKING, Any, cast

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong

from engine.gateway.admission import Admission, Visit
from engine.gateway.rest.respond import failure
from worker.process import logs

LONG = "the address or a header of the request is too long"

if TYPE_CHECKING:
    _Adapter = logging.LoggerAdapter[logging.Logger]
else:
    _Adapter = logging.LoggerAdapter


class ServerLog(_Adapter):
    """aiohttp logs a traceback for bytes that are no HTTP, or not gzip as they claim: a peer could fill the log."""

    def exception(self, msg: object, *args: object, exc_info: Any = True, **options: Any) -> None:
        if not isinstance(exc_info, HttpProcessingError | web.RequestPayloadError):
            super().exception(msg, *args, exc_info=exc_info, **options)


class GuardedRunner(web.AppRunner):
    """An AppRunner that counts strangers, and whose own refusals come in the envelope like all other answers."""

    def __init__(self, app: web.Application, admission: Admission, **options: Any) -> None:
        super().__init__(app, **options)
        self._admission = admission

    @property
    def admission(self) -> Admission:
        """Where strangers are counted."""
        return self._admission

    async def _make_server(self) -> web.Server:
        server: Any = await super()._make_server()
        return _Server(
            self._admission,
            server.request_handler,
            request_factory=server.request_factory,
            handler_cancellation=server.handler_cancellation,
            **server._kwargs,
        )


class _Server(web.Server):
    def __init__(self, admission: Admission, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._admission = admission

    def __call__(self) -> web.RequestHandler:
        return GuardedProtocol(self._admission, self, loop=self._loop, **self._kwargs)


class GuardedProtocol(web.RequestHandler):
    """One TCP connection; `visit` is how the doors know it."""

    __slots__ = ("_admission", "_expected", "visit")

    def __init__(self, admission: Admission, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._admission = admission
        self._expected = False
        self.visit: Visit

    def expect(self, transport: asyncio.BaseTransport) -> None:
        """It is counted before its first byte is read; under TLS before there are any bytes for us."""
        self._expected = True
        self.visit = self._admission.enter(cast(asyncio.Transport, transport))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """From here on HTTP is spoken."""
        if self._expected:
            self.visit.transport = cast(asyncio.Transport, transport)
        else:
            self.expect(transport)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """It counts no longer. Nor does a task stay that throws away the rest of a body which will never come."""
        self._admission.leave(self.visit)
        task, idle = self._task_handler, self._current_request is None
        super().connection_lost(exc)
        if idle and task is not None:
            task.cancel()

    def handle_error(
        self, request: Any, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """What could not be read is answered and the connection closed; a fault of ours is logged by aiohttp."""
        if status >= 500 or request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        self._admission.note(self.visit.address, "no_http")
        long = isinstance(exc, LineTooLong)
        answer = failure(status, "bad_request", LONG if long else "this is no HTTP request that can be read")
        answer.headers["X-Request-ID"] = logs.new_request_id()
        answer.force_close()
        return answer
