import os

import pytest

from engine.vault.errors import VaultError
from engine.vault.vault import Vault

KEY = bytes(range(32))
SECRET = b"canary-3f9a"


def refused(vault: Vault, account_id: str, kind: str, blob: bytes) -> str:
    with pytest.raises(VaultError) as caught:
        vault.open(account_id, kind, blob)
    assert SECRET.decode() not in str(caught.value)
    return str(caught.value)


def test_opens_only_where_it_belongs():
    vault = Vault(KEY)
    blob = vault.seal("acc_1", "credentials", SECRET)
    assert vault.open("acc_1", "credentials", blob) == SECRET
    assert SECRET not in blob
    refused(vault, "acc_2", "credentials", blob)
    refused(vault, "acc_1", "token", blob)
    refused(vault, "acc_1c", "redentials", blob)


def test_every_flipped_bit_is_seen():
    vault = Vault(KEY)
    blob = vault.seal("acc_1", "credentials", SECRET)
    for at in range(len(blob)):
        refused(vault, "acc_1", "credentials", blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :])


@pytest.mark.parametrize("blob", [b"", b"\x01", b"\x02" + bytes(60), b"\x01" + bytes(31)])
def test_unknown_formats_are_refused(blob):
    assert "format" in refused(Vault(KEY), "acc_1", "credentials", blob)


def test_a_short_cut_blob_is_refused():
    vault = Vault(KEY)
    blob = vault.seal("acc_1", "credentials", SECRET)
    for length in range(len(blob)):
        refused(vault, "acc_1", "credentials", blob[:length])


def test_another_key_is_named_as_such():
    blob = Vault(KEY).seal("acc_1", "credentials", SECRET)
    assert "another key" in refused(Vault(bytes(32)), "acc_1", "credentials", blob)


def test_sealing_twice_shows_nothing_in_common():
    vault = Vault(KEY)
    first, second = (vault.seal("acc_1", "credentials", b"") for _ in range(2))
    assert first[5:17] != second[5:17]
    assert vault.open("acc_1", "credentials", first) == b""


def test_a_key_has_32_bytes_and_is_never_shown():
    with pytest.raises(VaultError):
        Vault(b"short")
    key = os.urandom(32)
    assert key.hex() not in repr(Vault(key))
