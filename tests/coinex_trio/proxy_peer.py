"""A scripted HTTP proxy on loopback: one script a connection, and every request head that came is kept."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TypeAlias

from attrs import define, field

from tests.processes import HANGS_AFTER

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


@define
class ProxyPeer:
    """What the proxy knows. `scripts` are used up one by one; the last goes on for ever."""

    listener: socket.socket
    venue_port: int
    """Where every tunnel leads to, whatever name was asked for."""
    scripts: list[Script]
    heads: list[str] = field(factory=list)
    is_over: bool = False

    @property
    def port(self) -> int:
        port: int = self.listener.getsockname()[1]
        return port

    def url(self, login: str = "") -> str:
        return f"http://{login}127.0.0.1:{self.port}"

    def serve(self) -> None:
        with ExitStack() as ending:
            while True:
                try:
                    connection, _ = self.listener.accept()
                except OSError:
                    return
                script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
                thread = threading.Thread(target=self._serve, args=(connection, script))
                ending.callback(thread.join, HANGS_AFTER)
                thread.start()

    def _serve(self, connection: socket.socket, script: Script) -> None:
        with connection, suppress(OSError):
            connection.settimeout(HANGS_AFTER)
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                data = connection.recv(1)
                if not data:
                    return
                head += data
            self.heads.append(head.decode())
            script(connection, self)


Script: TypeAlias = Callable[[socket.socket, ProxyPeer], None]
"""Talks on after the head of the CONNECT request has come."""


def relay(connection: socket.socket, peer: ProxyPeer, answer: bytes = ESTABLISHED) -> None:
    """What proxies do."""
    with socket.create_connection(("127.0.0.1", peer.venue_port), HANGS_AFTER) as venue:
        connection.sendall(answer)
        ways = {connection: venue, venue: connection}
        while ways and not peer.is_over:
            for source in select.select(list(ways), [], [], 0.05)[0]:
                if data := source.recv(65536):
                    ways[source].sendall(data)
                else:
                    ways.pop(source).shutdown(socket.SHUT_WR)


def say(answer: bytes) -> Script:
    """This, and then the end."""

    def script(connection: socket.socket, peer: ProxyPeer) -> None:
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            continue

    return script


def say_and_wait(answer: bytes) -> Script:
    """This, and then nothing until the client goes."""

    def script(connection: socket.socket, peer: ProxyPeer) -> None:
        connection.sendall(answer)
        while connection.recv(65536):
            continue

    return script


def say_without_end(part: bytes) -> Script:
    def script(connection: socket.socket, peer: ProxyPeer) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not peer.is_over:
            connection.sendall(part)

    return script


@contextmanager
def proxy_peer(*scripts: Script, venue_port: int = 0) -> Iterator[ProxyPeer]:
    listener = socket.create_server(("127.0.0.1", 0))
    peer = ProxyPeer(listener, venue_port, list(scripts or [relay]))
    thread = threading.Thread(target=peer.serve)
    thread.start()
    try:
        yield peer
    finally:
        peer.is_over = True
        # Closing alone does not wake an accept() in another thread.
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(HANGS_AFTER)
        assert not thread.is_alive()
