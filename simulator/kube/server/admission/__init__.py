"""What is asked before a write: webhooks and ValidatingAdmissionPolicies."""
