"""Ports that every service needs and no room owns: time, randomness, and a request as a value.

A port is a small protocol in the words of its users. The production implementations are in ``ports/system.py`` and are
used by composition roots only; the simulator brings its own.
"""
