"""Who asks, and what they may do: tokens, users, roles, reviews."""
