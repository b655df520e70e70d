"""The local exchange with TLS: our clients and the standard library's, those that trust it and those that do not."""

import json
import socket
import ssl
import sys
import urllib.request

import pytest

from coinex_proto import ConnectFailed, UsageError, coinex
from coinex_trio import CoinexClient, local_exchange, open_client
from coinex_trio.exchange import Exchange
from tests.processes import HANGS_AFTER


def trust(exchange: Exchange) -> ssl.SSLContext:
    assert exchange.ca_file is not None
    return ssl.create_default_context(cafile=exchange.ca_file)


def test_sockets_and_http_speak_tls_with_clients_that_trust_its_authority() -> None:
    with local_exchange(tls=True) as exchange:
        assert exchange.url.startswith("wss://127.0.0.1:")
        with CoinexClient(url=exchange.url, credentials=exchange.credentials, ssl_context=trust(exchange)) as cx:
            cx.authenticate()
            assert cx.book(coinex.Depth("BTCUSDT")).trusted
        with urllib.request.urlopen(
            f"{exchange.http_url}/v2/ping", context=trust(exchange), timeout=HANGS_AFTER
        ) as answer:
            assert json.load(answer)["data"] == {"result": "pong"}


async def test_the_trio_client_speaks_tls_with_it_too() -> None:
    async with (
        local_exchange(tls=True) as exchange,
        open_client(coinex.spot(url=exchange.url), ssl_context=trust(exchange)) as client,
    ):
        await client.ready(coinex.Depth("BTCUSDT"))


def test_x1_a_client_that_does_not_trust_it_connects_to_nobody() -> None:
    with local_exchange(tls=True) as exchange:
        cx = CoinexClient(url=exchange.url)
        with pytest.raises(ConnectFailed, match="certificate"), cx:
            cx.ping()
        with CoinexClient(url=exchange.url, ssl_context=trust(exchange)) as trusting:
            assert trusting.ping() > 0


def test_a_client_without_tls_is_hung_up_on() -> None:
    with (
        local_exchange(tls=True) as exchange,
        socket.create_connection(
            ("127.0.0.1", int(exchange.url.split(":")[2].split("/")[0])), timeout=HANGS_AFTER
        ) as connection,
    ):
        connection.sendall(b"GET /v2/ping HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b""
        while part := connection.recv(100):
            received += part
        assert not received.startswith(b"HTTP")  # nothing, or a TLS alert


def test_the_authority_is_gone_with_the_exchange() -> None:
    with local_exchange(tls=True) as exchange:
        path = exchange.ca_file
        assert path is not None
        assert path.exists()
    assert not path.exists()


def test_without_the_package_that_makes_certificates_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    with pytest.raises(UsageError, match=r"coinex-sdk\[tls\]"), local_exchange(tls=True):
        pass


def test_without_tls_there_is_nothing_to_trust() -> None:
    with local_exchange() as exchange:
        assert exchange.ca_file is None
