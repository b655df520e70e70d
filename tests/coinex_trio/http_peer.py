"""A scripted HTTP server on loopback: one script a request, and every byte that came is kept."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from attrs import define, field

from tests.processes import HANGS_AFTER

Script: TypeAlias = Callable[[socket.socket], bool]
"""Answers on the socket; False ends the connection."""

LIMIT = HANGS_AFTER
"""Seconds after which a test that hangs is cut off."""


@define
class Received:
    """One request as it came."""

    line: str
    headers: dict[str, str]
    head: bytes
    body: bytes


@define
class Peer:
    """What the server knows. `scripts` are used up one by one; the last goes on for ever."""

    port: int
    scripts: list[Script]
    requests: list[Received] = field(factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v2"


def reply(data: Any, *, code: int = 0, status: str = "200 OK", headers: tuple[str, ...] = ()) -> Script:
    """The venue's envelope."""
    body = json.dumps({"code": code, "data": data, "message": "OK"}).encode()
    return raw(body, status=status, headers=headers)


def raw(body: bytes, *, status: str = "200 OK", headers: tuple[str, ...] = ()) -> Script:
    """Any body."""

    def answer(connection: socket.socket) -> bool:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: application/json", *headers]
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return True

    return answer


def hang_up(connection: socket.socket) -> bool:
    """Ends the connection without an answer."""
    del connection
    return False


def reset(connection: socket.socket) -> bool:
    """Resets the connection without an answer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def half_an_answer(connection: socket.socket) -> bool:
    """Breaks off in the middle of the body."""
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"code": 0,')
    return False


def nothing(connection: socket.socket) -> bool:
    """Stays silent until the client goes away."""
    connection.settimeout(LIMIT)
    while connection.recv(1000):
        pass
    return False


@contextmanager
def http_peer(*scripts: Script, tls: ssl.SSLContext | None = None) -> Iterator[Peer]:
    """A running server; its threads end with the block."""
    listener = socket.create_server(("127.0.0.1", 0))
    peer = Peer(listener.getsockname()[1], list(scripts))
    threads: list[threading.Thread] = []
    open_sockets: list[socket.socket] = []

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            peer.connections += 1
            open_sockets.append(connection)
            thread = threading.Thread(target=serve, args=(peer, connection, tls), daemon=True)
            threads.append(thread)
            thread.start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield peer
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join(LIMIT)
        for each in open_sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # gone already
        for thread in threads:
            thread.join(LIMIT)


def serve(peer: Peer, plain: socket.socket, tls: ssl.SSLContext | None) -> None:
    connection = plain
    try:
        if tls is not None:
            connection = tls.wrap_socket(plain, server_side=True)
        connection.settimeout(LIMIT)
        while (request := read_request(connection)) is not None:
            peer.requests.append(request)
            script = peer.scripts.pop(0) if len(peer.scripts) > 1 else peer.scripts[0]
            if not script(connection):
                return
    except OSError:
        return  # the client has gone, which some tests are about
    finally:
        connection.close()


def read_request(connection: socket.socket) -> Received | None:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    line, *rest = head.decode("ascii").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)}
    length = int(headers.get("content-length", "0"))
    while len(body) < length:
        body += connection.recv(65536)
    return Received(line=line, headers=headers, head=head, body=body)
