"""The API server as a port, its HTTP client, and the generic machinery of controllers on top of the port.

| file | what it is |
| --- | --- |
| port.py | the calls that the product needs, and nothing more |
| errors.py | what can go wrong with a call, in one tree |
| http.py | the port over HTTP(S), on the transport and authentication of ``kubernetes.aio`` |
| informer.py | a local, always-converging copy of a list: list, watch, relist |
| workqueue.py | keys to work on: each at most once at a time, failures later and later |
| leadership.py | one leader among replicas, by a Lease |
"""
