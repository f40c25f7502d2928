"""The room behind the three doors: every subject in one record."""

from dataclasses import dataclass

from engine.api.accounts import Accounts
from engine.api.backups import Backups
from engine.api.dead_letters import DeadLetters
from engine.api.detections import Detections
from engine.api.gaps import Gaps
from engine.api.journal import Journal
from engine.api.keys import Keys
from engine.api.platforms import Platforms
from engine.api.remote import Remote
from engine.api.retention import Retention
from engine.api.status import Status
from engine.api.tokens import ApiTokens
from engine.api.workers import Workers
from engine.bus import Bus


@dataclass(frozen=True, slots=True)
class Api:
    """What a front end gets; `bus` tells it when to look again."""

    accounts: Accounts
    dead_letters: DeadLetters
    detections: Detections
    gaps: Gaps
    journal: Journal
    platforms: Platforms
    status: Status
    tokens: ApiTokens
    workers: Workers
    keys: Keys
    remote: Remote
    backups: Backups
    retention: Retention
    bus: Bus
