"""How quick the SDK is, beside other people's code on the same bytes: `make bench`."""
