"""What serves any venue without I/O: connections, HTTP, WebSockets, faults, rate limits."""
