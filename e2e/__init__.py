"""End-to-end scenarios written once, their backends, conformance cases and benchmarks."""
