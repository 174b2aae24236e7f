"""Worlds: N nodes that run the real agent, controller and plugin on simulated ports."""
