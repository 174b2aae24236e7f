"""What the simulated API server claims, each claim stated once and asked of the real one too."""
