"""What spot and futures have in common, once: commands by row and market type, and rows."""
