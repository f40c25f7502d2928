"""What the engine says of accounts and workers, in the window's language.

The engine speaks English, in logs and REST as well. Its sentences about the fleet are few and known: each is a template
here, found again by its shape; so are those of our workers about platforms. What a platform said stays as it said it.
"""

import re
from functools import cache

from desktop.ui.language import tr
from desktop.ui.told_platforms import PLATFORM_TEMPLATES, template

#: the longer before the shorter that it contains
TEMPLATES = (
    template("no worker is online"),
    template("no worker offers {platform}"),
    template("all workers are full"),
    template("the assignment could not be saved; trying again"),
    template("no worker has the tag “{tag}”"),
    template("no worker with the tag “{tag}” is online"),
    template("no worker with the tag “{tag}” offers {platform}"),
    template("all workers with the tag “{tag}” are full"),
    template("{name} is over its capacity"),
    template("no longer offered"),
    template("its worker does not know of it"),
    template("carries the tags {tags}"),
    template("carries no tags"),
    template("pinned to a worker that no longer exists"),
    template("pinned to “{name}”, which does not offer {platform}"),
    template("pinned to “{name}”, which is full"),
    template("pinned to “{name}”, which is {state}"),
    template("pinned to another worker"),
    template("given to {name} under epoch {epoch}"),
    template("moves to {name}"),
    template("evening out"),
    template("{name} is draining"),
    template("check asked for"),
    template(
        "checking it ended {n} worker processes within {minutes} minutes; "
        "it is not checked any more until you change it, resume it or ask for a check"
    ),
    template("in quarantine"),
    template("out of quarantine"),
    template("an account was to blame"),
    template("unplaced"),
    template("taken from {name}"),
    template("created"),
    template("restored"),
    template("edited"),
    template("paused"),
    template("resumed"),
    template("works again"),
    template("the platform asked to wait"),
    template("the platform refused the credentials"),
    template("the platform could not be reached"),
    template("the platform's answer was not understood"),
    template("the check failed"),
    template("released"),
    template("revoked"),
    template("deleted"),
    template("removed by a user"),
    template("removed; it may act until its last lease has run out"),
    template("its worker was removed; it moves as soon as that can no longer act"),
    template("joined by a code"),
    template(
        "port {port} for remote workers is in use: end the program that holds it, or choose another with --remote-port"
    ),
    template("join code given out"),
    template("join code cancelled"),
    template("remote workers are accepted"),
    template("remote workers are not accepted any more"),
    template("removed"),
    template("restart asked for"),
    template("certainly not running"),
    template("added by a user"),
    template("renamed to {name}"),
    template("it was called {name}"),
    template("may watch {n} accounts"),
    template("before: {n}"),
    template("hands its accounts to other workers"),
    template("may have accounts again"),
    template("a user asked for it"),
    template("started"),
    template("is started again in {seconds} s"),
    template("another process took over"),
    template("it connected later"),
    template("no longer degraded"),
    template("degraded"),
    template("the master stood still for {seconds} s"),
    template("the computer slept or was too busy: every worker gets a full time-out"),
    template("this computer slept or stood still"),
    template("Vedette was not running"),
    template("its worker did not get to it"),
    template("the platform shows only its newest items, and all of them were new"),
    template("there was more than one check can take"),
    template("the platform has numbered everything anew"),
    template("the platform keeps items only for a while"),
    template("not all of it has been caught up yet"),
    template("not watched for {seconds} s; {n} caught up"),
    template("not watched for {seconds} s; {n} caught up, others unknown"),
    template("something may have been missed; {n} caught up, others unknown"),
    template("could not be stored"),
    template("there is no such account"),
    template("the account was never given to this worker"),
    template("its platform has no items of this kind"),
    template("the database does not take it: {why}"),
    template("it does not fit: {why}"),
    template("there are more than are told within a minute: the list of what could not be stored has them"),
    template("the oldest dead letters were dropped"),
    template("there are more items that could not be stored than are kept"),
    template("lines of the journal were lost"),
    template("more of them waited to be written than memory may hold"),
    template("the installation was restored"),
    template("a backup was written"),
    template("the keys were changed"),
    template("from {before} to {after}"),
    template("detections expired"),
    template("the master started"),
    template("the master is closing"),
    template(
        "The key comes from VEDETTE_ENCRYPTION_KEY and is kept nowhere here. Whoever copies the data directory cannot "
        "open credentials; whoever can read where the key is set for this master can."
    ),
    template(
        "The key is in this computer's keychain. Whoever copies the data directory cannot open credentials; a program "
        "that runs as you while you are logged in can ask the keychain for it."
    ),
    template(
        "The key is made from a passphrase and is kept nowhere. Whoever copies the data directory must guess the "
        "passphrase, each guess taking 64 MiB and a third of a second; without it nobody can open credentials."
    ),
    template(
        "The key is in a file beside the database that only you may read. That protects a database copied alone, not "
        "the whole data directory, and not against somebody who can use your account on this computer."
    ),
    template(
        "{what} was given but is not used: the key is kept in another place ({place}); "
        "“vedette-master rotate-key --to {to}” moves it"
    ),
    template("the passphrase"),
    template("online"),
    template("offline"),
    template("ended"),
    template("failed"),
    template("no heartbeat for {seconds} s"),
    template("the connection was lost; it may come back by itself"),
    template("it ended too often; the last time: {how}"),
    template("it ended by itself"),
    template("it was ended by {signal}"),
    template("it ended with code {code}"),
    template("it could not be started: {why}"),
    template("its configuration does not let it run"),
    template("port {port} on {host} is in use: end the program that holds it, or choose another with --port"),
    template("port {port} needs rights that this user lacks: choose one above 1023 with --port"),
    template("{host} is no address of this computer: choose another with --host"),
    template(
        "another master (process {process}) already runs on {folder}: use that one, close it, "
        "or choose another directory with --data-dir"
    ),
    template("the data directory {folder} cannot be used: a file is in its place"),
    template("worker.db cannot be written: {why}"),
    template("the outbox is full ({rows} rows, {size} bytes)"),
)


#: what a template begins with that begins with a name: of a worker, of a host
NAMED = ("{name}", "{who}")


def told(text: str) -> str:
    """The sentence in the window's language; one that is not known stays as it is."""
    for source, pattern in _patterns():
        if (match := pattern.fullmatch(text)) is not None:
            return tr(source, **{name: told(value) for name, value in match.groupdict().items()})
    return text


def sentence(text: str) -> str:
    """The same with a capital letter at the beginning, unless it begins with a name, which stays as it was given."""
    said = told(text)
    named = any(source.startswith(NAMED) and pattern.fullmatch(text) for source, pattern in _patterns())
    return said if named else said[:1].upper() + said[1:]


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((source, re.compile(_shape(source), re.DOTALL)) for source in (*TEMPLATES, *PLATFORM_TEMPLATES))


def _shape(source: str) -> str:
    parts = re.split(r"\{(\w+)\}", source)
    return "".join(re.escape(part) if n % 2 == 0 else f"(?P<{part}>.+?)" for n, part in enumerate(parts))
