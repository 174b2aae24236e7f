"""A kind cluster (Kubernetes in Docker) as a backend of the end-to-end suite.

Written where no kind could run: the command lines are checked against files only, and nothing here has created a
cluster yet. ``missing()`` says what keeps it from running, including what the project itself still lacks for it.
"""
