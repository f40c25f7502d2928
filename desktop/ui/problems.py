"""An error as the window tells it: what happened, what it means, what to do."""

from dataclasses import dataclass

from desktop.ui.language import sentences, tr
from desktop.ui.told import sentence
from engine.api.errors import ApiError


@dataclass(frozen=True, slots=True)
class Problem:
    """`title` says what happened, `meaning` what it means, `advice` what to do."""

    title: str
    meaning: str
    advice: str

    @property
    def text(self) -> str:
        """All of it in one paragraph."""
        return sentences(self.title, self.meaning, self.advice)


def problem_of(error: Exception, request_id: str = "") -> Problem:
    """Words for any error that an action may end with."""
    if not isinstance(error, ApiError):
        return Problem(
            tr("That did not work."),
            tr("Something went wrong inside Vedette; nothing was changed."),
            tr("Try again. If it stays, look for {id} in the log.", id=request_id) if request_id else tr("Try again."),
        )
    title, advice = _words(error)
    return Problem(title, as_sentence(error.message), advice)


def as_sentence(message: str) -> str:
    """The engine writes for logs: without a capital, and mostly without a full stop."""
    said = sentence(message)
    return said + ("." if said[-1:].isascii() and said[-1:].isalnum() else "")


def _words(error: ApiError) -> tuple[str, str]:
    known = {
        "private_address": (
            tr("This address is private."),
            tr("If the server is your own, tick “Allow private addresses” and test again."),
        ),
        "refused": (
            tr("The platform does not accept these credentials."),
            tr("Check them for typing errors, or make new ones on the platform."),
        ),
        "unreachable": (
            tr("The server cannot be reached."),
            tr("Check the address and your connection, then test again."),
        ),
        "rate_limited": (tr("The platform asks us to slow down."), tr("Wait a few minutes, then test again.")),
        "changed": (
            tr("The answer is not what this platform documents."),
            tr("Check that the address is the right kind of server."),
        ),
        "stale_revision": (tr("Somebody changed this meanwhile."), tr("Open it again and repeat your change.")),
        "unplaced": (
            tr("No worker watches this account yet."),
            tr("It is checked as soon as a worker takes it."),
        ),
        "key_refused": (
            tr("The key could not be changed."),
            tr("The one before stays in use. Mend that, then try again."),
        ),
        "backup_failed": (
            tr("The backup could not be written."),
            tr("No file is left behind. Mend that, then try again."),
        ),
        "paused": (tr("The account is paused."), tr("Resume it first.")),
        "too_many_workers": (tr("This computer runs as many workers as it may."), tr("Remove one first.")),
        "not_accepting": (tr("Workers from other machines are not accepted."), tr("Switch that on first.")),
        "no_address": (tr("No other machine could reach this computer."), tr("Connect it to a network.")),
        "fixed": (tr("This was set when Vedette was started."), ""),
        "not_found": (tr("It is not there any more."), ""),
        "unavailable": (tr("Not right now."), tr("Try again when a worker is online.")),
        "error": (tr("The test failed."), tr("Check what you entered, then test again.")),
    }
    return known.get(error.code, (tr("That cannot be done."), ""))
