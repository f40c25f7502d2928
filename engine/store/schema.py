"""The tables as SQLAlchemy Core sees them. What creates them is migrations/; a test keeps the two equal.

Times are integer milliseconds since 1970 UTC. `accounts.key` is the short form of an account's id in other tables.
"""

from typing import get_args

from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, MetaData, Table, Text

from worker.protocol.descriptor import Kind

KINDS: tuple[Kind, ...] = ("comment", "mention", "direct_message", "reaction", "follow", "post")  #: stored as its index
KIND_CODES = {kind: code for code, kind in enumerate(KINDS)}
ALL = 0  #: the row of `counters` that sums up the accounts that are not deleted

assert set(KINDS) == set(get_args(Kind)), "append a new kind to KINDS: the index of the others is on disk"

metadata = MetaData()

accounts = Table(
    "accounts",
    metadata,
    Column("key", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("platform", Text, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("handle", Text, nullable=False),
    Column("settings", Text, nullable=False),
    Column("tags", Text, nullable=False),
    Column("interval", Integer, nullable=False),
    Column("pinned_to", Text),
    Column("status", Text, nullable=False),
    Column("last_error", Text),
    Column("last_check_at", Integer),
    Column("worker_id", Text),
    Column("epoch", Integer, nullable=False),
    Column("cursor", Text),
    Column("revision", Integer, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("deleted_at", Integer),
    Column("watched_at", Integer),
    Column("quarantined", Integer, nullable=False),
)

owners = Table(
    "owners",
    metadata,
    Column("account", Integer, primary_key=True),
    Column("worker_id", Text, primary_key=True),
)

credentials = Table(
    "credentials",
    metadata,
    Column("account", Integer, ForeignKey("accounts.key"), primary_key=True),
    Column("blob", LargeBinary, nullable=False),
    Column("version", Integer, nullable=False),
)

detections = Table(
    "detections",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account", Integer, ForeignKey("accounts.key"), nullable=False),
    Column("kind", Integer, nullable=False),
    Column("read", Integer, nullable=False),
    Column("handled", Integer, nullable=False),
    Column("starred", Integer, nullable=False),
    Column("detected_at", Integer, nullable=False),
    Column("published_at", Integer),
    Column("worker_id", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("thread_id", Text, nullable=False),
    Column("author_id", Text, nullable=False),
    Column("author_name", Text, nullable=False),
    Column("author_handle", Text, nullable=False),
    Column("author_avatar", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("subject", Text, nullable=False),
)

seen = Table(
    "seen",
    metadata,
    Column("account", Integer, primary_key=True),
    Column("kind", Integer, primary_key=True),
    Column("hash", LargeBinary, primary_key=True),
)

counters = Table(
    "counters",
    metadata,
    Column("account", Integer, primary_key=True),
    Column("total", Integer, nullable=False),
    Column("unread", Integer, nullable=False),
)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Integer, nullable=False),
    Column("worker_id", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("item", Text, nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("fingerprint", LargeBinary, nullable=False, unique=True),
)

workers = Table(
    "workers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("draining", Integer, nullable=False),
    Column("revoked", Integer, nullable=False),
    Column("restarts", Integer, nullable=False),
    Column("tags", Text, nullable=False),
    Column("public_key", LargeBinary),
)

join_codes = Table(
    "join_codes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("uses_left", Integer, nullable=False),
    Column("expires_at", Integer, nullable=False),
    Column("created_at", Integer, nullable=False),
)

platforms = Table(
    "platforms",
    metadata,
    Column("key", Text, primary_key=True),
    Column("descriptor", Text, nullable=False),
    Column("local", Integer, nullable=False),
)

journal = Table(
    "journal",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Integer, nullable=False),
    Column("subjects", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("request_id", Text, nullable=False),
    Column("details", Text, nullable=False),
)

journal_subjects = Table(
    "journal_subjects",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("line", Integer, primary_key=True),
)

gaps = Table(
    "gaps",
    metadata,
    Column("account", Integer, primary_key=True),
    Column("since", Integer, primary_key=True),
    Column("until", Integer, nullable=False),
    Column("caught_up", Integer, nullable=False),
    Column("complete", Integer, nullable=False),
    Column("why", Text, nullable=False),
    Column("missed", Text, nullable=False),
    Column("acknowledged", Integer, nullable=False),
)

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("created_at", Integer, nullable=False),
    Column("expires_at", Integer),
    Column("last_used_at", Integer),
    Column("revoked_at", Integer),
    Column("device_id", Text, nullable=False),
    Column("device_name", Text, nullable=False),
)

settings = Table(
    "settings",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

data_keys = Table(
    "data_keys",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", Integer, nullable=False),
)
