"""Custom resources: definitions, structural schemas, CEL rules, defaults and faults."""
