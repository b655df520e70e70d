"""Several sockets for one client: which line carries what, and what of two lines reaches the user."""
