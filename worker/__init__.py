"""The headless watcher: polls the accounts that the master gave it and reports what it finds."""

__version__ = "0.1.0"
