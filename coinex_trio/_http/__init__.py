"""HTTP transports under both drivers (extra `http`)."""
