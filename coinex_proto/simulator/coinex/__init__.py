"""The server half of CoinEx v2: sockets and HTTP."""
