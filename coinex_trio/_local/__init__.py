"""Where a local exchange runs: on loopback in real time, or in memory on virtual time."""
