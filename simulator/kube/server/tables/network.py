"""How services and what is behind and before them are printed."""

from typing import Any

from simulator.kube.server.tables.printing import (
    NONE,
    Json,
    Printer,
    age,
    at,
    columns,
    joined,
    labels_text,
    rows,
    selector_text,
)

_SHOWN_PARTS = 3


def _service(item: Json, now: float) -> list[Any]:
    spec = item.get("spec") or {}
    kind = spec.get("type", "ClusterIP")
    address = (spec.get("clusterIPs") or [spec.get("clusterIP", "")])[0] or NONE
    cells = [kind, address, _external(item, kind), _service_ports(spec)]
    return [*rows(item, cells, now), labels_text(spec.get("selector"))]


def _external(item: Json, kind: str) -> str:
    given = list(at(item, "spec.externalIPs") or ())
    if kind == "ExternalName":
        return str(at(item, "spec.externalName") or "")
    if kind == "LoadBalancer":
        balancers = at(item, "status.loadBalancer.ingress") or ()
        given = [one.get("ip") or one.get("hostname", "") for one in balancers] + given
        return ",".join(given) or "<pending>"
    return joined(given)


def _service_ports(spec: Json) -> str:
    return joined(
        f"{port['port']}{':' + str(port['nodePort']) if port.get('nodePort') else ''}/{port.get('protocol', 'TCP')}"
        for port in spec.get("ports") or ()
    )


def _endpoints(item: Json, now: float) -> list[Any]:
    found = []
    for subset in item.get("subsets") or ():
        ports = subset.get("ports") or [{}]
        for address in subset.get("addresses") or ():
            found += [f"{address['ip']}:{port['port']}" if port else address["ip"] for port in ports]
    return rows(item, [_some(found)], now)


def _some(found: list[str]) -> str:
    more = len(found) - _SHOWN_PARTS
    return joined(found) if more <= 0 else f"{','.join(found[:_SHOWN_PARTS])} + {more} more..."


def _slice(item: Json, now: float) -> list[Any]:
    ports = item.get("ports")
    addresses = [address for endpoint in item.get("endpoints") or () for address in endpoint.get("addresses") or ()]
    shown = "<unset>" if not ports else _shortened([str(port.get("port") or "*") for port in ports])
    return rows(item, [item.get("addressType", ""), shown, _shortened(addresses) if addresses else "<unset>"], now)


def _shortened(found: list[str]) -> str:
    more = len(found) - _SHOWN_PARTS
    return ",".join(found) if more <= 0 else f"{','.join(found[:_SHOWN_PARTS])} + {more} more..."


def _ingress(item: Json, now: float) -> list[Any]:
    spec = item.get("spec") or {}
    hosts = [rule["host"] for rule in spec.get("rules") or () if rule.get("host")]
    balancers = at(item, "status.loadBalancer.ingress") or ()
    address = ",".join(one.get("ip") or one.get("hostname", "") for one in balancers)
    ports = "80, 443" if spec.get("tls") else "80"
    return rows(item, [spec.get("ingressClassName") or NONE, _hosts(hosts), address, ports], now)


def _hosts(hosts: list[str]) -> str:
    if not hosts:
        return "*"
    more = len(hosts) - _SHOWN_PARTS
    return ",".join(hosts) if more <= 0 else f"{','.join(hosts[:_SHOWN_PARTS])} + {more} more..."


def _ingress_class(item: Json, now: float) -> list[Any]:
    given = at(item, "spec.parameters")
    shown = NONE
    if given:
        group = f".{given['apiGroup']}" if given.get("apiGroup") else ""
        shown = f"{given['kind']}{group}/{given['name']}"
    return [item["metadata"]["name"], at(item, "spec.controller") or "", shown, age(item, now)]


NETWORK: dict[tuple[str, str], Printer] = {
    ("", "services"): Printer(
        columns=columns("Type", "Cluster-IP", "External-IP", "Port(s)", "Age", "Selector/wide"), cells=_service
    ),
    ("", "endpoints"): Printer(columns=columns("Endpoints", "Age"), cells=_endpoints),
    ("discovery.k8s.io", "endpointslices"): Printer(
        columns=columns("AddressType", "Ports", "Endpoints", "Age"), cells=_slice
    ),
    ("networking.k8s.io", "ingresses"): Printer(
        columns=columns("Class", "Hosts", "Address", "Ports", "Age"), cells=_ingress
    ),
    ("networking.k8s.io", "ingressclasses"): Printer(
        columns=columns("Controller", "Parameters", "Age"), cells=_ingress_class
    ),
    ("networking.k8s.io", "networkpolicies"): Printer(
        columns=columns("Pod-Selector", "Age"),
        cells=lambda item, now: rows(item, [selector_text(at(item, "spec.podSelector"))], now),
    ),
}
