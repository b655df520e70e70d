"""The server half of QFEX: both sockets."""
