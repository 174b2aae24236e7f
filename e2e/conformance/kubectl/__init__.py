"""Transcripts of kubectl: what is typed (``topics/``), on what (``manifests/``), and how both servers answer."""
