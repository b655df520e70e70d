"""Pushes of the old CoinEx v1 sockets, under today's field names; for reading old recordings."""
