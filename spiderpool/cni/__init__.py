"""The CNI 1.1 wire: configuration, environment, results, errors, dispatch. Pure, standard library only.

| file | what it is |
| --- | --- |
| dispatch.py | what each verb needs: variables, oldest specification, keys of the configuration |
| environment.py | the CNI_* variables of one call, and the pod that CNI_ARGS names |
| config.py | the network configuration on stdin; strict, and lenient for DEL |
| results.py | what goes to stdout when it went well |
| errors.py | what goes to stdout when it did not |
| forwarded.py | the request in which the plugin forwards a call to the agent, as headers and as the bytes of a tombstone |
"""
