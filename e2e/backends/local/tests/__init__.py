"""Tests of the local backend: of its parts without privileges, and of a whole cluster (marked ``local``)."""
