"""The console command `coinex`, built on the public names of the SDK only (extra `cli`)."""
