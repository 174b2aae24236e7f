"""The simulated API server as a process that others speak to: HTTP, TLS, tokens, and time that passes by itself."""
