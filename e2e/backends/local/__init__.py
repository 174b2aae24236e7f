"""A real Kubernetes cluster on one machine, without Docker, for scenarios that must not be believed on a simulator alone.

Real etcd, API server, scheduler and controller-manager share one network namespace (the fabric); every node is a set of
namespaces with its own PID 1, in which real containerd, kubelet, runc and CNI plugins run at their usual paths. The
promise: nothing is created in the machine's own network namespace, and ``down`` leaves nothing behind.

``docs/local-backend.md`` explains the build-up, the limits and the way in for people who want to look.
"""
