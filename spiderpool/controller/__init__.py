"""The cluster service: validates pools, counts, reclaims from fenced nodes."""
