"""A Kubernetes model: ``server``, ``controllers`` and ``node``; what stands here carries requests between them.

Knows no Spiderpool.
"""
