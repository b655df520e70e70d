"""The loop that serves the local exchange on real sockets."""

from __future__ import annotations

import socket
import ssl

from coinex_trio import local_exchange


def test_an_answer_after_which_it_closes_is_whole_when_the_question_came_with_the_end_of_the_handshake() -> None:
    with local_exchange(markets=("BTCUSDT",), tls=True) as exchange:
        port = int(exchange.http_url.rsplit(":", 1)[1])
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context(cafile=exchange.ca_file)
        tls = context.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
            while not _is_shaken(tls):
                line.sendall(outgoing.read())
                incoming.write(line.recv(65536))
            tls.write(b"GET /v2/time HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            line.sendall(outgoing.read())  # the last word of the handshake, and the question
            while data := line.recv(65536):
                incoming.write(data)
        assert tls.read(65536).startswith(b"HTTP/1.1 200")


def _is_shaken(tls: ssl.SSLObject) -> bool:
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True
