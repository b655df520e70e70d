"""Ctrl-C and SIGTERM at random moments of programs on real sockets."""
