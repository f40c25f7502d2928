"""The key-encryption key in the system's keychain, through `keyring`.

A keychain may ask its user something, or wait for a service that is not there: everything is done on a thread of its
own, for a limited time, so that a master without a screen never hangs on it.
"""

import base64
import importlib
import secrets
import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

import structlog

from engine.vault.errors import VaultError
from engine.vault.key_file import decoded

log = structlog.get_logger("vault")
T = TypeVar("T")

SERVICE = "Vedette"
TRY_WITHIN = 5.0  #: seconds that a first look may take: without a keychain there is another place
READ_WITHIN = 30.0  #: seconds for its user to unlock one that holds our key


class Backend(Protocol):
    """What of a keyring backend is needed; any of these may raise anything."""

    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


class NoAnswer(Exception):
    """It did not answer in time."""


def system_backend() -> Backend | None:
    """The keychain of this system; None if there is none, or only a file in clear text. Blocking."""
    try:
        backend = importlib.import_module("keyring").get_keyring()
        # keyrings.alt and the like keep clear text in a file: our own file says honestly what it protects
        genuine = type(backend).__module__.startswith("keyring.backends.") and backend.priority >= 1
    except Exception:  # whatever a third party's plug-in does: then there is no keychain
        return None
    return backend if genuine else None


class Keychain:
    """Keeps keys under entries of the service “Vedette”.

    Args:
        find: finds the backend; called on the thread, since even that may block.
    """

    def __init__(
        self,
        find: Callable[[], Backend | None] = system_backend,
        *,
        try_within: float = TRY_WITHIN,
        read_within: float = READ_WITHIN,
    ) -> None:
        self._find = find
        self._try_within = try_within
        self._read_within = read_within

    def works(self) -> bool:
        """Whether something written comes back and can be deleted. Blocking, at most `try_within`."""

        def round_trip() -> bool:
            backend = self._find()
            if backend is None:
                return False
            entry, value = "trial-" + secrets.token_hex(4), secrets.token_hex(16)
            backend.set_password(SERVICE, entry, value)
            same = backend.get_password(SERVICE, entry) == value
            backend.delete_password(SERVICE, entry)
            return same and backend.get_password(SERVICE, entry) is None

        try:
            return _in_time(round_trip, self._try_within)
        except Exception as error:  # a locked, denied or half-installed keychain: there is another place
            log.info("keychain.not_usable", why=type(error).__name__)
            return False

    def load(self, entry: str) -> bytes | None:
        """The key under an entry, None if there is none. Raises VaultError. Blocking, at most `read_within`."""

        def read() -> str | None:
            backend = self._find()
            if backend is None:
                raise VaultError(
                    "the key is in the keychain of this computer's user, but no keychain can be reached here: "
                    "start Vedette in that user's session, or restore a backup"
                )
            return backend.get_password(SERVICE, entry)

        text = self._asked(read)
        key = None if text is None else decoded(text.encode())
        if text is not None and key is None:
            raise VaultError(
                f"the entry “{entry}” of “{SERVICE}” in the keychain does not hold a key: restore a backup"
            )
        return key

    def create(self, key: bytes) -> str:
        """Keep a key under a new entry and read it back; returns the entry. Raises VaultError. Blocking."""
        entry = "key-" + secrets.token_hex(4)

        def write() -> bool:
            backend = self._find()
            if backend is None:
                raise VaultError("no keychain can be reached here")
            text = base64.b64encode(key).decode()
            backend.set_password(SERVICE, entry, text)
            return backend.get_password(SERVICE, entry) == text

        if not self._asked(write):
            raise VaultError("the keychain does not give back what it was given: choose another place for the key")
        return entry

    def delete(self, entry: str) -> None:
        """Forget a key that nothing is wrapped with any more; one that stays does no harm. Blocking."""

        def remove() -> None:
            backend = self._find()
            if backend is not None:
                backend.delete_password(SERVICE, entry)

        try:
            _in_time(remove, self._read_within)
        except Exception as error:
            log.info("keychain.entry_stays", entry=entry, why=type(error).__name__)

    def _asked(self, work: Callable[[], T]) -> T:
        try:
            return _in_time(work, self._read_within)
        except VaultError:
            raise
        except NoAnswer:
            raise VaultError(
                f"the keychain did not answer within {self._read_within:g} s: unlock it and start again"
            ) from None
        except Exception as error:  # from a third party's plug-in; its words may hold anything
            raise VaultError(f"the keychain refused ({type(error).__name__}): unlock it and start again") from None


def _in_time(work: Callable[[], T], seconds: float) -> T:
    """Run it on a thread that is left to itself if it does not come back. Raises NoAnswer, and what it raised."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # whatever it is, whoever waits must hear of it
            errors.append(error)

    thread = threading.Thread(target=run, name="vedette-keychain", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise NoAnswer
    return results[0]
