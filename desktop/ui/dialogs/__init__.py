"""Dialogs; always `open()` and `finished`, never `exec()`, which would stop the engine."""
