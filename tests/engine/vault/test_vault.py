import os

import pytest

from engine.vault.errors import VaultError
from engine.vault.vault import Vault, unwrap, wrap

KEY = bytes(range(32))
SECRET = b"canary-3f9a"


def refused(vault: Vault, account_id: str, kind: str, blob: bytes) -> str:
    with pytest.raises(VaultError) as caught:
        vault.open(account_id, kind, blob)
    assert SECRET.decode() not in str(caught.value)
    return str(caught.value)


def test_opens_only_where_it_belongs():
    vault = Vault({1: KEY}, 1)
    blob = vault.seal("acc_1", "credentials", SECRET)
    assert vault.open("acc_1", "credentials", blob) == SECRET
    assert SECRET not in blob
    refused(vault, "acc_2", "credentials", blob)
    refused(vault, "acc_1", "token", blob)
    refused(vault, "acc_1c", "redentials", blob)


def test_every_flipped_bit_is_seen():
    vault = Vault({1: KEY}, 1)
    blob = vault.seal("acc_1", "credentials", SECRET)
    for at in range(len(blob)):
        refused(vault, "acc_1", "credentials", blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :])


@pytest.mark.parametrize("blob", [b"", b"\x01", b"\x02" + bytes(60), b"\x01" + bytes(31)])
def test_unknown_formats_are_refused(blob):
    assert "format" in refused(Vault({1: KEY}, 1), "acc_1", "credentials", blob)


def test_a_short_cut_blob_is_refused():
    vault = Vault({1: KEY}, 1)
    blob = vault.seal("acc_1", "credentials", SECRET)
    for length in range(len(blob)):
        refused(vault, "acc_1", "credentials", blob[:length])


def test_another_key_is_named_as_such():
    blob = Vault({1: KEY}, 1).seal("acc_1", "credentials", SECRET)
    assert "no longer here" in refused(Vault({2: bytes(32)}, 2), "acc_1", "credentials", blob)


def test_sealing_twice_shows_nothing_in_common():
    vault = Vault({1: KEY}, 1)
    first, second = (vault.seal("acc_1", "credentials", b"") for _ in range(2))
    assert first[5:17] != second[5:17]
    assert vault.open("acc_1", "credentials", first) == b""


def test_a_key_has_32_bytes_and_is_never_shown():
    with pytest.raises(VaultError):
        Vault({1: b"short"}, 1)
    key = os.urandom(32)
    assert key.hex() not in repr(Vault({1: key}, 1))


def test_a_later_key_seals_and_earlier_ones_still_open():
    vault = Vault({1: KEY}, 1)
    old = vault.seal("acc_1", "credentials", SECRET)
    vault.add(2, bytes(reversed(KEY)))
    vault.use(2)
    new = vault.seal("acc_1", "credentials", SECRET)
    assert (old[1:5], new[1:5]) == (b"\0\0\0\1", b"\0\0\0\2")
    assert vault.open("acc_1", "credentials", old) == vault.open("acc_1", "credentials", new) == SECRET
    relabelled = old[:1] + new[1:5] + old[5:]
    refused(vault, "acc_1", "credentials", relabelled)


def test_a_wrapped_key_opens_under_its_id_and_its_key_only():
    blob = wrap(KEY, 1, SECRET.ljust(32))
    assert unwrap(KEY, 1, blob) == SECRET.ljust(32)
    assert SECRET not in blob
    assert unwrap(KEY, 2, blob) is None
    assert unwrap(bytes(32), 1, blob) is None
    for at in range(len(blob)):
        assert unwrap(KEY, 1, blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :]) is None
    assert unwrap(KEY, 1, b"") is None
