"""The node service: gives addresses to pods, takes them back, finds leaked ones."""
