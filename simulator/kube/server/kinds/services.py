"""Services and what tells where they are: addresses of a cluster, ports, endpoints.

A Service gets an address of ``10.96.0.0/16`` when it is created: the first that no other Service has.
"""

from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any

from simulator.kube.server.field_errors import duplicate, forbidden_field, invalid_value, not_supported, required
from simulator.kube.server.kinds.pod_defaults import fill
from simulator.kube.server.kinds.pod_rules import between, check_labels, one_of
from simulator.kube.server.refusals import Cause
from simulator.kube.server.registry import Resource, Tables

Json = dict[str, Any]

NETWORK = ip_network("10.96.0.0/16")
FIRST_NODE_PORT, LAST_NODE_PORT = 30000, 32767
_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_OPEN = ("NodePort", "LoadBalancer")


def _complete_service(service: Json, before: Json | None) -> None:
    spec = service.setdefault("spec", {})
    if before is not None and spec is before.get("spec"):
        return
    fill(spec, {"type": "ClusterIP", "sessionAffinity": "None"})
    for port in spec.get("ports") or ():
        fill(port, {"protocol": "TCP"})
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port", 0)
    if spec["sessionAffinity"] == "ClientIP":
        fill(spec, {"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}}})
    if spec["type"] == "ExternalName":
        return
    if spec["type"] in _OPEN:
        fill(spec, {"externalTrafficPolicy": "Cluster"})
    fill(spec, {"internalTrafficPolicy": "Cluster", **(_ANY_FAMILY if _is_elsewhere(spec) else _ONE_FAMILY)})
    if before is not None:
        _keep_address(spec, before.get("spec") or {})
    if spec.get("clusterIP") and not spec.get("clusterIPs"):
        spec["clusterIPs"] = [spec["clusterIP"]]


_ONE_FAMILY = {"ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"}
_ANY_FAMILY = {"ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "RequireDualStack"}


def _is_elsewhere(spec: Json) -> bool:
    """Whether somebody else says where it is: a name without an address and without pods."""
    return spec.get("clusterIP") == "None" and not spec.get("selector")


def _keep_address(spec: Json, old: Json) -> None:
    """What an update leaves out stays as it was allocated."""
    if not spec.get("clusterIP") and old.get("clusterIP") and old.get("type") != "ExternalName":
        spec["clusterIP"], spec["clusterIPs"] = old["clusterIP"], list(old["clusterIPs"])
    had = {(port.get("protocol"), port.get("port")): port.get("nodePort") for port in old.get("ports") or ()}
    for port in spec.get("ports") or ():
        known = had.get((port.get("protocol"), port.get("port")))
        if spec["type"] in _OPEN and not port.get("nodePort") and known:
            port["nodePort"] = known


def _allocate(service: Json, before: Json | None, tables: Tables) -> None:
    """Give it an address and, where its type asks for them, ports of the nodes."""
    spec = service["spec"]
    if spec["type"] == "ExternalName":
        return
    wanting = [port for port in spec.get("ports") or () if spec["type"] in _OPEN and not port.get("nodePort")]
    if spec.get("clusterIP") and not wanting:
        return
    others = [other.get("spec") or {} for other in tables(("", "services")).values()]
    if not spec.get("clusterIP"):
        taken = {other.get("clusterIP") for other in others}
        spec["clusterIP"] = next(str(address) for address in NETWORK.hosts() if str(address) not in taken)
        spec["clusterIPs"] = [spec["clusterIP"]]
    used = {port.get("nodePort") for other in others for port in other.get("ports") or ()}
    for port in wanting:
        port["nodePort"] = next(one for one in range(FIRST_NODE_PORT, LAST_NODE_PORT + 1) if one not in used)
        used.add(port["nodePort"])


def _check_service(service: Json, before: Json | None) -> Sequence[Cause]:
    spec = service["spec"]
    if before is not None and spec is before.get("spec"):
        return ()
    causes = _address_causes(spec, (before or {}).get("spec"))
    causes += _port_causes(spec)
    if spec.get("selector"):
        causes += check_labels("spec.selector", spec["selector"])
    causes += one_of("spec.sessionAffinity", spec["sessionAffinity"], ("ClientIP", "None"))
    causes += one_of("spec.type", spec["type"], _TYPES)
    return causes


def _address_causes(spec: Json, old: Json | None) -> list[Cause]:
    address = spec.get("clusterIP")
    if spec["type"] == "ExternalName":
        causes = [forbidden_field("spec.clusterIPs", "may not be set for ExternalName services")] if address else []
        return causes if spec.get("externalName") else [*causes, required("spec.externalName")]
    if old is None or not old.get("clusterIP") or address == old["clusterIP"] or old["type"] == "ExternalName":
        return []
    causes = [invalid_value("spec.clusterIPs[0]", spec["clusterIPs"], "may not change once set")]
    if spec["clusterIPs"][0] != address:
        causes.append(invalid_value("spec.clusterIPs", spec["clusterIPs"], "first value must match `clusterIP`"))
    return causes


def _port_causes(spec: Json) -> list[Cause]:
    ports = spec.get("ports") or []
    if not ports:
        needs = spec["type"] != "ExternalName" and spec.get("clusterIP") != "None"
        return [required("spec.ports")] if needs else []
    causes: list[Cause] = []
    names: set[str] = set()
    places: set[tuple[Any, Any]] = set()
    for position, port in enumerate(ports):
        field, name = f"spec.ports[{position}]", port.get("name") or ""
        if not name and len(ports) > 1:
            causes.append(required(f"{field}.name"))
        elif name in names:
            causes.append(duplicate(f"{field}.name", name))
        names.add(name)
        causes += between(f"{field}.port", port.get("port") or 0, 1, 65535)
        causes += one_of(f"{field}.protocol", port["protocol"], ("SCTP", "TCP", "UDP"))
        if isinstance(port["targetPort"], int):
            causes += between(f"{field}.targetPort", port["targetPort"], 1, 65535)
    for position, port in enumerate(ports):
        place = (port["protocol"], port.get("port"))
        if place in places:
            text = f'{{"Name":"","Protocol":"{place[0]}","AppProtocol":null,"Port":{place[1]},"TargetPort":0,"NodePort":0}}'
            message = f"Duplicate value: {text}"
            causes.append(Cause(field=f"spec.ports[{position}]", message=message, reason="FieldValueDuplicate"))
        places.add(place)
    return causes


def _complete_endpoints(endpoints: Json, before: Json | None) -> None:
    for subset in endpoints.get("subsets") or ():
        for port in subset.get("ports") or ():
            fill(port, {"protocol": "TCP"})


def _complete_slice(item: Json, before: Json | None) -> None:
    for endpoint in item.get("endpoints") or ():
        fill(endpoint, {"conditions": {}})
    for port in item.get("ports") or ():
        fill(port, {"name": "", "protocol": "TCP"})


def _check_slice(item: Json, before: Json | None) -> Sequence[Cause]:
    kinds = ("FQDN", "IPv4", "IPv6")
    kind = item.get("addressType")
    if not kind:
        return [required("addressType", "")]
    causes = [] if kind in kinds else [not_supported("addressType", kind, kinds)]
    if before is not None and kind != before.get("addressType"):
        causes.append(invalid_value("addressType", kind, "field is immutable"))
    return causes


SERVICES: tuple[Resource, ...] = (
    Resource(
        group="",
        version="v1",
        plural="services",
        kind="Service",
        namespaced=True,
        subresources=("status", "proxy"),
        status_on_create={"loadBalancer": {}},
        status_writes_metadata=True,
        returns_deleted=True,
        creates_on_update=True,
        complete=_complete_service,
        check=_check_service,
        admit=_allocate,
    ),
    Resource(
        group="",
        version="v1",
        plural="endpoints",
        kind="Endpoints",
        namespaced=True,
        creates_on_update=True,
        complete=_complete_endpoints,
        deprecation="v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
    ),
    Resource(
        group="discovery.k8s.io",
        version="v1",
        plural="endpointslices",
        kind="EndpointSlice",
        namespaced=True,
        counts_generation=True,
        counts_metadata=True,
        complete=_complete_slice,
        check=_check_slice,
    ),
)
