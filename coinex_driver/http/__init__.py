"""What the HTTP clients of every driver share: requests and answers as values of httpx2, whose sockets a driver brings.

Needs the extra `http`: importing a module of it without httpx2 raises `MissingExtra`. Opens nothing, waits for nothing.
"""
