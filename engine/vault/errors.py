"""What can go wrong with secrets. No message ever holds one."""


class VaultError(Exception):
    """`str(error)` is a sentence for a person."""
