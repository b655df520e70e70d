"""Bad weather for bots: a network that fails by a seed, and the record of what the exchange did. Public: `coinex_trio.swarm`."""
