"""Credentials of the accounts that are watched: in memory only, pulled from the master, dropped with the lease."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

import structlog

from worker.platforms.base import Refused
from worker.process.secret import Secret
from worker.protocol.errors import Code, ProtocolError
from worker.protocol.messages import Credentials, CredentialsGiven, Task

log = structlog.get_logger("keyring")

Ask = Callable[[Credentials], Awaitable[CredentialsGiven]]
Secrets = Mapping[str, Secret]


@dataclass(frozen=True, slots=True)
class _Held:
    """One account's credentials, as of this epoch and version; `owed` while the master does not have them yet."""

    epoch: int
    version: int
    secrets: Secrets
    owed: bool = False


class Keyring:
    """Pulls an account's credentials when a check first needs them and keeps them for the epoch they were given for."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._held: dict[str, _Held] = {}
        self._drops = 0

    async def get(self, task: Task) -> Secrets:
        """The credentials by field name.

        Raises:
            Refused: if the master has some but cannot open them; only the user can help.
            whatever else `ask` raises; nothing is kept then.
        """
        held = self._held.get(task.account)
        if held is not None and held.epoch == task.epoch:
            return held.secrets if not held.owed or await self._hand_back(task.account, held) else await self.get(task)
        drops = self._drops
        try:
            given = await self._ask(Credentials(account=task.account, epoch=task.epoch))
        except ProtocolError as error:
            raise (Refused(error.message) if error.code is Code.REFUSED else error) from None
        secrets = {name: Secret(value) for name, value in given.credentials.items()}
        if drops == self._drops:  # else they may have been changed or the lease may have ended meanwhile
            self._held[task.account] = _Held(task.epoch, given.version, secrets)
        return secrets

    async def renew(self, task: Task, fresh: Secrets) -> None:
        """Keep credentials that the platform replaced (a rotated token), all of them, and hand them back.

        The old ones are void: while the master cannot be reached, these are kept and handed back before the next check.
        Credentials that a user gave meanwhile count more: then these are dropped.

        Raises:
            ProtocolError: if the account is no longer ours.
        """
        held = self._held.get(task.account)
        if held is None or held.epoch != task.epoch:
            return  # the lease has ended meanwhile: nothing may be done with them
        held = self._held[task.account] = replace(held, secrets=dict(fresh), owed=True)
        try:
            await self._hand_back(task.account, held)
        except ProtocolError:
            raise
        except Exception as error:  # no connection, no answer: whatever the way to the master raises
            log.warning("credentials.owed", account=task.account, why=type(error).__name__)

    async def _hand_back(self, account: str, held: _Held) -> bool:
        """Whether they count now; else a user's newer ones do, and have to be asked for."""
        texts = {name: secret.reveal() for name, secret in held.secrets.items()}
        try:
            given = await self._ask(Credentials(account, held.epoch, texts, held.version))
        except ProtocolError as error:
            if error.code is not Code.STALE_REVISION:
                raise
            self._held.pop(account, None)
            return False
        if self._held.get(account) is held:
            self._held[account] = replace(held, version=given.version, owed=False)
        return True

    def drop(self, account: str | None) -> None:
        """Forget those of one account, None: of all."""
        self._drops += 1
        if account is None:
            self._held.clear()
        else:
            self._held.pop(account, None)

    def __len__(self) -> int:
        return len(self._held)
