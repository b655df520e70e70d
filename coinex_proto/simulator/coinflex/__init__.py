"""The server half of CoinFLEX v1."""
