"""Claims in which the simulated server differs from the real one, and what that means for who relies on it.

A claim stands here only until it is mended. Each must really differ: one that does not fails.
"""

from collections.abc import Mapping

KNOWN: Mapping[str, str] = {
    "kubectl.kubectl_says_the_same[at-first]": "the objects with which a real server begins are not there: flow schemas, priority levels, priority classes, the Service of the server, its CIDR, and a registration for each group",
    "kubectl.kubectl_says_the_same[resize]": "the resources of a pod cannot be changed through /resize",
    "rule_types.a_rule_that_does_not_fit_its_schema_is_refused[all by a number]": "the refusal of a rule in which all or exists is given what is no truth names the operator between the rounds, and not the part",
    "rule_costs.a_rule_that_costs_too_much_when_it_is_asked_stops_the_write": "what a rule costs when it is asked is not counted: of very large objects the real server refuses what a rule takes more than a million steps for, though its estimate was within the limit",
}
