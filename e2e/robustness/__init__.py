"""What nobody sends on purpose, sent to the simulated API server's HTTP face."""
