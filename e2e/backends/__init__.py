"""The backends that scenarios run on: simulator, local, kind."""
