"""What is in the master's database once it has closed."""

import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path


class Stored:
    """Reads one database.

    Attributes:
        items: (account, text) → how often it is stored.
        dead: items that the master could not take.
    """

    def __init__(self, file: Path) -> None:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
            rows = db.execute("SELECT a.id, d.text FROM detections d JOIN accounts a ON a.key = d.account")
            self.items = Counter((str(account), str(text)) for account, text in rows)
            (self.dead,) = db.execute("SELECT count(*) FROM dead_letters").fetchone()
            (self.verdict,) = db.execute("PRAGMA quick_check").fetchone()

    def compare(self, posted: Mapping[str, list[str]]) -> list[str]:
        """Violations of “every posted item exactly once”; `posted` is by account."""
        wanted = {(account, text) for account, texts in posted.items() for text in texts}
        missing = sorted(wanted - set(self.items))
        doubled = sorted(item for item, count in self.items.items() if count > 1)
        bad = [f"{len(missing)} items are missing: {missing[:5]}"] if missing else []
        bad += [f"{len(doubled)} items are stored twice: {doubled[:5]}"] if doubled else []
        bad += [f"{self.dead} dead letters"] if self.dead else []
        return bad + ([f"the database is damaged: {self.verdict}"] if self.verdict != "ok" else [])
