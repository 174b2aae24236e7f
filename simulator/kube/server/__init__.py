"""The API server: store, reads, writes, watches, and what clients see of them."""
