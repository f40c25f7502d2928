"""A backup of the master that runs in this process, with the keys that it holds: nobody is asked for them again."""

from pathlib import Path

from engine.commands.backup import Reporter, write_backup
from engine.commands.failing import stops
from engine.config import Options
from engine.store.copying import keys_of_copy
from engine.vault.errors import VaultError
from engine.vault.keeper import KeyKeeper
from worker.process.secret import Secret


class LiveBackup:
    """Satisfies `engine.api.backups.Writer`."""

    def __init__(self, options: Options, keeper: KeyKeeper) -> None:
        self._options = options
        self._keeper = keeper

    def __call__(self, file: Path, passphrase: Secret, report: Reporter) -> None:
        """Write it. Blocking. Raises Stop with a sentence for a person."""
        with stops(self._options):
            write_backup(self._options, file, passphrase, lambda: self._keys, report)

    def _keys(self, copy: Path) -> tuple[dict[int, bytes], int]:
        box, _sealed = keys_of_copy(copy)
        held = self._keeper.vault.keys()
        if any(key.id not in held for key in box.keys):  # a rotation has saved its key and not taken it into use yet
            raise VaultError("the keys were changed while they were copied: try again")
        return {key.id: held[key.id] for key in box.keys}, box.current
