"""A port of this machine where nobody listens, and where nobody will as long as the tests run."""

from __future__ import annotations

import atexit
import socket
from functools import cache


@cache
def refusing_port() -> int:
    """Taken and not listened at, so that it is given to no other program meanwhile; connections to it are refused."""
    taken = socket.socket()
    atexit.register(taken.close)
    taken.bind(("127.0.0.1", 0))
    port: int = taken.getsockname()[1]
    return port
