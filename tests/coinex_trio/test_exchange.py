"""The local exchange on loopback, seen by a client that is not ours."""

import gzip
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from coinex_proto.coinex import sign_websocket
from coinex_trio.exchange import Exchange, local_exchange
from tests.processes import HANGS_AFTER

STAMP_MS = 1_700_490_703_564


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


def sign_in(client: ClientConnection, exchange: Exchange) -> None:
    now_ms: int = ask(client, "server.time")["data"]["timestamp"]
    signed = sign_websocket(exchange.secret_key, now_ms)
    answer = ask(client, "server.sign", access_id=exchange.access_id, signed_str=signed, timestamp=now_ms)
    assert answer["code"] == 0


def test_a_foreign_client_is_answered_and_gets_pushes_in_time(client: ClientConnection) -> None:
    assert ask(client, "server.ping")["data"] == {"result": "pong"}
    assert ask(client, "depth.subscribe", market_list=[["BTCUSDT", 5, "0", False]])["code"] == 0
    first = push(client, "depth.update")
    assert first["market"] == "BTCUSDT"
    assert first["is_full"] is True


def test_a_quote_is_the_whole_book(exchange: Exchange, client: ClientConnection) -> None:
    exchange.quote("BTCUSDT", bid="100", ask=Decimal("101.5"), size=2)
    ask(client, "bbo.subscribe", market_list=["BTCUSDT"])
    ask(client, "depth.subscribe", market_list=[["BTCUSDT", 5, "0", True]])
    book = push(client, "depth.update")["depth"]
    assert [[float(x) for x in level] for level in book["bids"]] == [[100.0, 2.0]]
    assert [[float(x) for x in level] for level in book["asks"]] == [[101.5, 2.0]]


def test_an_order_of_the_account_is_pushed_when_placed_and_when_filled(
    exchange: Exchange, client: ClientConnection
) -> None:
    exchange.quote("BTCUSDT", bid="100", ask="101")
    sign_in(client, exchange)
    ask(client, "order.subscribe", market_list=["BTCUSDT"])
    order = exchange.place("BTCUSDT", "buy", price="99.5", amount="0.25")
    assert exchange.orders() == (order,)
    assert (order.price, order.amount, order.remaining) == (Decimal("99.5"), Decimal("0.25"), Decimal("0.25"))
    assert push(client, "order.update")["event"] == "put"
    exchange.fill(order)
    assert push(client, "order.update")["event"] == "finish"
    assert exchange.orders("BTCUSDT") == ()


def test_a_dropped_connection_ends_without_a_close_frame(exchange: Exchange, client: ClientConnection) -> None:
    ask(client, "server.ping")
    exchange.drop()
    with pytest.raises(ConnectionClosed) as gone:
        client.recv(timeout=HANGS_AFTER)
    assert gone.value.rcvd is None


def test_time_can_be_set_ahead_so_that_the_idle_limit_cuts(exchange: Exchange, client: ClientConnection) -> None:
    ask(client, "server.ping")
    exchange.advance(61)
    with pytest.raises(ConnectionClosed):
        client.recv(timeout=HANGS_AFTER)


def test_the_next_request_is_refused_on_demand(exchange: Exchange, client: ClientConnection) -> None:
    exchange.refuse("server.ping", 23002)
    assert ask(client, "server.ping")["code"] == 23002
    assert ask(client, "server.ping")["code"] == 0


def test_a_mistake_in_a_method_raises_in_the_thread_that_made_it(exchange: Exchange) -> None:
    with pytest.raises(ValueError, match="NOSUCH"):
        exchange.quote("NOSUCH", bid="1", ask="2")
    exchange.quote("BTCUSDT", bid="100", ask="101")


def test_the_same_seed_gives_the_same_keys_and_they_do_not_show() -> None:
    with local_exchange(seed=5) as one, local_exchange(seed=5) as two:
        assert one.access_id == two.access_id
        assert one.secret_key not in repr(vars(one)["credentials"])


def test_methods_mean_the_spot_market_by_default_and_the_future_that_has_no_other() -> None:
    with local_exchange(markets=("BTCUSDT", "BTCUSD")) as exchange:
        exchange.quote("BTCUSD", "59999", "60001", "1000")
        exchange.quote("BTCUSDT", "100", "101", module="futures")
        order = exchange.place("BTCUSDT", "buy", "100.5", "1", module="futures")
        exchange.fill(order)
        exchange.trade("BTCUSD", "buy", "10")
        placed = exchange.place("BTCUSDT", "buy", "1000", "0.5")
        assert exchange.orders() == (placed,)
        with pytest.raises(ValueError, match="no spot market 'BTCUSD'"):
            exchange.trade("BTCUSD", "buy", "10", module="spot")
