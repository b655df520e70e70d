"""What spot and futures have in common, once: the calls by row and market type, and the rows."""
