"""The authority is shared, and a client that trusts it accepts the serving certificate for exactly its names."""

import asyncio
import ipaddress
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec.structs import replace

from spiderpool.controller.certificates import (
    SECRET_NAME,
    SECRETS,
    BadSecret,
    KeyPair,
    Secret,
    issue,
    new_authority,
    shared_authority,
)
from spiderpool.controller.http import tls_context
from spiderpool.controller.tests.world import NAMESPACE, World, story
from spiderpool.resources.meta import ObjectMeta

NOW = 1_800_000_000.0


def test_a_serving_certificate_is_signed_by_the_authority_for_names_and_addresses() -> None:
    authority = new_authority(NOW)
    signer = x509.load_pem_x509_certificate(authority.certificate)
    serving = x509.load_pem_x509_certificate(
        issue(authority, ["spiderpool-controller.spiderpool.svc", "127.0.0.1", "::1"], NOW).certificate
    )
    serving.verify_directly_issued_by(signer)
    names = serving.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["spiderpool-controller.spiderpool.svc"]
    addresses = names.get_values_for_type(x509.IPAddress)
    assert addresses == [ipaddress.ip_address("127.0.0.1"), ipaddress.ip_address("::1")]
    assert serving.not_valid_before_utc.timestamp() < NOW < serving.not_valid_after_utc.timestamp()
    assert not serving.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_two_replicas_that_start_together_share_one_authority() -> None:
    async def tell(world: World) -> None:
        one, two = await asyncio.gather(
            shared_authority(world.kube, NAMESPACE, NOW), shared_authority(world.kube, NAMESPACE, NOW)
        )
        assert one == two
        assert await shared_authority(world.kube, NAMESPACE, NOW + 9) == one

    story(tell)


@pytest.mark.parametrize("data", [{}, {"ca.crt": "bm8=", "ca.key": "bm8="}, {"ca.crt": "JQ==", "ca.key": ""}])
def test_a_secret_without_an_authority_is_named_with_the_remedy(data: dict[str, str]) -> None:
    async def tell(world: World) -> None:
        metadata = ObjectMeta(name=SECRET_NAME, namespace=NAMESPACE)
        await world.admin.create(SECRETS, Secret(metadata=metadata, data=data))
        with pytest.raises(BadSecret, match=f"{NAMESPACE}/{SECRET_NAME}.*delete it"):
            await shared_authority(world.kube, NAMESPACE, NOW)

    story(tell)


def test_a_secret_that_was_replaced_is_loaded_anew() -> None:
    async def tell(world: World) -> None:
        first = await shared_authority(world.kube, NAMESPACE, NOW)
        secret = await world.admin.get(SECRETS, SECRET_NAME, namespace=NAMESPACE)
        await world.admin.delete(SECRETS, SECRET_NAME, namespace=NAMESPACE)
        second = await shared_authority(world.kube, NAMESPACE, NOW)
        assert second != first
        await world.admin.delete(SECRETS, SECRET_NAME, namespace=NAMESPACE)
        await world.admin.create(SECRETS, replace(secret, metadata=ObjectMeta(name=SECRET_NAME, namespace=NAMESPACE)))
        assert await shared_authority(world.kube, NAMESPACE, NOW) == first

    story(tell)


def test_the_key_is_as_strong_as_the_api_server_demands() -> None:
    certificate = x509.load_pem_x509_certificate(new_authority(NOW).certificate)
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.key_size >= 256


def test_a_tls_context_is_made_of_a_key_pair_and_refused_for_a_foreign_key() -> None:
    authority = new_authority(NOW)
    one, other = issue(authority, ["a"], NOW), issue(authority, ["b"], NOW)
    assert isinstance(tls_context(one), ssl.SSLContext)
    with pytest.raises(ssl.SSLError):
        tls_context(KeyPair(certificate=one.certificate, key=other.key))
