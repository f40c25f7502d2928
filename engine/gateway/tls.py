"""Who this master is to workers on other machines: a key that stays, and a certificate that may change.

Workers pin the hash of the public key. So the certificate can be issued again, when the computer has other addresses or
its time is running out, and no worker and no join code notices.
"""

import hashlib
import ipaddress
import os
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from worker.process.exit_codes import Exit, Stop, cannot_use
from worker.process.private_file import write_private

VALID = timedelta(days=730)
NEAR_ITS_END = timedelta(days=30)
SKEW = timedelta(days=1)  #: another machine's clock may be behind


class Identity:
    """The key in `tls.key`, and the certificate for it in `tls.crt`.

    Attributes:
        spki: SHA-256 of the public key (DER SubjectPublicKeyInfo): what workers pin.
    """

    def __init__(self, directory: Path, key: ec.EllipticCurvePrivateKey) -> None:
        self._key_file, self._file = directory / "tls.key", directory / "tls.crt"
        self._key = key
        self._context: ssl.SSLContext | None = None
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.spki = hashlib.sha256(public).digest()

    @property
    def fingerprint(self) -> str:
        """The same for people and files: 64 hexadecimal digits."""
        return self.spki.hex()

    def certify(self, hosts: Sequence[str], now: datetime | None = None) -> bool:
        """Issue a certificate for these names and addresses, unless the one there is serves; true if a new one is.

        Raises:
            OSError: if it cannot be written.
        """
        now, hosts = now or datetime.now(UTC), [_canonical(host) for host in hosts]
        if self._serves(set(hosts), now):
            return False
        write_private(self._file, _issue(self._key, hosts, now).public_bytes(Encoding.PEM))
        if self._context is not None:  # what is connected stays so; new connections see the new certificate
            self._context.load_cert_chain(self._file, self._key_file)
        return True

    def context(self) -> ssl.SSLContext:
        """For the door; `certify` comes before. Nothing older than TLS 1.3."""
        if self._context is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            context.load_cert_chain(self._file, self._key_file)
            self._context = context
        return self._context

    def _serves(self, hosts: set[str], now: datetime) -> bool:
        try:
            certificate = x509.load_pem_x509_certificate(self._file.read_bytes())
        except (OSError, ValueError):  # none yet, or damaged: it can always be issued again
            return False
        ours = certificate.public_key() == self._key.public_key()
        return ours and _hosts_of(certificate) == hosts and now + NEAR_ITS_END < certificate.not_valid_after_utc


def open_identity(directory: Path) -> Identity:
    """Read `tls.key` (0600); make it at the first start.

    Raises:
        Stop: code 78 if it is damaged, or lost although it was there: a new one would turn every worker away.
        OSError: if it cannot be made.
    """
    file = directory / "tls.key"
    try:
        text = file.read_bytes()
    except FileNotFoundError:
        if (directory / "tls.crt").exists():
            raise Stop(Exit.CONFIG, _lost(file, "is gone")) from None
        return Identity(directory, _make(file))
    except OSError as error:
        raise cannot_use(str(file), error) from None
    try:
        key = load_pem_private_key(text, None)
    except (ValueError, TypeError):
        raise Stop(Exit.CONFIG, _lost(file, "is damaged")) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Stop(Exit.CONFIG, _lost(file, "is no key of ours"))
    if os.name == "posix" and file.stat().st_mode & 0o077:
        file.chmod(0o600)
    return Identity(directory, key)


def _lost(file: Path, what: str) -> str:
    return (
        f"{file}, by which remote workers know this master, {what}: put it back from a backup; or remove it and "
        f"{file.with_suffix('.crt').name} to begin with a new one, and have every remote worker join again"
    )


def _make(file: Path) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(ec.SECP256R1())
    write_private(file, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key


def _issue(key: ec.EllipticCurvePrivateKey, hosts: Sequence[str], now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Vedette master")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName([_general(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )


def _canonical(host: str) -> str:
    """As it comes back out of a certificate: an address can be written in many ways."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return host


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _hosts_of(certificate: x509.Certificate) -> set[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return {str(name.value) for name in names}
