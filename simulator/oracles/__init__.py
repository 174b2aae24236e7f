"""What must always hold, judged on truths that are not the product's own bookkeeping.

| truth | whose | file |
| --- | --- | --- |
| the ledger's history | the API server's store, change by change | ledger.py |
| what interfaces carry | the nodes' network tables, change by change | wire.py |
| what callers were told | every CNI call and its result | callers.py |

``rules.py`` holds the three against each other after every event; ``rest.py`` judges a cluster that has come to rest.
"""
