"""Market data of one connection for many programs, over NATS: a relay that publishes, and consumers with a client's surface.

The extra `relay` brings nats-py and the server. Names are imported when they are first used.
"""
