"""The API server as a port, its HTTP client, and the generic machinery of controllers on top of the port.

| file | what it is |
| --- | --- |
| port.py | the calls that the product needs, and nothing more |
| errors.py | what can go wrong with a call, in one tree |
| status.py | what an answer that is no success means: the error tree from HTTP status and ``Status`` |
| codec.py | objects as typed values, and as the JSON of the API |
| rest.py | the calls of the port as requests: paths, queries, bodies, pages, events |
| http.py | carries those over HTTP(S), on configuration, TLS and transport of ``kubernetes.aio`` |
| auth.py | who we are: kubeconfig, tokens that are rotated |
| lines.py | lines out of the pieces of a stream |
| informer.py | a local, always-converging copy of a list: list, watch, relist |
| batched.py | one read for many askers, none of whom is told anything older than its question |
| workqueue.py | keys to work on: each at most once at a time, failures later and later |
| leadership.py | one leader among replicas, by a Lease |
"""
