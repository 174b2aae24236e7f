"""A Kubernetes model: API server, workload controllers, scheduler, kubelet, CNI runtime. Knows no Spiderpool."""
