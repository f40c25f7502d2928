"""How a process ended, as a sentence."""

import signal

from worker.process.exit_codes import Exit

MEANING = {
    Exit.ASKED: "it ended by itself",
    Exit.USAGE: "it did not understand its arguments",
    Exit.UNAVAILABLE: "something that it needs is in use",
    Exit.PARENT_GONE: "it thought that the master was gone",
    Exit.TEMPORARY: "something was temporarily in its way",
    Exit.CONFIG: "its configuration does not let it run",
}


def sentence(code: int | None, last_words: str) -> str:
    """What an exit code means; `last_words` is the last line of its stderr."""
    if code is None:
        return f"it could not be started: {last_words}"
    if code < 0:
        return f"it was ended by {_signal_name(-code)}"
    meaning = MEANING.get(Exit(code)) if code in list(Exit) else f"it ended with code {code}"
    return f"{meaning}: {last_words}" if last_words and code != Exit.ASKED else str(meaning)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
