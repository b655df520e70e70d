"""The local exchange on loopback, seen by a client that is not ours."""

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from coinex_proto import UsageError
from coinex_proto.coinex import sign_websocket
from coinex_trio._local.loopback import HostFailed, LoopbackHost
from coinex_trio.exchange import Exchange, local_exchange

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
        payload = client.recv(timeout=20)  # a loaded machine is slow; one that never answers is found all the same
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


def test_an_order_of_the_account_is_told_when_placed_and_when_filled(
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
        client.recv(timeout=5)
    assert gone.value.rcvd is None


def test_time_can_be_set_ahead_so_that_the_idle_limit_cuts(exchange: Exchange, client: ClientConnection) -> None:
    ask(client, "server.ping")
    exchange.advance(61)
    with pytest.raises(ConnectionClosed):
        client.recv(timeout=5)


def test_the_next_request_is_refused_when_asked_for(exchange: Exchange, client: ClientConnection) -> None:
    exchange.refuse("server.ping", 23002)
    assert ask(client, "server.ping")["code"] == 23002
    assert ask(client, "server.ping")["code"] == 0


def test_a_mistake_in_a_verb_raises_in_the_thread_that_made_it(exchange: Exchange) -> None:
    with pytest.raises(ValueError, match="NOSUCH"):
        exchange.quote("NOSUCH", bid="1", ask="2")
    exchange.quote("BTCUSDT", bid="100", ask="101")


def test_it_runs_under_trio_too() -> None:
    import trio

    async def use() -> str:
        async with local_exchange() as running:
            return running.url

    assert trio.run(use).endswith("/v2/spot")


def test_after_the_block_nothing_is_left_running() -> None:
    before = threading.active_count()
    with local_exchange() as running:
        port = int(running.http_url.rpartition(":")[2])
    assert threading.active_count() == before
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=1)
    with pytest.raises(HostFailed):
        running.drop()


def test_the_same_seed_gives_the_same_keys_and_they_do_not_show() -> None:
    with local_exchange(seed=5) as one, local_exchange(seed=5) as two:
        assert one.access_id == two.access_id
        assert one.secret_key not in repr(vars(one)["credentials"])


def test_one_local_exchange_is_not_entered_twice_at_once() -> None:
    local = local_exchange()
    with local, pytest.raises(UsageError, match="another"):
        local.__enter__()


def test_a_client_that_does_not_read_is_reset_and_the_others_live_on(
    exchange: Exchange, client: ClientConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coinex_trio._local.loopback.MAX_UNREAD", 10_000)
    host, port = exchange.http_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as deaf:
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

    host = LoopbackHost(lambda now: Broken(), "127.0.0.1", 0)
    host.start()
    with socket.create_connection(("127.0.0.1", host.port), timeout=5), pytest.raises(HostFailed) as failed:
        host.call(lambda: None)
    assert isinstance(failed.value.__cause__, ZeroDivisionError)
    host.stop()


def test_verbs_mean_the_spot_market_unless_told_and_the_future_that_has_no_other() -> None:
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


def test_an_exchange_that_is_asked_for_more_than_the_machine_can_do_still_answers() -> None:
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
