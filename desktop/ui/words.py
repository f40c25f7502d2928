"""What things are called in the window, and how moments and sizes are written."""

from datetime import UTC, datetime

from desktop.ui.language import tr, trn
from worker.protocol.descriptor import Text

UNKNOWN = "–"  #: what nobody knows, or what is not


def kind_name(kind: str) -> str:
    """One detection's kind, e.g. “Direct message”."""
    names = {
        "comment": tr("Comment"),
        "mention": tr("Mention"),
        "direct_message": tr("Direct message"),
        "reaction": tr("Reaction"),
        "follow": tr("Follow"),
        "post": tr("Post"),
    }
    return names.get(kind, kind)


def status_name(status: str) -> str:
    """State of a worker or status of an account."""
    names = {
        "starting": tr("Starting"),
        "online": tr("Online"),
        "degraded": tr("Degraded"),
        "offline": tr("Offline"),
        "draining": tr("Draining"),
        "failed": tr("Failed"),
        "revoked": tr("Revoked"),
        "active": tr("Active"),
        "waiting": tr("Waiting"),
        "paused": tr("Paused"),
        "failing": tr("Failing"),
        "reauthenticate": tr("Sign in again"),
    }
    return names.get(status, status)


def spoken(text: Text, language: str) -> str:
    """A descriptor's text in the window's language."""
    return text.zh if language == "zh" else text.en


def now() -> datetime:
    """The moment it is, in UTC."""
    return datetime.now(UTC)


def ago(seconds: float) -> str:
    """How long ago, short: “just now”, “2 min”, “3 h”, “5 d”."""
    if seconds < 60:
        return tr("just now")
    if seconds < 3600:
        return tr("{n} min", n=int(seconds // 60))
    if seconds < 86400:
        return tr("{n} h", n=int(seconds // 3600))
    return tr("{n} d", n=int(seconds // 86400))


def span(seconds: float) -> str:
    """How long, exact enough to read: “0.8 s”, “12 s”, “3 min 34 s”, “2 h 5 min”, “3 d”."""
    if seconds < 9.95:
        return tr("{n} s", n=f"{max(seconds, 0):.1f}")
    if seconds < 60:
        return tr("{n} s", n=int(seconds))
    if seconds < 3600:
        return tr("{m} min {s} s", m=int(seconds // 60), s=int(seconds % 60))
    if seconds < 86400:
        return tr("{h} h {m} min", h=int(seconds // 3600), m=int(seconds % 3600 // 60))
    return trn("{n} day", "{n} days", int(seconds // 86400))


def until(moment: datetime | None, at: datetime) -> str:
    """When it comes: “in 12 s”, “now”, or a dash where nobody knows."""
    if moment is None:
        return UNKNOWN
    seconds = (moment - at).total_seconds()
    if seconds < 1:
        return tr("now")
    if seconds < 60:
        return tr("in {n} s", n=int(seconds))
    return tr("in {m} min {s} s", m=int(seconds // 60), s=int(seconds % 60))


def every(seconds: int) -> str:
    """An interval: “30 s”, “5 min”, “1 h”."""
    if seconds % 3600 == 0:
        return tr("{n} h", n=seconds // 3600)
    if seconds % 60 == 0:
        return tr("{n} min", n=seconds // 60)
    return tr("{n} s", n=seconds)


def clock(moment: datetime, at: datetime) -> str:
    """A local time; with the date where it is not today's."""
    local, today = moment.astimezone(), at.astimezone()
    if local.date() == today.date():
        return f"{local:%H:%M}"
    if local.year == today.year:
        return f"{local:%m-%d %H:%M}"
    return f"{local:%Y-%m-%d %H:%M}"


def exact(moment: datetime | None) -> str:
    """A local moment to the second, or a dash."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}" if moment else UNKNOWN


def megabytes(size: int | None) -> str:
    """Memory: “48 MB”, “1.2 GB”, or a dash."""
    if size is None:
        return UNKNOWN
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{round(size / 1e6)} MB"


def initial(name: str) -> str:
    """The letter in an avatar: the name's first letter or digit, upper case."""
    return next((letter.upper() for letter in name if letter.isalnum()), "?")


def one_line(text: str) -> str:
    """The beginning of a text as one line, for a row of the feed."""
    return " ".join(text[:400].split())
