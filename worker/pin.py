"""TLS to a master that is known by the hash of its key, and by nothing else."""

import hashlib
import hmac
import ssl
from asyncio import Transport

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class Pin(aiohttp.Fingerprint):
    """aiohttp checks it when the handshake is done, before one byte of HTTP is written."""

    def __init__(self, spki: bytes) -> None:
        super().__init__(spki)

    def check(self, transport: Transport) -> None:
        """Raises ServerFingerprintMismatch unless the peer holds the key; without TLS nobody does."""
        connection = transport.get_extra_info("ssl_object")
        certificate = connection.getpeercert(binary_form=True) if connection is not None else None
        got = spki_of(certificate) if certificate else b""
        if not hmac.compare_digest(got, self.fingerprint):
            host, port, *_rest = transport.get_extra_info("peername")
            raise aiohttp.ServerFingerprintMismatch(self.fingerprint, got, host, port)


def spki_of(certificate: bytes) -> bytes:
    """SHA-256 of a DER certificate's public key; empty if it is no certificate that can be read."""
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except ValueError:
        return b""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()


def client_context() -> ssl.SSLContext:
    """TLS 1.3 only. The pin is in the place of authorities and names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
