"""The socket of QFEX for orders and account data."""
