"""The market data socket of QFEX."""
