"""Spiderpool: an IPAM for underlay networks on Kubernetes. The rooms and who may import whom: docs/architecture.md."""

__version__ = "0.1.0"
