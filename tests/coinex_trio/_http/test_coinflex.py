"""Assets and markets over loopback: asked once, and every failure named with the host."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from coinex_proto import Config, ConnectFailed, PayloadError, RequestRefused, RequestTimedOut, UsageError
from coinex_trio import CoinflexExchange
from coinex_trio._http.coinflex import CoinflexHttp
from tests.coinex_trio.http_peer import Script, http_peer, nothing, raw
from tests.processes import HANGS_AFTER

ASSETS: list[dict[str, Any]] = [{"id": 1, "name": "A", "scale": 100}, {"id": 2, "name": "B", "scale": 1}]
MARKETS: list[dict[str, Any]] = [{"base": 1, "counter": 2, "name": "A/B", "tick": 5}]
QUICK = Config(request_timeout=1.0, open_timeout=HANGS_AFTER)


def body(value: object) -> Script:
    return raw(json.dumps(value).encode())


def test_each_table_is_fetched_once() -> None:
    with http_peer(body(ASSETS), body(MARKETS)) as peer, CoinflexHttp(url=peer.url) as http:
        assert http.assets().pair("A/B") == (1, 2)
        assert http.assets() is http.assets()
        assert http.markets()[1, 2].tick == 5
        assert http.markets() is http.markets()
    assert [request.line for request in peer.requests] == ["GET /assets/ HTTP/1.1", "GET /markets/ HTTP/1.1"]


def test_a_failure_is_not_kept() -> None:
    with http_peer(raw(b"", status="503 no"), body(ASSETS)) as peer, CoinflexHttp(url=peer.url) as http:
        with pytest.raises(RequestRefused) as caught:
            http.assets()
        assert (caught.value.code, caught.value.retryable) == (503, True)
        assert len(http.assets()) == 2


def test_nobody_there_names_the_host() -> None:
    with pytest.raises(ConnectFailed, match=r"GET /assets/ of 127\.0\.0\.1"):
        CoinflexHttp(url="http://127.0.0.1:1", config=QUICK).assets()


def test_an_answer_that_is_too_late_or_too_large_is_named() -> None:
    with (
        http_peer(nothing) as peer,
        CoinflexHttp(url=peer.url, config=QUICK) as http,
        pytest.raises(RequestTimedOut),
    ):
        http.assets()
    config = Config(max_message_bytes=10)
    with (
        http_peer(body(ASSETS)) as peer,
        CoinflexHttp(url=peer.url, config=config) as http,
        pytest.raises(ConnectFailed, match="max_message_bytes"),
    ):
        http.assets()


def test_an_answer_that_is_no_table_is_a_payload_error() -> None:
    with http_peer(raw(b"<html>")) as peer, CoinflexHttp(url=peer.url) as http, pytest.raises(PayloadError):
        http.assets()


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError):
        CoinflexHttp(url="ftp://example.com")


def test_the_local_exchange_answers_on_loopback(coinflex_server: CoinflexExchange) -> None:
    with CoinflexHttp(url=coinflex_server.http_url) as http:
        assert http.assets().pair("XBT/USDT") in http.markets()


class Body(httpx2.SyncByteStream):
    """Parts of a body; says whether it was closed."""

    def __init__(self, *parts: bytes) -> None:
        self.parts, self.read, self.is_closed = parts, 0, False

    def __iter__(self) -> Iterator[bytes]:
        for part in self.parts:
            self.read += 1
            yield part

    def close(self) -> None:
        self.is_closed = True


def test_an_answer_is_not_read_on_beyond_the_limit_and_is_closed() -> None:
    body_of = Body(*[b"x" * 100] * 1000)
    transport = httpx2.MockTransport(lambda _: httpx2.Response(200, stream=body_of))
    http = CoinflexHttp(config=Config(max_message_bytes=1000))
    http._pool = httpx2.Client(transport=transport)
    with http, pytest.raises(ConnectFailed, match="max_message_bytes"):
        http.assets()
    assert (body_of.read, body_of.is_closed) == (11, True)


def test_the_connections_end_with_the_block_and_closing_twice_is_once() -> None:
    closed: list[int] = []

    class Transport(httpx2.MockTransport):
        def close(self) -> None:
            closed.append(1)

    with CoinflexHttp() as http:
        http._pool = httpx2.Client(transport=Transport(lambda _: httpx2.Response(200, content=b"[]")))
        assert len(http.assets()) == 0
        assert closed == []
    assert closed == [1]
    http.close()
