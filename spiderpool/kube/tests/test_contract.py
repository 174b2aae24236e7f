"""The contract of the Kube port, over each way to an API server."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.cluster.kube_port import SimKube
from simulator.kube.server.api_server import ApiServer
from spiderpool.kube.http import Limits, connect
from spiderpool.kube.rest import JSON
from spiderpool.kube.tests.contract import KubeContract, Story
from spiderpool.kube.tests.http_face import served
from spiderpool.kube.tests.kit import LoopClock, SimTransport, entropy, run
from spiderpool.kube.tests.stub import kubeconfig
from spiderpool.resources.crds import definitions
from spiderpool.resources.tests import kube_apiserver
from spiderpool.resources.tests.faces import DEFINITIONS_PATH, install

SMALL_PAGES = Limits(page_items=3)


async def install_definitions(transport: SimTransport) -> None:
    for document in definitions().values():
        await transport.write("POST", DEFINITIONS_PATH, document, JSON)


async def play_over_http(story: Story, config: str) -> None:
    kube = await connect(config, user_agent="contract", limits=SMALL_PAGES)
    try:
        await story(kube)
    finally:
        await kube.close()


class TestSimKube(KubeContract):
    def play(self, story: Story) -> None:
        async def whole() -> None:
            server = ApiServer(LoopClock(), entropy(1))
            await install_definitions(SimTransport(server))
            await story(SimKube(server, LoopClock(), page_items=3))

        run(whole())


class TestHttpToTheSimulatedServer(KubeContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def play(self, story: Story) -> None:
        async def whole() -> None:
            server = ApiServer(LoopClock(), entropy(1))
            await install_definitions(SimTransport(server))
            async with served(server) as url:
                await play_over_http(story, kubeconfig(self.folder, url))

        asyncio.run(whole())


@pytest.fixture(scope="module")
def real_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A kubeconfig for a kube-apiserver on this machine."""
    reason = kube_apiserver.missing_programs()
    if reason:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("kube-apiserver")
    with kube_apiserver.running(folder) as server:
        install(server)
        token = (folder / "tokens.csv").read_text().partition(",")[0]
        (folder / "token").write_text(token)
        authority = f", certificate-authority: {folder / 'pki' / 'apiserver.crt'}"
        url = f"https://127.0.0.1:{server._connection.port}"
        yield kubeconfig(folder, url, "{tokenFile: token}", authority)


@pytest.mark.local
class TestHttpToAKubeApiserver(KubeContract):
    @pytest.fixture(autouse=True)
    def _config(self, real_server: str) -> None:
        self.config = real_server

    def play(self, story: Story) -> None:
        asyncio.run(play_over_http(story, self.config))
