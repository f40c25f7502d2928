"""From what is stored and a place that holds a key to a vault that opens."""

from dataclasses import replace
from datetime import datetime

from engine.records import DataKey, KeyBox
from engine.vault.errors import VaultError
from engine.vault.sources import SOURCES, Place, SourceName, Sources
from engine.vault.vault import Vault, first_format_id, new_key, unwrap, wrap


def open_vault(box: KeyBox, sources: Sources, now: datetime, *, sealed_exist: bool) -> tuple[Vault, KeyBox, bytes]:
    """The vault, the box to store (the same one unless something is new), and the key-encryption key. Blocking.

    Args:
        sealed_exist: whether the database holds sealed credentials already.

    Raises:
        VaultError: if the key is missing though something was sealed with it, or cannot be used.
    """
    if not box.source:
        if sealed_exist and sources.file.load() is None:
            raise VaultError(sources.lost(box))
        return _begin(sources.choose(), sources, now, sealed_exist=sealed_exist)
    source = known(box.source)
    kek = sources.load(box, lambda kek: all(unwrap(kek, key.id, key.wrapped) is not None for key in box.keys))
    if kek is None:
        if sealed_exist:
            raise VaultError(sources.lost(box))
        return _begin(source, sources, now, sealed_exist=False)
    keys = {key.id: unwrap(kek, key.id, key.wrapped) or b"" for key in box.keys}
    if box.current not in keys:
        raise VaultError("the database has lost its data keys: restore a backup")
    return Vault(keys, box.current), box, kek


def known(source: str) -> SourceName:
    """The name as it is. Raises VaultError for one of a newer version."""
    if source not in SOURCES:
        raise VaultError(f"the key is kept in “{source}”, which this version does not know: install the newer version")
    return source


def wrapped(box: KeyBox, vault: Vault, place: Place, now: datetime) -> KeyBox:
    """The box with every key of the vault wrapped by the key of `place`."""
    made = {key.id: key.created_at for key in box.keys}
    keys = tuple(DataKey(i, wrap(place.kek, i, key), made.get(i, now)) for i, key in vault.keys().items())
    return replace(box, source=place.source, facts=dict(place.facts), keys=keys, current=vault.current)


def _begin(source: SourceName, sources: Sources, now: datetime, *, sealed_exist: bool) -> tuple[Vault, KeyBox, bytes]:
    """The first data key. What the first version sealed, with the file's key itself, stays readable."""
    place = sources.first(source)
    keys = {1: new_key()}
    if sealed_exist:
        keys[first_format_id(place.kek)] = place.kek
    vault = Vault(keys, 1)
    return vault, wrapped(KeyBox(), vault, place, now), place.kek
