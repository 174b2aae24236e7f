"""What the server says of itself in plain text, beside the API: that it lives and is ready, and by which checks."""

from collections.abc import Mapping, Sequence

_STARTED = (
    *("start-apiserver-admission-initializer", "generic-apiserver-start-informers"),
    *("priority-and-fairness-config-consumer", "priority-and-fairness-filter", "storage-object-count-tracker-hook"),
    *("start-apiextensions-informers", "start-apiextensions-controllers", "crd-informer-synced"),
    *("start-system-namespaces-controller", "peer-endpoint-reconciler-controller"),
    *("start-cluster-authentication-info-controller", "start-kube-apiserver-identity-lease-controller"),
    *("start-kube-apiserver-identity-lease-garbage-collector", "storage-readiness"),
    *("start-legacy-token-tracking-controller", "start-service-ip-repair-controllers", "rbac/bootstrap-roles"),
    *("scheduling/bootstrap-system-priority-classes", "priority-and-fairness-config-producer", "bootstrap-controller"),
    *("start-kubernetes-service-cidr-controller", "start-kube-aggregator-informers"),
    *("apiservice-status-local-available-controller", "apiservice-status-remote-available-controller"),
    *("apiservice-registration-controller", "apiservice-discovery-controller", "kube-apiserver-autoregistration"),
    *("autoregister-completion", "apiservice-openapi-controller", "apiservice-openapiv3-controller"),
)
_NO_HOOK = "autoregister-completion"
_HOOKS = tuple(name if name == _NO_HOOK else f"poststarthook/{name}" for name in _STARTED)
_LIVES = ("ping", "log", "loopback-serving-certificate", "etcd", *_HOOKS)
_CHECKS: Mapping[str, Sequence[str]] = {
    "healthz": _LIVES,
    "livez": _LIVES,
    "readyz": ("ping", "log", "etcd", "etcd-readiness", "informer-sync", *_HOOKS, "shutdown"),
}
"""The checks of a server in the order in which it names them. Of the simulated one all hold from the first answer on."""


def page(path: str, query: Mapping[str, str]) -> str:
    """The text at a path; empty: there is none."""
    check, slash, part = path.removeprefix("/").partition("/")
    names = _CHECKS.get(check, ())
    if slash:
        return "ok" if part in names else ""
    return _listed(check, names, query.get("exclude", "")) if names and "verbose" in query else "ok" if names else ""


def _listed(check: str, names: Sequence[str], excluded: str) -> str:
    lines = [f"[+]{name} excluded: ok" if name == excluded else f"[+]{name} ok" for name in names]
    if excluded and excluded not in names:
        lines.append(f'warn: some health checks cannot be excluded: no matches for "{excluded}"')
    return "\n".join([*lines, f"{check} check passed\n"])
