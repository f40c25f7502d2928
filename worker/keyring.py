"""Credentials of the accounts that are watched: in memory only, pulled from the master, dropped with the lease."""

from collections.abc import Awaitable, Callable, Mapping

from worker.platforms.base import Refused
from worker.process.secret import Secret
from worker.protocol.errors import Code, ProtocolError
from worker.protocol.messages import Credentials, CredentialsGiven, Task

Ask = Callable[[Credentials], Awaitable[CredentialsGiven]]


class Keyring:
    """Pulls an account's credentials when a check first needs them and keeps them for the epoch they were given for."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._held: dict[str, tuple[int, Mapping[str, Secret]]] = {}
        self._drops = 0

    async def get(self, task: Task) -> Mapping[str, Secret]:
        """The credentials by field name.

        Raises:
            Refused: if the master has some but cannot open them; only the user can help.
            whatever else `ask` raises; nothing is kept then.
        """
        epoch, held = self._held.get(task.account, (-1, {}))
        if epoch == task.epoch:
            return held
        drops = self._drops
        try:
            given = await self._ask(Credentials(account=task.account, epoch=task.epoch))
        except ProtocolError as error:
            raise (Refused(error.message) if error.code is Code.REFUSED else error) from None
        secrets = {name: Secret(value) for name, value in given.credentials.items()}
        if drops == self._drops:  # else they may have been changed or the lease may have ended meanwhile
            self._held[task.account] = (task.epoch, secrets)
        return secrets

    def drop(self, account: str | None) -> None:
        """Forget those of one account, None: of all."""
        self._drops += 1
        if account is None:
            self._held.clear()
        else:
            self._held.pop(account, None)

    def __len__(self) -> int:
        return len(self._held)
