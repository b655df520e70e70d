"""The page of the local exchange in a real browser, for `make browser`."""
