"""What one socket keeps: its requests, its sign-in, its heartbeat and its timers. Knows no venue and no topics."""
