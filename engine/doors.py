"""Lines of the journal for what happens at the doors: who was turned away, and every change of rights."""

from collections.abc import Callable

from engine.bus import Bus
from engine.events import DoorRefused, RightsChanged
from engine.journal import Note
from engine.records import MASTER

WHY = {
    "unauthorized": "the token is missing or wrong",
    "too_many_attempts": "too many wrong tokens came from this address",
    "unknown_worker": "no worker with this id has joined",
    "bad_signature": "the signature does not fit the worker's key",
    "revoked": "the worker was removed from the master",
    "join_code_wrong": "the master does not know the join code",
    "join_code_used": "the join code was used already",
    "join_code_expired": "the join code has expired",
    "scope": "the token's scope does not allow this",
    "token_in_url": "a token stood in the address",
    "token_ended": "the token was revoked or has expired",
    "wrong_host": "the request named another host",
    "foreign_origin": "the request came from another site",
    "no_http": "what it sent was no HTTP request",
    "websocket_only": "the address of Socket.IO was asked for something else",
    "not_found": "it asked for what is not served at this door",
    "crowded": "too many connections had not yet shown a token",
    "too_slow": "a connection did not show a token in time",
    "flood": "it sent too much at once",
    "second_batch": "it sent a batch while the one before was not answered",
    "malformed": "three packets or messages made no sense",
    "too_large": "a frame was too large",
    "forged_event": "it forged an event of the library's own",
    "second_connect": "it tried to prove itself twice over one socket",
    "reads_too_slowly": "it did not read what was sent to it",
}


def keep_journal(bus: Bus, note: Note) -> Callable[[], None]:
    """Write both kinds of lines from now on; returns the way out."""

    def rights(event: RightsChanged) -> None:
        details = {**event.details, "by": event.by}
        note(event.what, event.subject, MASTER, request_id=event.request_id, details=details)

    def refused(event: DoorRefused) -> None:
        details = {"kind": event.kind, "times": str(event.count)}
        if event.address:
            details["address"] = event.address
        why = WHY.get(event.kind, event.kind)
        note("turned away at the door", MASTER, why=why, request_id=event.request_id, details=details)

    ways_out = [bus.subscribe(RightsChanged, rights), bus.subscribe(DoorRefused, refused)]

    def leave() -> None:
        for way_out in ways_out:
            way_out()

    return leave
