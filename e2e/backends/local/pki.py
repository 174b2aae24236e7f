"""Keys and certificates of one cluster, and the kubeconfigs made from them. Thrown away with the cluster."""

import datetime as dt
import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from e2e.backends.local.wires import API_ADDRESS, SERVICE_ADDRESS

SERVER = f"https://{API_ADDRESS}:443"
LIFETIME = dt.timedelta(days=30)
API_NAMES = ("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a certificate is for: the user and group that Kubernetes reads from it, or the API server itself."""

    file: str
    user: str
    group: str | None = None
    serves_api: bool = False


def identities(nodes: Sequence[str]) -> list[Identity]:
    """Everyone who gets a certificate."""
    return [
        Identity(file="apiserver", user="kube-apiserver", serves_api=True),
        Identity(file="admin", user="admin", group="system:masters"),
        Identity(file="scheduler", user="system:kube-scheduler"),
        Identity(file="kubelet-client", user="kube-apiserver-kubelet-client", group="system:masters"),
        *(Identity(file=node, user=f"system:node:{node}", group="system:nodes") for node in nodes),
    ]


def make(folder: Path, nodes: Sequence[str]) -> None:
    """Write ``ca.crt``, ``sa.key`` and ``sa.pub``, and ``<name>.crt`` and ``<name>.key`` for each identity."""
    folder.mkdir(parents=True, exist_ok=True)
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "local-backend-ca")])
    ca = _unsigned(ca_name, ca_name, ca_key.public_key())
    ca = ca.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    (folder / "ca.crt").write_bytes(ca.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    for identity in identities(nodes):
        key = ec.generate_private_key(ec.SECP256R1())
        request = _unsigned(_subject(identity), ca_name, key.public_key())
        for extension in _extensions(identity):
            request = request.add_extension(extension, critical=False)
        certificate = request.sign(ca_key, hashes.SHA256())
        (folder / f"{identity.file}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        _write_key(folder / f"{identity.file}.key", key)
    signer = ec.generate_private_key(ec.SECP256R1())
    _write_key(folder / "sa.key", signer)
    (folder / "sa.pub").write_bytes(
        signer.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def _subject(identity: Identity) -> x509.Name:
    group = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, identity.group)] if identity.group else []
    return x509.Name([*group, x509.NameAttribute(NameOID.COMMON_NAME, identity.user)])


def _extensions(identity: Identity) -> list[x509.ExtensionType]:
    if not identity.serves_api:
        return [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])]
    addresses = [x509.IPAddress(ipaddress.ip_address(text)) for text in (API_ADDRESS, "127.0.0.1", SERVICE_ADDRESS)]
    names = x509.SubjectAlternativeName([*addresses, *(x509.DNSName(name) for name in API_NAMES)])
    return [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), names]


def _unsigned(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
    )


def _write_key(file: Path, key: ec.EllipticCurvePrivateKey) -> None:
    file.touch(mode=0o600)
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )


def _kubeconfig(authority: Path, user: dict[str, str]) -> str:
    cluster = {"server": SERVER, "certificate-authority": str(authority)}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "local", "cluster": cluster}],
            "users": [{"name": "user", "user": user}],
            "contexts": [{"name": "local", "context": {"cluster": "local", "user": "user"}}],
            "current-context": "local",
        },
        indent=1,
    )


def certificate_kubeconfig(folder: Path, name: str) -> str:
    """A kubeconfig with the client certificate of one identity."""
    files = {"client-certificate": str(folder / f"{name}.crt"), "client-key": str(folder / f"{name}.key")}
    return _kubeconfig(folder / "ca.crt", files)


def token_kubeconfig(folder: Path, token: str) -> str:
    """A kubeconfig with a ServiceAccount's token."""
    return _kubeconfig(folder / "ca.crt", {"token": token})
