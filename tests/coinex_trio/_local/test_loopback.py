"""The loop that serves the local exchange on real sockets."""

from __future__ import annotations

import gzip
import json
import logging
import signal
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

from coinex_proto.simulator import CoinexServer
from coinex_trio._local.loopback import HostFailed, LoopbackHost
from coinex_trio.exchange import Exchange, local_exchange
from tests.processes import HANGS_AFTER

UPGRADE = (
    b"GET /v2/spot HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
PING = b"\x89\x80\x00\x00\x00\x00"
PONG = b"\x8a\x00"


def test_an_answer_after_which_it_closes_is_whole_when_the_request_came_with_the_end_of_the_handshake() -> None:
    with local_exchange(markets=("BTCUSDT",), tls=True) as exchange:
        port = int(exchange.http_url.rsplit(":", 1)[1])
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context(cafile=exchange.ca_file)
        tls = context.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
        with socket.create_connection(("127.0.0.1", port), timeout=HANGS_AFTER) as connection:
            while not _is_shaken(tls):
                connection.sendall(outgoing.read())
                incoming.write(connection.recv(65536))
            tls.write(b"GET /v2/time HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            connection.sendall(outgoing.read())  # the last word of the handshake, and the question
            while data := connection.recv(65536):
                incoming.write(data)
        assert tls.read(65536).startswith(b"HTTP/1.1 200")


def _socket(host: LoopbackHost) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", host.port), timeout=HANGS_AFTER)
    line.sendall(UPGRADE)
    head = b""
    while b"\r\n\r\n" not in head:
        head += line.recv(4096)
    return line


def _stop_the_process(host: LoopbackHost, seconds: float, *says: socket.socket) -> None:
    """As SIGSTOP and SIGCONT do: time passes in one piece, and clients go on sending meanwhile."""

    def stopped() -> None:
        for line in says:
            line.sendall(PING)
        host._shift += seconds

    host.call(stopped)


def test_pings_that_lay_unread_while_the_process_was_stopped_are_read_before_anybody_is_judged_idle() -> None:
    host = LoopbackHost(lambda now: CoinexServer(now=now), "127.0.0.1", 0)
    host.start()
    try:
        with _socket(host) as first, _socket(host) as second, _socket(host) as silent:
            _stop_the_process(host, 62.0, first, second)
            for line in (first, second):
                assert line.recv(2, socket.MSG_WAITALL) == PONG
            assert silent.recv(1) == b""
            for line in (first, second):
                line.sendall(PING)
                assert line.recv(2, socket.MSG_WAITALL) == PONG
    finally:
        host.stop()


def test_an_exchange_that_is_behind_says_by_how_much(caplog: pytest.LogCaptureFixture) -> None:
    told = threading.Event()

    class Heard(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.set()

    handler, logger = Heard(), logging.getLogger("coinex_trio.exchange")
    logger.addHandler(handler)
    host = LoopbackHost(lambda now: CoinexServer(now=now), "127.0.0.1", 0)
    host.start()
    try:
        with _socket(host):
            _stop_the_process(host, 1000.0)
            assert told.wait(HANGS_AFTER)
    finally:
        host.stop()
        logger.removeHandler(handler)
    (record,) = [record for record in caplog.records if record.name == "coinex_trio.exchange"]
    assert record.levelno == logging.WARNING
    assert 900 < float(record.getMessage().partition(" s behind")[0]) < 1000


def _is_shaken(tls: ssl.SSLObject) -> bool:
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with local_exchange(seed=1) as running:
        yield running


@pytest.fixture
def client(exchange: Exchange) -> Iterator[ClientConnection]:
    with connect(exchange.url, compression=None, close_timeout=0.2) as connection:
        yield connection


def ask(client: ClientConnection, method: str, **params: Any) -> dict[str, Any]:
    """Sends a request and gives its answer; pushes before it are dropped."""
    client.send(json.dumps({"method": method, "params": params, "id": 7}))
    return next(message for message in messages(client) if message.get("id") == 7)


def messages(client: ClientConnection) -> Iterator[dict[str, Any]]:
    while True:
        payload = client.recv(timeout=HANGS_AFTER)
        assert isinstance(payload, bytes)
        yield json.loads(gzip.decompress(payload))


def push(client: ClientConnection, method: str) -> dict[str, Any]:
    data: dict[str, Any] = next(message for message in messages(client) if message.get("method") == method)["data"]
    return data


def test_a_client_that_does_not_read_is_reset_and_the_others_live_on(
    exchange: Exchange, client: ClientConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coinex_trio._local.loopback.MAX_UNREAD", 10_000)
    host, port = exchange.http_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=HANGS_AFTER) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with pytest.raises(ConnectionError):
            while True:
                deaf.sendall(b"GET /none HTTP/1.1\r\nHost: x\r\n\r\n" * 1000)
    assert ask(client, "server.ping")["code"] == 0


def test_an_exchange_that_fails_says_why_to_whoever_uses_it(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def accept(self, now: float) -> Any:
            raise ZeroDivisionError

        def take_ready(self) -> tuple[Any, ...]:
            return ()

        def next_deadline(self) -> float | None:
            return None

        def relieve(self, now: float) -> None: ...

        def advance(self, now: float) -> None: ...

        def advance_to_output(self, until: float) -> float:
            return until

    host = LoopbackHost(lambda now: Broken(), "127.0.0.1", 0)
    host.start()
    with socket.create_connection(("127.0.0.1", host.port), timeout=HANGS_AFTER), pytest.raises(HostFailed) as failed:
        host.call(lambda: None)
    assert isinstance(failed.value.__cause__, ZeroDivisionError)
    host.stop()


def test_an_exchange_with_something_due_at_every_moment_answers_all_the_same() -> None:
    class Busy(CoinexServer):
        def next_deadline(self) -> float | None:
            return self.now

    host = LoopbackHost(lambda now: Busy(now=now), "127.0.0.1", 0)
    host.start()
    try:
        with connect(f"{host.url('ws')}/v2/spot", compression=None, close_timeout=0.2) as client:
            assert ask(client, "server.ping")["code"] == 0
    finally:
        host.stop()


def test_an_exchange_that_must_do_more_than_the_machine_can_still_answers() -> None:
    with (
        local_exchange(markets=20, rate=1_000.0) as exchange,
        connect(exchange.url, compression=None, close_timeout=0.2) as client,
    ):
        assert ask(client, "deals.subscribe", market_list=[])["code"] == 0
        for _ in range(3):
            assert push(client, "deals.update")["deal_list"]
            assert ask(client, "server.ping")["code"] == 0


def test_traders_who_act_rarely_are_not_taken_for_late() -> None:
    with (
        local_exchange(rate=1.0, seed=3) as exchange,
        connect(exchange.url, compression=None, close_timeout=0.2) as client,
    ):
        ask(client, "bbo.subscribe", market_list=["BTCUSDT"])
        push(client, "bbo.update")
        assert push(client, "bbo.update")["market"] == "BTCUSDT"


def test_p2_ctrl_c_ends_the_wait_also_when_it_did_not_wake_the_main_thread() -> None:
    with local_exchange() as exchange:
        (other,) = [one for one in threading.enumerate() if one.name.startswith("local-exchange:")]
        # Its handler runs in the main thread, which waits by then, and is not woken.
        interrupt = threading.Timer(0.2, signal.pthread_kill, (other.ident, signal.SIGINT))
        began = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            interrupt.start()
            exchange.run(HANGS_AFTER)
        assert time.monotonic() - began < HANGS_AFTER / 2
