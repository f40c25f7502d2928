"""Everything the master remembers, in one SQLite file. Frozen dataclasses go in and out, never rows."""
