"""The key stays, the certificate changes; nobody but the owner reads the key; a lost key is told, not replaced."""

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from engine.gateway.tls import NEAR_ITS_END, VALID, open_identity
from worker.pin import spki_of
from worker.process.exit_codes import Exit, Stop

NOW = datetime(2026, 5, 1, tzinfo=UTC)
HOSTS = ["10.0.0.5", "127.0.0.1", "::1", "localhost"]


def certificate(directory: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate((directory / "tls.crt").read_bytes())


def pinned(directory: Path) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return spki_of(certificate(directory).public_bytes(Encoding.DER))


def test_the_first_start_makes_a_private_key_and_later_ones_keep_it(tmp_path: Path) -> None:
    first = open_identity(tmp_path)
    assert stat.S_IMODE((tmp_path / "tls.key").stat().st_mode) == 0o600
    (tmp_path / "tls.key").chmod(0o644)
    again = open_identity(tmp_path)
    assert again.spki == first.spki and len(first.fingerprint) == 64
    assert stat.S_IMODE((tmp_path / "tls.key").stat().st_mode) == 0o600, "a key that was opened to others is tightened"


def test_new_addresses_mean_a_new_certificate_for_the_same_key(tmp_path: Path) -> None:
    identity = open_identity(tmp_path)
    assert identity.certify(HOSTS, NOW)
    before = certificate(tmp_path)
    assert not identity.certify(list(reversed(HOSTS)), NOW), "the same addresses need no other"
    assert certificate(tmp_path) == before
    assert identity.certify([*HOSTS, "192.168.7.7", "desk.lan"], NOW)
    names = certificate(tmp_path).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {str(name.value) for name in names} == {*HOSTS, "192.168.7.7", "desk.lan"}
    assert certificate(tmp_path) != before and pinned(tmp_path) == identity.spki


def test_an_address_that_is_written_otherwise_is_the_same(tmp_path: Path) -> None:
    identity = open_identity(tmp_path)
    assert identity.certify(["2001:DB8:0::1"], NOW)
    assert not identity.certify(["2001:DB8:0::1"], NOW), "else it would be issued anew each minute"
    assert not identity.certify(["2001:db8::1"], NOW)


def test_no_umask_opens_the_key_to_others(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        open_identity(tmp_path).certify(HOSTS, NOW)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "tls.key").stat().st_mode) == 0o600


def test_a_link_in_the_keys_place_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "tls.key.new").symlink_to(tmp_path / "elsewhere")
    open_identity(tmp_path)
    assert not (tmp_path / "elsewhere").exists() and not (tmp_path / "tls.key").is_symlink()


def test_a_certificate_near_its_end_is_issued_again(tmp_path: Path) -> None:
    identity = open_identity(tmp_path)
    identity.certify(HOSTS, NOW)
    assert not identity.certify(HOSTS, NOW + VALID - NEAR_ITS_END - timedelta(days=1))
    late = NOW + VALID - NEAR_ITS_END + timedelta(days=1)
    assert identity.certify(HOSTS, late)
    assert certificate(tmp_path).not_valid_after_utc == late + VALID and pinned(tmp_path) == identity.spki


def test_a_damaged_or_foreign_certificate_is_replaced(tmp_path: Path) -> None:
    identity = open_identity(tmp_path)
    (tmp_path / "tls.crt").write_text("nonsense")
    assert identity.certify(HOSTS, NOW)
    other = tmp_path / "other"
    other.mkdir()
    open_identity(other).certify(HOSTS, NOW)
    (tmp_path / "tls.crt").write_bytes((other / "tls.crt").read_bytes())
    assert identity.certify(HOSTS, NOW) and pinned(tmp_path) == identity.spki


@pytest.mark.parametrize(("fault", "said"), [("gone", "is gone"), ("damaged", "is damaged")])
def test_a_key_that_was_there_is_not_replaced_in_silence(tmp_path: Path, fault: str, said: str) -> None:
    open_identity(tmp_path).certify(HOSTS, NOW)
    key = tmp_path / "tls.key"
    key.unlink()
    if fault == "damaged":
        key.write_text("-----BEGIN PRIVATE KEY-----")
    with pytest.raises(Stop, match=said) as caught:
        open_identity(tmp_path)
    assert caught.value.code == Exit.CONFIG and "every remote worker join again" in caught.value.sentence
