"""The deterministic cluster simulator: a virtual-time kernel, a Kubernetes model, worlds that run the real product."""
