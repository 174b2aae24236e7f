"""What is claimed about the API server, run against the simulated and the real one."""
