"""A platform that does what the test says: finds, waits, fails."""

import asyncio
from collections.abc import Callable
from typing import ClassVar

from worker.platforms.base import Check, Found, Session
from worker.protocol.descriptor import Descriptor, Field, Text
from worker.protocol.messages import Identity

LABEL = Text(en="Label", zh="标签")


class ScriptedPlatform:
    """Key `scripted`. Each check appends to `asked` and does what `script` says; without one it finds nothing.

    Attributes:
        asked: (account, cursor, revealed credentials) of each check.
        script: gets the session and the cursor; returns what was found or raises.
        hold: while set, checks wait until they are cancelled.
    """

    descriptor: ClassVar[Descriptor] = Descriptor(
        key="scripted",
        name=LABEL,
        kinds=("comment",),
        min_interval=1,
        credential_fields=(Field("token", LABEL, type="secret"),),
        setting_fields=(Field("shelf", LABEL, type="integer", maximum=9),),
    )

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None, dict[str, str]]] = []
        self.script: Callable[[Session, str | None], Check] | None = None
        self.hold = False
        self.aborted = 0

    async def identify(self, session: Session) -> Identity:
        if self.script is not None:
            self.script(session, None)
        token = session.credentials.get("token")
        return Identity(handle=f"@{token.reveal() if token else ''}", display_name="Scripted")

    async def check(self, session: Session, cursor: str | None) -> Check:
        revealed = {name: secret.reveal() for name, secret in session.credentials.items()}
        self.asked.append((session.account, cursor, revealed))
        if self.hold:
            try:
                await asyncio.Event().wait()
            finally:
                self.aborted += 1
        if self.script is None:
            return Check((), cursor)
        return self.script(session, cursor)


def found(*numbers: int) -> tuple[Found, ...]:
    """Comments with these numbers in their ids."""
    return tuple(Found(kind="comment", external_id=f"x-{number}", text=f"text {number}") for number in numbers)
