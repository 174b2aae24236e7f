"""Certificates for tests of TLS: an authority, a server on 127.0.0.1, a client, and an authority that signed none."""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

Key = ec.EllipticCurvePrivateKey


class Pki:
    """Writes ``ca.crt other.crt server.crt server.key client.crt client.key`` into a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority = ec.generate_private_key(ec.SECP256R1())
        self._write("ca", self._authority, self._authority, "authority")
        stranger = ec.generate_private_key(ec.SECP256R1())
        self._write("other", stranger, stranger, "stranger")
        for name in ("server", "client"):
            self._write(name, ec.generate_private_key(ec.SECP256R1()), self._authority, "authority")

    def server_side(self, *, asks_client: bool = False) -> ssl.SSLContext:
        """What a server needs; ``asks_client``: it accepts only clients with a certificate of the authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._folder / "server.crt", self._folder / "server.key")
        if asks_client:
            context.load_verify_locations(self._folder / "ca.crt")
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _write(self, name: str, key: Key, signer: Key, issuer: str) -> None:
        now = datetime.now(UTC)
        subject = issuer if key is signer else name
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=key is signer, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
            )
            .sign(signer, hashes.SHA256())
        )
        (self._folder / f"{name}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        (self._folder / f"{name}.key").write_bytes(private)
