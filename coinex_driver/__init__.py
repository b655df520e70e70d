"""What every driver package shares, without I/O: the client between a session and its user, its streams, and its words for errors."""
