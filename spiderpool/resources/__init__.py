"""Addresses, ranges and the Kubernetes objects that Spiderpool reads and writes. Pure: values in, values out.

| file | what it is |
| --- | --- |
| addresses.py | one address, its canonical claim name, one subnet |
| intervals.py | sets of addresses as integer intervals; a /64 costs no more than a /30 |
| ranges.py | the text forms of ranges in ``ips``, ``excludeIPs`` and reserved addresses |
| meta.py | object metadata |
| pool.py reserved.py claim.py endpoint.py ledger.py | the custom resources, as upstream names them |
| core.py | the parts of Pod, Node, Namespace, StatefulSet, Lease and Event that the product looks at |
| kinds.py | the descriptors by which the API server's port finds them |
| crds.py crd_rules.py descriptions.py | write the CustomResourceDefinitions from the models, with bounds and CEL rules |
| pool_rules.py reserved_rules.py selector_rules.py | what the webhook completes and refuses |
| refusal.py | why something is refused: field, value, remedy |
"""
