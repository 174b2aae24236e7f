"""The decisions of address management. Pure: observations in, a decision or a refusal with its reasons out.

| file | what it decides |
| --- | --- |
| candidates.py | which pools may serve a pod's interface, and why the others may not |
| choose.py | which address of a pool to try |
| usage.py | the compact summary of a pool's taken addresses |
| claims.py | what a claim looks like, whose it is, and which states follow which |
| attach.py | ADD: keep, adopt, wait or claim |
| detach.py | DEL: delete, park or cool |
| reclaim.py | the reclaim table: keep, suspect, release or park |
| verify.py | whether a claim lies inside its pool as it stands |
| identity.py | which pods have an identity whose addresses stay |
| refusals.py | why something was not done, as data |
"""
