"""Which place the key comes from, that it is never changed silently, and what is said when it is gone."""

import base64
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from engine.records import KeyBox
from engine.vault.errors import VaultError
from engine.vault.key_file import KeyFile
from engine.vault.opening import open_vault, wrapped
from engine.vault.sources import Offered, Sources
from engine.vault.vault import Vault, first_format_id
from tests.support.keychains import WorkingKeychain, keychain
from worker.process.secret import Secret

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = Secret(base64.b64encode(bytes(range(32))).decode())
OTHER = Secret(base64.b64encode(bytes(32)).decode())
PHRASE = Secret("correct horse battery")


def sources(tmp_path, *, key=None, phrase=None, chain=None, ask=lambda: None):
    return Sources(tmp_path, Offered(key, phrase, ask), keychain(chain))


def opened(box, where, *, sealed=False):
    return open_vault(box, where, NOW, sealed_exist=sealed)


def refused(box, where, *, sealed=True) -> str:
    with pytest.raises(VaultError) as caught:
        opened(box, where, sealed=sealed)
    return str(caught.value)


@pytest.mark.parametrize(
    ("offer", "place"),
    [
        ({"key": KEY, "phrase": PHRASE, "chain": WorkingKeychain()}, "environment"),
        ({"phrase": PHRASE, "chain": WorkingKeychain()}, "keychain"),
        ({"phrase": PHRASE}, "passphrase"),
        ({}, "file"),
    ],
)
def test_the_order_at_the_first_start_and_the_same_place_ever_after(tmp_path, offer, place):
    vault, box, _ = opened(KeyBox(), sources(tmp_path, **offer))
    assert (box.source, box.current, len(box.keys)) == (place, 1, 1)
    assert (tmp_path / "vault.key").exists() == (place == "file")
    blob = vault.seal("acc_1", "credentials", b"x")
    everything = {"key": KEY, "phrase": PHRASE, "chain": offer.get("chain") or WorkingKeychain()}
    again, same, _ = opened(box, sources(tmp_path, **everything), sealed=True)
    assert same is box and again.open("acc_1", "credentials", blob) == b"x"


def test_what_is_stored_opens_nothing_by_itself(tmp_path):
    for offer in ({"key": KEY}, {"phrase": PHRASE}, {"chain": WorkingKeychain()}, {}):
        vault, box, kek = opened(KeyBox(), sources(tmp_path / str(len(offer)), **offer))
        for secret in (kek, *vault.keys().values()):
            for form in (secret, base64.b64encode(secret), secret.hex().encode()):
                assert form not in repr(box).encode() + b"".join(key.wrapped for key in box.keys)


def test_an_empty_place_refuses_and_says_what_to_do(tmp_path):
    _, file, _ = opened(KeyBox(), sources(tmp_path))
    (tmp_path / "vault.key").unlink()
    assert refused(file, sources(tmp_path, key=KEY)).endswith(f"gone: bring back {tmp_path}/vault.key")
    _, environment, _ = opened(KeyBox(), sources(tmp_path, key=KEY))
    assert "VEDETTE_ENCRYPTION_KEY, which is not set: set it" in refused(environment, sources(tmp_path))
    chain = WorkingKeychain()
    _, keyed, _ = opened(KeyBox(), sources(tmp_path, chain=chain))
    assert "start Vedette in that user's session" in refused(keyed, sources(tmp_path))
    chain.entries.clear()
    assert f"“{keyed.facts['entry']}” of “Vedette” in the keychain, is gone" in refused(
        keyed, sources(tmp_path, chain=chain)
    )
    _, phrased, _ = opened(KeyBox(), sources(tmp_path, phrase=PHRASE))
    assert "give it with --passphrase-file" in refused(phrased, sources(tmp_path))
    assert not (tmp_path / "vault.key").exists(), "no other place was taken instead"


def test_another_key_is_told_from_none(tmp_path):
    _, environment, _ = opened(KeyBox(), sources(tmp_path, key=KEY))
    assert "is not the key that" in refused(environment, sources(tmp_path, key=OTHER))
    assert "is no key; allowed: 32 bytes in base64" in refused(environment, sources(tmp_path, key=Secret("short")))
    _, phrased, _ = opened(KeyBox(), sources(tmp_path, phrase=PHRASE))
    assert refused(phrased, sources(tmp_path, phrase=Secret("something else"))) == "the passphrase is wrong"
    _, file, _ = opened(KeyBox(), sources(tmp_path))
    (tmp_path / "vault.key").write_bytes(base64.b64encode(bytes(32)))
    assert "is not the one that" in refused(file, sources(tmp_path))


def test_a_passphrase_is_asked_for_only_where_it_is_needed(tmp_path):
    asked = []

    def ask():
        asked.append(1)
        return PHRASE

    _, file, _ = opened(KeyBox(), sources(tmp_path / "a", ask=ask))
    assert file.source == "file" and not asked
    _, box, _ = opened(KeyBox(), sources(tmp_path / "b", phrase=PHRASE))
    assert opened(box, sources(tmp_path / "b", ask=ask), sealed=True)[1] is box and asked
    with pytest.raises(VaultError, match="at least 8 characters"):
        opened(KeyBox(), sources(tmp_path / "c", phrase=Secret("short")))


@pytest.mark.parametrize("change", [{"salt": "AAAA"}, {"memory": "99999999"}, {"passes": "x"}, {"lanes": "0"}])
def test_a_recipe_that_was_tampered_with_costs_nothing(tmp_path, change):
    _, box, _ = opened(KeyBox(), sources(tmp_path, phrase=PHRASE))
    tampered = replace(box, facts={**box.facts, **change})
    assert "written down wrongly" in refused(tampered, sources(tmp_path, phrase=PHRASE))


def test_an_installation_of_the_first_version_opens_and_gets_a_data_key(tmp_path):
    key = bytes(range(32))
    KeyFile(tmp_path).create(key)
    old = Vault({first_format_id(key): key}, first_format_id(key)).seal("acc_1", "credentials", b"old")
    everything = {"key": OTHER, "phrase": PHRASE, "chain": WorkingKeychain()}
    vault, box, _ = opened(KeyBox(), sources(tmp_path, **everything), sealed=True)
    assert (box.source, box.current, len(box.keys)) == ("file", 1, 2), "the file stays what it was"
    assert vault.open("acc_1", "credentials", old) == b"old"
    assert vault.seal("acc_1", "credentials", b"")[1:5] == b"\0\0\0\1"
    again, same, _ = opened(box, sources(tmp_path), sealed=True)
    assert same is box and again.open("acc_1", "credentials", old) == b"old"


def test_a_rotation_that_was_interrupted_after_it_wrapped_everything(tmp_path):
    where = sources(tmp_path)
    _, box, old = opened(KeyBox(), where)
    where.file.prepare(bytes(range(32)))
    assert opened(box, where, sealed=True)[2] == old, "nothing was wrapped with it yet"
    assert where.file.load_next() is None
    vault, box, _ = opened(box, where, sealed=True)
    place = where.prepare("file", None)
    box = wrapped(box, vault, place, NOW)
    assert opened(box, sources(tmp_path), sealed=True)[2] == place.kek
    assert where.file.load() == place.kek and where.file.load_next() is None


def test_a_key_that_moves_into_its_place_between_two_looks(tmp_path):
    """A backup looks while the master rotates."""

    class Rotating(KeyFile):
        def load_next(self):
            self.commit()
            return super().load_next()

    where = sources(tmp_path)
    vault, box, _ = opened(KeyBox(), where)
    place = where.prepare("file", None)
    box = wrapped(box, vault, place, NOW)
    where.file = Rotating(tmp_path)
    assert opened(box, where, sealed=True)[2] == place.kek


def test_a_key_that_was_changed_after_the_copy_was_made(tmp_path):
    """A backup looks before it copies, too: else rotations without end would never let it come to its end."""
    where = sources(tmp_path)
    _vault, box, old = opened(KeyBox(), where)
    late, early = sources(tmp_path), sources(tmp_path)
    early.glance()
    for _ in range(2):
        where.prepare("file", None).commit()
    assert "is not the one" in refused(box, late)
    assert opened(box, early, sealed=True)[2] == old


def test_a_source_of_a_newer_version(tmp_path):
    _, box, _ = opened(KeyBox(), sources(tmp_path))
    assert "install the newer version" in refused(replace(box, source="security-chip"), sources(tmp_path))
