"""The cluster service: validates pools, counts, reclaims from fenced nodes.

| file | what it is |
| --- | --- |
| service.py | one replica: what it runs and what it answers |
| ports.py settings.py | what it reaches the world through, and its settings |
| views.py census.py | the leader's copies, and the claims by address and pool |
| pool_status.py pool_figures.py | keeps the status of pools true; how it is derived |
| reclaim.py fences.py | gives back what no agent can; which nodes carry nothing |
| admission.py webhooks.py | what the webhooks answer; how the API server is told to ask them |
| certificates.py http.py | the shared authority; the binding to sockets |
"""
