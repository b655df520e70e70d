"""Sockets, tasks and threads that carry bytes between a session and a peer."""
