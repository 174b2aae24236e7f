"""Certificates for the webhook server: one self-made authority, kept in a Secret, and a serving certificate per start.

The API server calls a webhook over TLS and trusts the authority whose certificate stands in the webhook configuration.
All replicas share one authority: whoever creates the Secret first has made it, the others load it. Serving certificates
are made from it at each start and never stored, so that they always cover the names by which a replica is called.
"""

import binascii
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from spiderpool.kube.errors import AlreadyExists, NotFound, UnknownOutcome
from spiderpool.kube.port import Kube
from spiderpool.resources.kinds import Kind
from spiderpool.resources.meta import ObjectMeta

SECRET_NAME: Final = "spiderpool-controller-cert"  # noqa: S105  the name of an object, not a password
AUTHORITY_DAYS: Final = 3650
SERVING_DAYS: Final = 365
_SKEW: Final = timedelta(hours=1)  # clocks of replicas and API server may differ
_ATTEMPTS: Final = 5


class Secret(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A Secret; the values are base64."""

    metadata: ObjectMeta
    type: str = "Opaque"
    data: dict[str, str] = {}


SECRETS: Final = Kind(group="", version="v1", kind="Secret", plural="secrets", namespaced=True, model=Secret)


class BadSecret(ValueError):
    """The Secret exists and does not hold an authority; the message names it and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """A certificate and its private key, both PEM."""

    certificate: bytes
    key: bytes


async def shared_authority(kube: Kube, namespace: str, now: float) -> KeyPair:
    """The authority of all replicas: loaded, or made by whoever comes first.

    Args:
        kube: where the Secret is.
        namespace: of the Secret.
        now: wall time, for the validity of a new authority.

    Raises:
        BadSecret: what is stored is no authority.
        KubeError: the Secret could neither be read nor created.
    """
    for _ in range(_ATTEMPTS):
        try:
            return _from_secret(await kube.get(SECRETS, SECRET_NAME, namespace=namespace))
        except NotFound:
            pass
        try:
            return _from_secret(await kube.create(SECRETS, _to_secret(new_authority(now), namespace)))
        except (AlreadyExists, UnknownOutcome):
            continue  # somebody has made one, perhaps this very call: read it
    raise UnknownOutcome(f"secret {namespace}/{SECRET_NAME} could neither be read nor created")


def new_authority(now: float) -> KeyPair:
    """A self-signed authority, valid for ten years."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "spiderpool-controller authority")])
    builder = (
        _builder(name, key.public_key(), now, AUTHORITY_DAYS)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return _pair(builder.sign(key, hashes.SHA256()), key)


def issue(authority: KeyPair, hosts: Sequence[str], now: float) -> KeyPair:
    """A serving certificate for host names and IP addresses, valid for a year."""
    signer_key = _private_key(authority.key)
    signer = x509.load_pem_x509_certificate(authority.certificate)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "spiderpool-controller")])
    builder = (
        _builder(name, key.public_key(), now, SERVING_DAYS)
        .issuer_name(signer.subject)
        .add_extension(x509.SubjectAlternativeName([_general_name(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer_key.public_key()), critical=False)
    )
    return _pair(builder.sign(signer_key, hashes.SHA256()), key)


def _builder(subject: x509.Name, key: ec.EllipticCurvePublicKey, now: float, days: int) -> x509.CertificateBuilder:
    at = datetime.fromtimestamp(now, UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - _SKEW)
        .not_valid_after(at + timedelta(days=days))
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _private_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("the key of the authority is not an elliptic curve key")  # noqa: TRY004  the file is wrong, not the caller
    return key


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> KeyPair:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return KeyPair(certificate=certificate.public_bytes(serialization.Encoding.PEM), key=private)


def _to_secret(authority: KeyPair, namespace: str) -> Secret:
    texts = {"ca.crt": authority.certificate, "ca.key": authority.key}
    data = {name: binascii.b2a_base64(text, newline=False).decode() for name, text in texts.items()}
    return Secret(metadata=ObjectMeta(name=SECRET_NAME, namespace=namespace), data=data)


def _from_secret(secret: Secret) -> KeyPair:
    try:
        authority = KeyPair(
            certificate=binascii.a2b_base64(secret.data["ca.crt"]), key=binascii.a2b_base64(secret.data["ca.key"])
        )
        x509.load_pem_x509_certificate(authority.certificate)
        _private_key(authority.key)
    except (KeyError, ValueError) as error:
        where = f"{secret.metadata.namespace}/{SECRET_NAME}"
        raise BadSecret(f"secret {where} holds no authority ({error}); delete it and start again") from error
    return authority
