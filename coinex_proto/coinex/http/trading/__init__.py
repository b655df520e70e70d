"""Own orders, holdings and backfill over HTTP, on the order tracker of a session."""
