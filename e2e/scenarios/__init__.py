"""Scenarios, each written once for every backend."""
