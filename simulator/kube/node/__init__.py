"""One node: kubelet, container runtime, CNI plugins, network namespaces, processes."""
