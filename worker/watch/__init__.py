"""Decides what is polled when. Pure: `now` and `rng` are arguments, nothing here reads a clock or does I/O."""
