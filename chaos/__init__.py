"""Chaos experiments with chaostoolkit: one experiment file for the simulator, a real local cluster, and kind.

| file | what it is |
| --- | --- |
| session.py | a cluster that stays between the steps of an experiment |
| control.py | starts and ends the session around an experiment |
| actions.py | what an experiment does to a cluster |
| probes.py | what it asks of one |
| experiments/ | the experiments |

Run one with ``chaos run chaos/experiments/agent-killed-while-scaling.yaml``; SPIDERPOOL_BACKEND picks the backend
(simulator, local), SPIDERPOOL_SEED the run of the simulator.
"""
