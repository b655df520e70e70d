"""What outlives a socket: subscriptions, trust, own orders, and when to connect again. Knows no venue."""
