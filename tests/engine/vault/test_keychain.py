import pytest

from engine.vault import keychain as module
from engine.vault.errors import VaultError
from engine.vault.keychain import Keychain, system_backend
from tests.support.keychains import DeafKeychain, ForgetfulKeychain, LockedKeychain, WorkingKeychain, keychain
from worker.process.clock import lease_clock

KEY = bytes(range(32))


def test_a_key_comes_back_until_it_is_deleted():
    backend = WorkingKeychain()
    ours = keychain(backend)
    assert ours.works() and not backend.entries, "the trial leaves nothing behind"
    entry = ours.create(KEY)
    other = ours.create(bytes(32))
    assert entry != other and keychain(backend).load(entry) == KEY
    ours.delete(entry)
    assert ours.load(entry) is None and ours.load(other) == bytes(32)
    ours.delete(entry)


@pytest.mark.parametrize("backend", [None, ForgetfulKeychain(), LockedKeychain()])
def test_one_that_does_not_work_is_not_used(backend):
    ours = keychain(backend)
    assert not ours.works()
    with pytest.raises(VaultError) as caught:
        ours.create(KEY)
    assert "AAECAw" not in str(caught.value) and caught.value.__suppress_context__ is not None


def test_one_that_never_answers_costs_a_moment_only():
    backend = DeafKeychain()
    ours = keychain(backend, try_within=0.1, read_within=0.1)
    began = lease_clock()
    assert not ours.works()
    with pytest.raises(VaultError, match=r"did not answer within 0\.1 s: unlock it"):
        ours.load("key-1")
    assert lease_clock() - began < 2
    backend.released.set()


def test_an_entry_that_somebody_changed():
    backend = WorkingKeychain()
    backend.set_password("Vedette", "key-1", "nonsense")
    with pytest.raises(VaultError, match="does not hold a key"):
        keychain(backend).load("key-1")


@pytest.mark.parametrize("name", ["keyring.backends.fail.Keyring", "keyring.backends.null.Keyring"])
def test_what_is_no_keychain_is_seen(monkeypatch, name):
    import keyring

    monkeypatch.setattr(keyring.core, "_keyring_backend", keyring.core.load_keyring(name))
    assert system_backend() is None and not Keychain().works()


def test_a_file_in_clear_text_is_no_keychain(monkeypatch):
    import keyring

    class Plain(WorkingKeychain):
        priority = 5.0

    monkeypatch.setattr(keyring, "get_keyring", Plain)
    assert system_backend() is None
    Plain.__module__ = "keyring.backends.somewhere"
    assert isinstance(system_backend(), Plain)


def test_the_limits_are_sane():
    assert module.TRY_WITHIN <= 5 < module.READ_WITHIN <= 60
