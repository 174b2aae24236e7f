"""Tests of the kind backend, as far as files can be checked without Docker."""
