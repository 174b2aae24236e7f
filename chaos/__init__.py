"""Chaos experiments on the simulator, a real local cluster and kind (chaostoolkit)."""
