"""What can go wrong, as named data."""
