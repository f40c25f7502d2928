"""Keeps secrets: where the key comes from, and sealing so that a secret opens only where it belongs."""
