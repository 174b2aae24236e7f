# mypy: disable-error-code="no-untyped-call"
"""The ``kubernetes`` package says the same of both servers: one body for each of its parts."""

import asyncio
import functools
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import kubernetes as untyped
import kubernetes.aio
import pytest
from kubernetes.informer import SharedInformer
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.leaselock import LeaseLock
from kubernetes.utils import FailToCreateError, create_from_yaml

from e2e.conformance.clusters import Cluster
from e2e.conformance.definitions import pod, widget

# The package leaves the sockets of its pools open, and the certificates are made by the servers themselves.
pytestmark = [
    pytest.mark.section("Clients Python"),
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning",
        "ignore::urllib3.exceptions.InsecureRequestWarning",
        "ignore::pytest.PytestUnraisableExceptionWarning",
    ),
]
# Its types do not say what it accepts and gives.
package: Any = untyped
aio: Any = kubernetes.aio
MANIFESTS = Path(__file__).parent / "kubectl" / "manifests"
PATIENCE_SECONDS = 20.0


@pytest.fixture
def namespace(cluster: Cluster) -> str:
    return cluster.fresh_namespace("python")


@pytest.fixture
def client(cluster: Cluster, namespace: str, tmp_path: Path) -> Iterator[Any]:
    """An ApiClient that was configured from a kubeconfig, as by any program; it is the package's default meanwhile."""
    package.config.load_kube_config(str(cluster.kubeconfig(tmp_path, namespace)))
    with package.client.ApiClient() as made:
        yield made
    package.client.Configuration.set_default(None)


def _map(name: str, **data: str) -> Any:
    return package.client.V1ConfigMap(metadata={"name": name, "labels": {"app": "python"}}, data=data)


def _maps(client: Any) -> Any:
    return package.client.CoreV1Api(client)


def test_the_typed_api_creates_reads_changes_lists_and_deletes(client: Any, namespace: str) -> None:
    core = _maps(client)
    created = core.create_namespaced_config_map(namespace, _map("one", colour="red"))
    assert (created.metadata.namespace, created.data) == (namespace, {"colour": "red"})
    created.data = {"colour": "blue"}
    replaced = core.replace_namespaced_config_map("one", namespace, created)
    assert replaced.metadata.resource_version != created.metadata.resource_version
    patched = core.patch_namespaced_config_map("one", namespace, {"data": {"size": "small"}})
    assert patched.data == {"colour": "blue", "size": "small"}
    assert [item.metadata.name for item in core.list_namespaced_config_map(namespace).items] == ["one"]
    status = core.delete_namespaced_config_map("one", namespace)
    assert (status["status"], status["details"]["uid"]) == ("Success", created.metadata.uid)


def test_a_refusal_is_an_exception_with_the_status_of_the_server(client: Any, namespace: str) -> None:
    core = _maps(client)
    stale = core.create_namespaced_config_map(namespace, _map("one"))
    core.patch_namespaced_config_map("one", namespace, {"data": {"a": "b"}})
    with pytest.raises(package.client.ApiException) as conflict:
        core.replace_namespaced_config_map("one", namespace, stale)
    assert conflict.value.status == 409
    assert '"reason":"Conflict"' in conflict.value.body
    with pytest.raises(package.client.ApiException) as missing:
        core.read_namespaced_config_map("none", namespace)
    assert (missing.value.status, missing.value.reason) == (404, "Not Found")


def test_typed_models_understand_pods_and_their_status(client: Any, namespace: str) -> None:
    core = _maps(client)
    created = core.create_namespaced_pod(namespace, pod("one"))
    assert (created.status.phase, created.spec.containers[0].image_pull_policy) == ("Pending", "IfNotPresent")
    patched = core.patch_namespaced_pod_status("one", namespace, {"status": {"phase": "Running"}})
    assert patched.status.phase == "Running"
    assert core.read_namespaced_pod_status("one", namespace).status.qos_class == "BestEffort"
    deleted = core.delete_namespaced_pod("one", namespace, grace_period_seconds=0)
    assert deleted.metadata.uid == created.metadata.uid


def test_pages_are_followed_by_their_tokens(client: Any, namespace: str) -> None:
    core = _maps(client)
    for number in range(5):
        core.create_namespaced_config_map(namespace, _map(f"map-{number}"))
    names: list[str] = []
    token, left = None, []
    while token != "":
        page = core.list_namespaced_config_map(namespace, limit=2, _continue=token)
        names += [item.metadata.name for item in page.items]
        left.append(page.metadata.remaining_item_count)
        token = page.metadata._continue or ""  # noqa: SLF001  the package's name for it
    assert names == [f"map-{number}" for number in range(5)]
    assert left == [3, 1, None]


def test_the_dynamic_client_discovers_and_serves_every_kind(client: Any, namespace: str) -> None:
    dynamic = package.dynamic.DynamicClient(client)
    widgets = dynamic.resources.get(api_version="conformance.test/v1", kind="Widget")
    assert (widgets.name, widgets.namespaced) == ("widgets", True)
    created = widgets.create(body=widget("one", {"size": 2}), namespace=namespace)
    assert created.spec.color == "red"
    patched = widgets.patch(
        name="one", namespace=namespace, body={"spec": {"size": 3}}, content_type="application/merge-patch+json"
    )
    assert (patched.spec.size, patched.metadata.generation) == (3, 2)
    status = widgets.status.patch(
        name="one",
        namespace=namespace,
        body={"status": {"phase": "done"}},
        content_type="application/merge-patch+json",
    )
    assert status.status.phase == "done"
    assert [item.metadata.name for item in widgets.get(namespace=namespace).items] == ["one"]
    assert widgets.delete(name="one", namespace=namespace).status == "Success"


def test_the_dynamic_client_applies_on_the_servers_side(client: Any, namespace: str) -> None:
    maps = package.dynamic.DynamicClient(client).resources.get(api_version="v1", kind="ConfigMap")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}, "data": {"a": "b"}}
    applied = maps.server_side_apply(body=body, name="one", namespace=namespace, field_manager="python")
    (managed,) = applied.metadata.managedFields
    assert (managed.manager, managed.operation) == ("python", "Apply")
    with pytest.raises(package.dynamic.exceptions.ConflictError, match=r'conflict with \\\\*"python'):
        maps.server_side_apply(
            body={**body, "data": {"a": "c"}}, name="one", namespace=namespace, field_manager="other"
        )


def test_the_dynamic_client_watches(client: Any, namespace: str) -> None:
    maps = package.dynamic.DynamicClient(client).resources.get(api_version="v1", kind="ConfigMap")
    core = _maps(client)
    core.create_namespaced_config_map(namespace, _map("one", colour="red"))
    core.create_namespaced_config_map(namespace, _map("two"))
    found = []
    for event in maps.watch(namespace=namespace, label_selector="app=python", timeout=10):
        found.append((event["type"], event["object"].metadata.name))
        if len(found) == 2:
            core.delete_namespaced_config_map("one", namespace)
        if len(found) == 3:
            break
    assert found == [("ADDED", "one"), ("ADDED", "two"), ("DELETED", "one")]


def test_a_watch_follows_from_a_version_on_until_its_time_is_over(client: Any, namespace: str) -> None:
    core = _maps(client)
    core.create_namespaced_config_map(namespace, _map("before"))
    version = core.list_namespaced_config_map(namespace).metadata.resource_version
    core.create_namespaced_config_map(namespace, _map("one", colour="red"))
    core.patch_namespaced_config_map("one", namespace, {"data": {"colour": "blue"}})
    core.delete_namespaced_config_map("one", namespace)
    stream = package.watch.Watch().stream(
        core.list_namespaced_config_map, namespace, resource_version=version, timeout_seconds=1
    )
    assert [(event["type"], event["object"].data) for event in stream] == [
        ("ADDED", {"colour": "red"}),
        ("MODIFIED", {"colour": "blue"}),
        ("DELETED", {"colour": "blue"}),
    ]


@pytest.mark.parametrize(("timeout", "asked"), [({}, 2), ({"timeout_seconds": 5}, 1)])
def test_a_watch_from_a_version_that_has_expired_is_tried_twice_unless_it_has_an_end(
    client: Any, namespace: str, timeout: dict[str, int], asked: int
) -> None:
    versions: list[str] = []
    listing = package.client.CustomObjectsApi(client).list_namespaced_custom_object

    @functools.wraps(listing)
    def counted(*args: Any, **options: Any) -> Any:
        versions.append(options["resource_version"])
        return listing(*args, **options)

    place = ("conformance.test", "v1", namespace, "widgets")
    with pytest.raises(package.client.ApiException) as caught:
        list(package.watch.Watch().stream(counted, *place, resource_version="1", **timeout))
    assert (caught.value.status, len(versions)) == (410, asked)


def test_a_shared_informer_keeps_a_copy_and_tells_of_changes(client: Any, namespace: str) -> None:
    core = _maps(client)
    core.create_namespaced_config_map(namespace, _map("there", colour="red"))
    told: Queue[tuple[str, str]] = Queue()
    informer = SharedInformer(core.list_namespaced_config_map, namespace, resync_period=1, label_selector="app=python")
    for kind in ("ADDED", "DELETED"):
        informer.add_event_handler(kind, lambda one, kind=kind: told.put((kind, one.metadata.name)))
    informer.start()
    try:
        assert told.get(timeout=PATIENCE_SECONDS) == ("ADDED", "there")
        core.create_namespaced_config_map(namespace, _map("new"))
        assert told.get(timeout=PATIENCE_SECONDS) == ("ADDED", "new")
        core.delete_namespaced_config_map("there", namespace)
        assert told.get(timeout=PATIENCE_SECONDS) == ("DELETED", "there")
        assert informer.cache.list_keys() == [f"{namespace}/new"]
    finally:
        informer.stop()


def test_of_two_candidates_one_leads_and_its_lease_says_so(client: Any, namespace: str) -> None:
    leading: Queue[str] = Queue()

    def candidate(name: str) -> None:
        lock = LeaseLock("lead", namespace, name)
        config = electionconfig.Config(
            lock, 4, 3, 1, onstarted_leading=lambda: leading.put(name), onstopped_leading=lambda: None
        )
        leaderelection.LeaderElection(config).acquire()
        leading.put(name)

    threading.Thread(target=candidate, args=("first",), daemon=True).start()
    assert leading.get(timeout=PATIENCE_SECONDS) == "first"
    leases = package.client.CoordinationV1Api(client)
    assert leases.read_namespaced_lease("lead", namespace).spec.holder_identity == "first"
    threading.Thread(target=candidate, args=("second",), daemon=True).start()
    assert leading.get(timeout=PATIENCE_SECONDS) == "second"
    assert leases.read_namespaced_lease("lead", namespace).spec.holder_identity == "second"


def test_manifests_are_created_from_their_yaml(client: Any, namespace: str) -> None:
    for name in ("maps.yaml", "web.yaml", "budget.yaml"):
        create_from_yaml(client, str(MANIFESTS / name), namespace=namespace)
    found = [item.metadata.name for item in _maps(client).list_namespaced_config_map(namespace).items]
    assert found == ["first", "second", "third"]
    assert package.client.AppsV1Api(client).read_namespaced_deployment("web", namespace).spec.replicas == 2
    with pytest.raises(FailToCreateError, match="AlreadyExists"):
        create_from_yaml(client, str(MANIFESTS / "budget.yaml"), namespace=namespace)


def test_the_asynchronous_client_does_and_watches_the_same(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    async def story() -> list[tuple[str, str]]:
        await aio.config.load_kube_config(str(cluster.kubeconfig(tmp_path, namespace)))
        async with aio.client.ApiClient() as client:
            core = aio.client.CoreV1Api(client)
            made = aio.client.V1ConfigMap(metadata={"name": "one"}, data={"a": "b"})
            created = await core.create_namespaced_config_map(namespace, made)
            version = created.metadata.resource_version
            await core.patch_namespaced_config_map("one", namespace, {"data": {"a": "c"}})
            await core.delete_namespaced_config_map("one", namespace)
            async with aio.watch.Watch() as watch:
                stream = watch.stream(
                    core.list_namespaced_config_map, namespace, resource_version=version, timeout_seconds=1
                )
                found = [(event["type"], event["object"].data["a"]) async for event in stream]
            with pytest.raises(aio.client.ApiException) as missing:
                await core.read_namespaced_config_map("one", namespace)
            assert missing.value.status == 404
            return found

    assert asyncio.run(story()) == [("MODIFIED", "c"), ("DELETED", "c")]


def test_the_asynchronous_dynamic_client_serves_custom_resources(
    cluster: Cluster, namespace: str, tmp_path: Path
) -> None:
    async def story() -> tuple[int, list[str]]:
        await aio.config.load_kube_config(str(cluster.kubeconfig(tmp_path, namespace)))
        async with aio.client.ApiClient() as client:
            dynamic = await aio.dynamic.DynamicClient(client)
            widgets = await dynamic.resources.get(api_version="conformance.test/v1", kind="Widget")
            await widgets.create(body=widget("one", {"size": 2}), namespace=namespace)
            found = await widgets.get(namespace=namespace)
            return found.items[0].spec.size, [item.metadata.name for item in found.items]

    assert asyncio.run(story()) == (2, ["one"])
