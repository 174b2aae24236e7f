"""What the services tell the outside: metrics, logs, events, health.

| file | what it is |
| --- | --- |
| port.py | what a service says about itself, in one small port |
| prometheus.py | the port on an own prometheus registry, and JSON lines on stderr |
| events.py | Kubernetes Events: written once per cause, never in the way |
"""
