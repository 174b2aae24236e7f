"""Where the API server is, and who we are to it."""

import asyncio
from pathlib import Path

import pytest

from spiderpool.kube import errors
from spiderpool.kube.auth import NotConfigured
from spiderpool.kube.http import HttpKube, connect
from spiderpool.kube.port import Kube
from spiderpool.kube.tests.pki import Pki
from spiderpool.kube.tests.stub import Asked, Reply, Stub, answer, end_of_tasks, kubeconfig, stub
from spiderpool.resources.core import Lease
from spiderpool.resources.kinds import LEASES
from spiderpool.resources.meta import ObjectMeta

LEASE = Lease(metadata=ObjectMeta(name="a", namespace="ns", uid="u1", resource_version="7"))
LEASE_JSON = {"metadata": {"name": "a", "namespace": "ns", "uid": "u1", "resourceVersion": "8"}}


def asked(folder: Path, user: str) -> Asked:
    """One read by this user, as the server sees it."""

    async def story() -> Asked:
        async with stub(folder, answer(200, LEASE_JSON), user=user) as (server, kube):
            await kube.get(LEASES, "a", namespace="ns")
            return server.asked[0]

    return asyncio.run(story())


def test_a_token_in_the_kubeconfig_is_sent(tmp_path: Path) -> None:
    assert asked(tmp_path, "{token: abc}").headers["authorization"] == "Bearer abc"


def test_a_password_in_the_kubeconfig_is_sent(tmp_path: Path) -> None:
    assert asked(tmp_path, "{username: u, password: p}").headers["authorization"] == "Basic dTpw"


def test_a_rotated_token_file_is_read_again(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("abc")

    async def story() -> list[str]:
        replies: tuple[Reply, Reply] = (answer(200, LEASE_JSON), answer(200, LEASE_JSON))
        async with stub(tmp_path, *replies, user="{tokenFile: token}") as (server, kube):
            await kube.get(LEASES, "a", namespace="ns")
            token.write_text("other")
            await kube.get(LEASES, "a", namespace="ns")
            return [request.headers["authorization"] for request in server.asked]

    assert asyncio.run(story()) == ["Bearer abc", "Bearer other"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "No such file"),
        ("{", "while parsing"),
        ("[]", "not a YAML mapping"),
        ("current-context: x\ncontexts: []", "Expected object with name x in"),
        ("current-context: x\ncontexts: {}", "no API server is known"),
        ("contexts: 5", "no API server is known"),
    ],
)
def test_a_kubeconfig_that_does_not_say_where_the_server_is_is_named(
    tmp_path: Path, text: str | None, why: str
) -> None:
    path = tmp_path / "kubeconfig"
    if text is not None:
        path.write_text(text)
    with pytest.raises(NotConfigured, match=why) as caught:
        asyncio.run(connect(str(path), user_agent="test"))
    assert str(path) in str(caught.value)


def test_outside_of_a_pod_the_missing_environment_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(NotConfigured, match=r"environment of a pod.*Service host/port is not set"):
        asyncio.run(connect(None, user_agent="test", service_account=tmp_path))


def test_inside_a_pod_server_and_token_are_those_of_the_service_account(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pki = Pki(tmp_path)
    (tmp_path / "token").write_text("abc")

    async def story() -> list[Asked]:
        script = Stub([answer(200, LEASE_JSON)])
        server = await asyncio.start_server(script.serve, "127.0.0.1", 0, ssl=pki.server_side())
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.sockets[0].getsockname()[1]))
        kube = await connect(None, user_agent="test", service_account=tmp_path)
        try:
            await kube.get(LEASES, "a", namespace="ns")
        finally:
            await kube.close()
            server.close()
            await end_of_tasks()
        return script.asked

    assert [request.headers["authorization"] for request in asyncio.run(story())] == ["Bearer abc"]


@pytest.mark.parametrize(
    ("user", "authority", "expected"),
    [
        ("{client-certificate: client.crt, client-key: client.key}", "ca.crt", None),
        ("{client-certificate: client.crt, client-key: client.key}", "other.crt", errors.Unavailable),
        ("{}", "ca.crt", errors.KubeError),
    ],
)
def test_server_and_client_know_each_other_by_certificates(
    tmp_path: Path, user: str, authority: str, expected: type[errors.KubeError] | None
) -> None:
    pki = Pki(tmp_path)

    async def story() -> tuple[type[Exception] | None, int]:
        script = Stub([answer(200, LEASE_JSON)] * 3)
        server = await asyncio.start_server(script.serve, "127.0.0.1", 0, ssl=pki.server_side(asks_client=True))
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        path = kubeconfig(tmp_path, url, user, f", certificate-authority: {authority}")
        kube = await connect(path, user_agent="test")
        try:
            await kube.update(LEASES, LEASE)
        except errors.KubeError as error:
            return type(error), len(script.asked)
        finally:
            await kube.close()
            server.close()
            await end_of_tasks()
        return None, len(script.asked)

    error, requests = asyncio.run(story())
    if expected is None:
        assert (error, requests) == (None, 1)
    else:
        assert error is not None
        assert issubclass(error, expected)
        assert requests == 0


def test_the_client_is_a_kube_port() -> None:
    port: type[Kube] = HttpKube
    assert port is HttpKube
