"""A line of the journal in the window's language: what happened, and why."""

from desktop.ui import words
from desktop.ui.language import tr
from desktop.ui.told import sentence
from engine.records import JournalEntry


def what_of(entry: JournalEntry) -> str:
    """What happened, beginning with a capital letter."""
    return sentence(entry.what)


def why_of(entry: JournalEntry) -> str:
    """Why, and what else is known; an empty text if nothing is."""
    more = _more(entry)
    return " · ".join(part for part in (sentence(entry.why), more[:1].upper() + more[1:]) if part)


def everything_of(entry: JournalEntry) -> str:
    """All of it as plain text, to be pasted somewhere."""
    lines = (words.exact(entry.at), what_of(entry), why_of(entry), entry.request_id)
    return "\n".join(part for part in lines if part)


def _more(entry: JournalEntry) -> str:
    details = entry.details
    if fields := details.get("fields"):
        return ", ".join(field_name(name) for name in fields.split(", "))
    if (seconds := details.get("retry_in", "")).isdigit():
        return tr("tried again in {span}", span=words.span(int(seconds)))
    if (number := details.get("items", "")).isdigit():
        return tr("items: {n}", n=f"{int(number):,}")
    if (number := details.get("detections", "")).isdigit():
        return tr("detections: {n}", n=f"{int(number):,}")
    return ""


def field_name(name: str) -> str:
    """What a field of an account is called."""
    names = {
        "display_name": tr("Name"),
        "interval": tr("Interval"),
        "tags": tr("Tags"),
        "pinned_to": tr("Pinned to"),
        "settings": tr("Settings"),
        "credentials": tr("Credentials"),
    }
    return names.get(name, name)
