"""TLS under a connection that was counted before its handshake: asyncio tells a server only of those that finish it."""

import asyncio
import ssl
from asyncio.sslproto import SSLProtocol

from engine.gateway.admission import Admission
from engine.gateway.runner import GuardedProtocol

HANDSHAKE = 10  #: seconds that a peer gets for TLS
FAREWELL = 1  #: seconds that a peer gets to say goodbye in TLS


class TlsEntrance(SSLProtocol):
    """What `create_server(ssl=…)` makes of a connection, and in `admission` from its first packet on."""

    def __init__(self, inner: GuardedProtocol, context: ssl.SSLContext, admission: Admission) -> None:
        super().__init__(
            asyncio.get_running_loop(),
            inner,
            context,
            None,  # type: ignore[arg-type]  # nobody waits for the end of the handshake
            server_side=True,
            ssl_handshake_timeout=HANDSHAKE,
            ssl_shutdown_timeout=FAREWELL,
        )
        self._inner = inner
        self._admission = admission

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count it; the handshake begins."""
        self._inner.expect(transport)
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """It counts no longer, whether it got through the handshake or not."""
        self._admission.leave(self._inner.visit)
        super().connection_lost(exc)
