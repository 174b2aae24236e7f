"""Everything that goes wrong in a campaign, as a table. ``acts.py`` and ``server_acts.py`` do what the names say.

Request faults concern the agent of one node and the claims: ``verb`` picks one of ``VERBS``, ``times`` how many requests
in a row are hit. Store faults concern every client of the API server. CNI faults concern calls of the IPAM plugin on one
node. Replica faults concern one of several API servers and whoever speaks to it; where there is but one, nothing
happens.
"""

from simulator.faults.fault import Fault

VERBS = ("create", "create", "update", "delete", "delete", "get", "list")
STATUSES = (409, 429, 500, 504, 503)
DENIED = ("create", "update", "delete", "get", "list", "watch")

CRASH_POINTS = (
    "kube.create before",
    "kube.create after",
    "kube.update before",
    "kube.update after",
    "kube.delete before",
    "kube.delete after",
    "kube.get after",
    "kube.list after",
    "disk.write before",
    "disk.write after",
    "disk.remove before",
    "host.flush before",
    "host.flush after",
)

_REQUEST = {"verb": (0.0, len(VERBS) - 0.001), "times": (1.0, 4.0)}
_CALLS = {"times": (1.0, 4.0)}

FAULTS: tuple[Fault, ...] = (
    Fault(name="agent-crash", weight=2, where="agent", numbers={"down_seconds": (0.5, 30.0)}),
    Fault(name="agent-crash-at-point", weight=4, where="agent", numbers={"point": (0.0, len(CRASH_POINTS) - 0.001)}),
    Fault(name="agent-paused", weight=1, where="agent", numbers={"hold_seconds": (0.5, 40.0)}),
    Fault(name="request-lost", weight=2, where="api", numbers=_REQUEST),
    Fault(name="answer-lost", weight=3, where="api", numbers=_REQUEST),
    Fault(
        name="commit-late",
        weight=3,
        where="api",
        numbers={**_REQUEST, "late_seconds": (0.5, 40.0), "give_up_seconds": (0.05, 9.0)},
    ),
    Fault(name="request-delayed", weight=2, where="api", numbers={**_REQUEST, "late_seconds": (0.1, 12.0)}),
    Fault(name="request-refused", weight=2, where="api", numbers={**_REQUEST, "status": (0.0, len(STATUSES) - 0.001)}),
    Fault(name="committed-and-refused", weight=2, where="api", numbers={**_REQUEST, "status": (2.0, 4.999)}),
    Fault(name="api-silent", weight=1, where="api", numbers={"hold_seconds": (1.0, 60.0)}),
    Fault(name="api-refusing", weight=1, where="api", numbers={"hold_seconds": (1.0, 60.0)}),
    Fault(name="watch-cut", weight=1, where="api"),
    Fault(name="watch-held", weight=2, where="api", numbers={"hold_seconds": (1.0, 60.0)}),
    Fault(
        name="replica-behind",
        weight=3,
        where="replica",
        numbers={"lag_seconds": (0.05, 60.0), "hold_seconds": (1.0, 90.0)},
    ),
    Fault(name="replica-down", weight=1, where="replica", numbers={"down_seconds": (0.5, 60.0)}),
    Fault(name="clients-moved", weight=3, where="replica"),
    Fault(
        name="etcd-timeout",
        weight=3,
        where="api",
        numbers={**_REQUEST, "applied": (0.0, 2.999), "late_seconds": (0.1, 30.0)},
    ),
    Fault(
        name="etcd-leader-changed", weight=2, where="store", numbers={"applied": (0.0, 1.999), "writes": (1.0, 12.999)}
    ),
    Fault(name="etcd-leaderless", weight=1, where="store", numbers={"hold_seconds": (1.0, 30.0)}),
    Fault(name="store-full", weight=1, where="store", numbers={"hold_seconds": (1.0, 60.0)}),
    Fault(name="token-expired", weight=1, where="api", numbers={"hold_seconds": (1.0, 60.0)}),
    Fault(
        name="verb-denied",
        weight=1,
        where="api",
        numbers={"denied": (0.0, len(DENIED) - 0.001), "hold_seconds": (1.0, 60.0)},
    ),
    Fault(
        name="names-unresolved",
        weight=1,
        where="api",
        numbers={"resolver_seconds": (0.0, 5.0), "hold_seconds": (1.0, 60.0)},
    ),
    Fault(name="watch-half-open", weight=2, where="api"),
    Fault(name="webhooks-down", weight=1, where="controller", numbers={"hold_seconds": (1.0, 60.0)}),
    Fault(
        name="webhooks-slow",
        weight=1,
        where="controller",
        numbers={"late_seconds": (0.5, 12.0), "hold_seconds": (1.0, 60.0)},
    ),
    Fault(name="collector-crash", weight=1, where="cluster", numbers={"down_seconds": (0.5, 60.0)}),
    Fault(
        name="collector-late",
        weight=1,
        where="cluster",
        numbers={"late_seconds": (0.5, 40.0), "hold_seconds": (1.0, 60.0)},
    ),
    Fault(name="del-lost", weight=2, where="cni", numbers=_CALLS),
    Fault(name="del-doubled", weight=1, where="cni", numbers=_CALLS),
    Fault(name="del-late", weight=2, where="cni", numbers={**_CALLS, "late_seconds": (0.5, 50.0)}),
    Fault(name="del-fails-after", weight=1, where="cni", numbers=_CALLS),
    Fault(name="add-doubled", weight=1, where="cni", numbers=_CALLS),
    Fault(name="add-stalls", weight=2, where="cni", numbers={**_CALLS, "late_seconds": (0.5, 70.0)}),
    Fault(name="add-answer-stalls", weight=1, where="cni", numbers={**_CALLS, "late_seconds": (0.5, 50.0)}),
    Fault(name="add-fails-after", weight=2, where="cni", numbers=_CALLS),
    Fault(
        name="kubelet-killed-in-add",
        weight=2,
        where="node",
        numbers={"after_seconds": (0.0, 1.0), "down_seconds": (0.5, 5.0), "late_seconds": (0.0, 8.0)},
    ),
    Fault(
        name="runtime-killed-in-add",
        weight=2,
        where="node",
        numbers={"after_seconds": (0.0, 1.0), "down_seconds": (0.5, 5.0), "late_seconds": (0.0, 8.0)},
    ),
    Fault(name="runtime-killed", weight=1, where="node", numbers={"down_seconds": (0.5, 20.0)}),
    Fault(name="power-cut", weight=1, where="node", numbers={"down_seconds": (1.0, 60.0)}),
    Fault(name="pod-force-deleted", weight=2, where="pod"),
    Fault(name="pod-force-deleted-in-add", weight=2, where="pod", numbers={"after_seconds": (0.0, 0.1)}),
    Fault(name="sandbox-killed", weight=2, where="pod"),
    Fault(name="controller-crash", weight=1, where="controller", numbers={"down_seconds": (0.5, 30.0)}),
    Fault(name="pool-edited", weight=3, where="pool", numbers={"hold_seconds": (0.5, 40.0)}),
    Fault(name="address-reserved", weight=2, where="pool", numbers={"hold_seconds": (0.5, 40.0)}),
    Fault(name="ledger-recovering", weight=1, where="pool", numbers={"hold_seconds": (0.5, 15.0)}),
)
