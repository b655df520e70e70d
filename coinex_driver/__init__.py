"""What every driver package shares, without I/O: the client between a session and its user, its streams, its words for errors.

A driver brings sockets, time and a way to wait. It makes a `ClientCore`, extends `ClientBase`, calls `deliver()` after each
step of the session, and puts its own way of waiting on top of a `StreamQueue`.
"""
