"""The control plane beside the API server: workload controllers, scheduler, garbage collectors, node lifecycle."""
