"""Keychains as systems have them: one that works, and ones that do not."""

import threading

from engine.vault.keychain import Keychain


class WorkingKeychain:
    """Keeps entries; raises for deleting one that is not there, as keyring does."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


class DeafKeychain(WorkingKeychain):
    """Waits for an answer of its user until `released`."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()

    def set_password(self, service: str, username: str, password: str) -> None:
        self.released.wait(30)

    def get_password(self, service: str, username: str) -> str | None:
        self.released.wait(30)
        return None


class ForgetfulKeychain(WorkingKeychain):
    """Takes everything and keeps nothing."""

    def set_password(self, service: str, username: str, password: str) -> None:
        return

    def delete_password(self, service: str, username: str) -> None:
        return


class LockedKeychain(WorkingKeychain):
    """Refuses, with what it was given in its message."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise PermissionError(f"locked: {password}")

    def get_password(self, service: str, username: str) -> str | None:
        raise PermissionError("locked")


def keychain(backend: WorkingKeychain | None = None, **limits: float) -> Keychain:
    """Ours over one of these; without one, a system that has none."""
    return Keychain(lambda: backend, **limits)
