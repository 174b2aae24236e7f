"""Virtual time, a seeded event loop, the choice tape, a network and disks. Knows no Kubernetes."""
