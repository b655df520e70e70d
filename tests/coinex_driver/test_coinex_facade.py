"""Where the CoinEx clients connect."""

from __future__ import annotations

from typing import Any

import pytest

from coinex_driver.coinex_facade import CoinexSubscriptions, dialect_of, http_url_of
from coinex_proto import BookChanged, Callbacks, UsageError, coinex
from tests.coinex_driver.direct import Direct


@pytest.mark.parametrize(
    ("socket", "http"),
    [
        (None, None),
        ("wss://socket.coinex.com/v2/futures", None),
        ("ws://127.0.0.1:7000/v2/spot", "http://127.0.0.1:7000/v2"),
        ("wss://proxy.example/coinex/v2/futures/", "https://proxy.example/coinex/v2"),
    ],
)
def test_http_goes_where_the_socket_goes(socket: str | None, http: str | None) -> None:
    assert http_url_of(socket) == http


def test_the_halves_of_the_venue_are_two_dialects_and_no_more() -> None:
    assert [dialect_of(half, None, None, allow_plaintext=False).name for half in ("spot", "futures")] == [
        "coinex spot",
        "coinex futures",
    ]
    with pytest.raises(UsageError, match="'spot' and 'futures'"):
        dialect_of("margin", None, None, allow_plaintext=False)  # type: ignore[arg-type]


METHODS: list[tuple[str, tuple[Any, ...], Any, type[Any]]] = [
    # channel, arguments, topic, the class of the events of its callback
    ("ticker", ("BTCUSDT",), coinex.Ticker("BTCUSDT"), coinex.TickerUpdate),
    ("ticker", (None,), coinex.Ticker(), coinex.TickerUpdate),
    ("depth", ("BTCUSDT",), coinex.Depth("BTCUSDT", 50, "0"), BookChanged),
    ("trades", ("BTCUSDT",), coinex.Trades("BTCUSDT"), coinex.TradesUpdate),
    ("trades", (None,), coinex.Trades(), coinex.TradesUpdate),
    ("balance", (), coinex.Balances(), coinex.BalanceUpdate),
    ("user_order", (), coinex.Orders(), coinex.OrderUpdate),
    ("user_deals", (), coinex.UserTrades(), coinex.UserTradeUpdate),
]


class Client(CoinexSubscriptions, Direct):
    """The facade on a client without I/O."""


@pytest.mark.parametrize(("channel", "arguments", "topic", "kind"), METHODS, ids=str)
def test_a_channel_has_a_method_that_begins_it_and_one_that_ends_it(
    channel: str, arguments: tuple[Any, ...], topic: Any, kind: type[Any]
) -> None:
    callbacks = Callbacks()
    client = Client(coinex.spot(credentials=coinex.Credentials("a" * 32, "s" * 40)), callbacks)
    getattr(client, f"subscribe_{channel}")(*arguments, callback=print)
    assert [status.topic for status in client.topics()] == [topic]
    assert callbacks.wants(kind, topic.key)
    getattr(client, f"unsubscribe_{channel}")(*arguments)
    assert client.topics() == ()
    assert not callbacks.wants(kind, topic.key)


def test_a_book_may_be_shorter_and_of_merged_prices() -> None:
    client = Client()
    client.subscribe_depth("BTCUSDT", 5, "0.1")
    assert [status.topic for status in client.topics()] == [coinex.Depth("BTCUSDT", 5, "0.1")]


def test_what_anybody_can_read_is_refused_unless_it_was_allowed_and_an_address_of_ones_own_is_taken() -> None:
    for half, host in (("spot", "socket.coinex.com"), ("futures", "socket.coinex.com")):
        assert dialect_of(half, None, None, allow_plaintext=False).endpoint.host == host  # type: ignore[arg-type]
        other = dialect_of(half, None, "ws://exchange.example/x", allow_plaintext=True)  # type: ignore[arg-type]
        assert (other.endpoint.host, other.endpoint.tls) == ("exchange.example", False)
        with pytest.raises(UsageError):
            dialect_of(half, coinex.Credentials("a" * 32, "s" * 40), "ws://exchange.example/x", allow_plaintext=False)  # type: ignore[arg-type]
