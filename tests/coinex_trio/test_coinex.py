"""The methods of the CoinEx facade: each names its topic, its callback gets one event, its counterpart ends both."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from coinex_proto import BookChanged, Event, Topic, UsageError, coinex
from coinex_trio import CoinexClient, credentials_from_env, local_exchange
from tests.coinex_trio.venue import VirtualNetwork

KEYS = coinex.Credentials("a" * 32, "s" * 40)

Verb = Callable[[CoinexClient, Callable[[Event], object]], None]
End = Callable[[CoinexClient], None]

VERBS: list[tuple[Verb, End, Topic[Event]]] = [
    (
        lambda c, f: c.subscribe_ticker("BTCUSDT", f),
        lambda c: c.unsubscribe_ticker("BTCUSDT"),
        coinex.Ticker("BTCUSDT"),
    ),
    (
        lambda c, f: c.subscribe_depth("BTCUSDT", 20, "0.1", f),
        lambda c: c.unsubscribe_depth("BTCUSDT"),
        coinex.Depth("BTCUSDT", 20, "0.1"),
    ),
    (
        lambda c, f: c.subscribe_trades("BTCUSDT", f),
        lambda c: c.unsubscribe_trades("BTCUSDT"),
        coinex.Trades("BTCUSDT"),
    ),
    (lambda c, f: c.subscribe_balance(f), lambda c: c.unsubscribe_balance(), coinex.Balances()),
    (lambda c, f: c.subscribe_user_order(f), lambda c: c.unsubscribe_user_order(), coinex.Orders()),
    (lambda c, f: c.subscribe_user_deals(f), lambda c: c.unsubscribe_user_deals(), coinex.UserTrades()),
]


@pytest.mark.parametrize(("begin", "end", "topic"), VERBS)
def test_each_method_subscribes_and_its_counterpart_unsubscribes(begin: Verb, end: End, topic: Topic[Event]) -> None:
    client = CoinexClient(credentials=KEYS, network=VirtualNetwork())
    begin(client, print)
    assert [status.topic for status in client.topics()] == [topic]
    kind = topic.event
    key = (topic.key[0], topic.key[1] or "BTCUSDT", *topic.key[2:])
    assert client._core.callbacks.wants(kind, key)
    end(client)
    assert client.topics() == ()
    assert not client._core.callbacks.wants(kind, key)


def test_callbacks_get_one_event_of_the_documented_class() -> None:
    seen: list[type[Event]] = []
    with local_exchange() as exchange, CoinexClient(url=exchange.url, credentials=exchange.credentials) as cx:
        exchange.quote("BTCUSDT", bid="100", ask="101")
        for subscribe in (cx.subscribe_balance, cx.subscribe_user_order, cx.subscribe_user_deals):
            subscribe(lambda event: seen.append(type(event)))
        cx.subscribe_ticker("BTCUSDT", lambda event: seen.append(type(event)))
        cx.subscribe_depth("BTCUSDT", callback=lambda event: seen.append(type(event)))
        cx.subscribe_trades("BTCUSDT", lambda event: seen.append(type(event)))
        cx.ready(coinex.Balances(), coinex.Orders(), coinex.UserTrades())
        exchange.fill(exchange.place("BTCUSDT", "buy", price="99", amount="1"))
        exchange.trade("BTCUSDT", "buy", "0.1")
        documented = {
            BookChanged,
            coinex.BalanceUpdate,
            coinex.OrderUpdate,
            coinex.TickerUpdate,
            coinex.TradesUpdate,
            coinex.UserTradeUpdate,
        }
        while not documented <= set(seen):
            cx.run(seconds=0.05)
    assert set(seen) == documented


def test_private_methods_need_credentials() -> None:
    client = CoinexClient(network=VirtualNetwork())
    with pytest.raises(UsageError, match="Authentication required"):
        client.subscribe_balance(print)


def test_the_futures_socket_is_another_one() -> None:
    network = VirtualNetwork()
    with CoinexClient("futures", network=network) as cx:
        assert cx._core.name == "coinex futures"
    assert network.attempts[0][1:3] == ("socket.coinex.com", 443)


def test_an_unknown_module_is_refused() -> None:
    with pytest.raises(UsageError, match="'spot' and 'futures'"):
        CoinexClient("margin")  # type: ignore[arg-type]


def test_x6_plaintext_to_another_machine_must_be_allowed() -> None:
    with pytest.raises(UsageError):
        CoinexClient(url="ws://example.com/")
    CoinexClient(url="ws://example.com/", allow_plaintext=True)


def test_credentials_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COINEX_ACCESS_ID", "id")
    monkeypatch.delenv("COINEX_SECRET_KEY", raising=False)
    with pytest.raises(UsageError, match="set COINEX_SECRET_KEY in the environment"):
        credentials_from_env()
    monkeypatch.setenv("COINEX_SECRET_KEY", "key")
    assert credentials_from_env().access_id == "id"
