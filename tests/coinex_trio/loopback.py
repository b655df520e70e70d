"""A scripted venue on a real loopback socket, with or without TLS; one thread serves one connection after the other."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.coinex_trio.venue import Venue
from tests.processes import HANGS_AFTER


class Loopback:
    """What the server has seen."""

    def __init__(self, context: ssl.SSLContext | None) -> None:
        self.context = context
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.venues: list[Venue] = []
        self.plaintext = bytearray()
        """Every byte of the application that arrived."""
        self.was_told_the_end = threading.Event()

    def url(self, host: str = "127.0.0.1") -> str:
        return f"{'ws' if self.context is None else 'wss'}://{host}:{self.port}/"

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(HANGS_AFTER)
                self._serve(
                    connection if self.context is None else self.context.wrap_socket(connection, server_side=True)
                )

    def _serve(self, connection: socket.socket) -> None:
        venue = Venue()
        self.venues.append(venue)
        with connection:
            while data := connection.recv(65536):
                self.plaintext += data
                venue.receive(data)
                connection.sendall(venue.out)
                venue.out.clear()
                if venue.is_over:
                    break
            self.was_told_the_end.set()


@contextmanager
def loopback(context: ssl.SSLContext | None = None) -> Iterator[Loopback]:
    server = Loopback(context)
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield server
    finally:
        # Closing alone does not wake an accept() in another thread.
        with suppress(OSError):
            server.listener.shutdown(socket.SHUT_RDWR)
        server.listener.close()
        thread.join(HANGS_AFTER)
        assert not thread.is_alive()
