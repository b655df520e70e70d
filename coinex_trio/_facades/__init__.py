"""The parts of the clients with one verb a channel."""
