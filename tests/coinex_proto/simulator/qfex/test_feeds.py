"""The MDS socket of the local QFEX."""

from __future__ import annotations

from collections import Counter

from coinex_proto.simulator import CrowdSettings, QfexServer
from tests.coinex_proto.simulator.qfex_peer import START, SYMBOL, Peer, made, subscribe


def test_each_channel_has_its_interval() -> None:
    server = made()
    peer = Peer(server, "/mds")
    for channel in ("level2", "underlier", "mark_price", "funding", "open_interest", "minmax_price", "market_stats"):
        subscribe(peer, channel)
    peer.read()
    server.advance(START + 10.05)
    counts = Counter(text["type"] for text in peer.read())
    assert counts.pop("level2") == 20
    assert set(counts.values()) == {10}


def test_a_subscription_is_acknowledged_and_brings_the_state_at_once() -> None:
    acknowledged, first = subscribe(Peer(made(), "/"), "level2")
    assert acknowledged == {"type": "subscribed", "channels": ["level2"], "symbols": [SYMBOL]}
    assert (first["bid"], first["ask"], first["sequence"]) == ([["100.00", "5"]], [["101.00", "5"]], 1)


def test_best_quotes_come_at_once_and_trades_with_the_next_tick() -> None:
    server = made()
    peer = Peer(server, "/mds")
    subscribe(peer, "bbo")
    subscribe(peer, "trade")
    server.trade(SYMBOL, "buy", "2")
    (quote,) = peer.read()
    assert (quote["type"], quote["ask"]) == ("bbo", [["101.00", "3"]])
    server.advance(START + 0.2)
    (trade,) = peer.read()
    assert (trade["type"], trade["side"], trade["size"], trade["price"]) == ("trade", "BUY", "2", "101.00")


def test_numbers_grow_by_one_over_all_channels_of_a_connection() -> None:
    server = QfexServer(now=START, crowd=CrowdSettings(rate=20.0), markets=("AAPL-USD", "GOOG-USD"))
    peer = Peer(server, "/mds")
    subscribe(peer, "bbo", "trade", "level2", symbol="*")
    peer.read()
    server.advance(START + 5)
    numbers = [text["sequence"] for text in peer.read()]
    assert len(numbers) > 30
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_prices_merge_by_sig_figs() -> None:
    server = made()
    peer = Peer(server, "/mds")
    _, merged = subscribe(peer, "level2", sig_figs=[2])
    assert (merged["sig_figs"], merged["bid"], merged["ask"]) == (2, [["100.00", "5"]], [["101.00", "5"]])


def test_what_is_left_comes_no_more() -> None:
    server = made()
    peer = Peer(server, "/mds")
    subscribe(peer, "level2")
    peer.say({"type": "unsubscribe", "channels": ["level2"], "symbols": [SYMBOL]})
    server.advance(START + 5)
    assert peer.read() == []


def thousand_symbols(*wanted: str, channel: str = "level2", past_deals: int = 0) -> tuple[QfexServer, Peer]:
    server = QfexServer(now=START, markets=1000, crowd=CrowdSettings(rate=0.1, past_deals=past_deals))
    peer = Peer(server, "/mds")
    answers = peer.say({"type": "subscribe", "channels": [channel], "symbols": wanted})
    assert answers[0]["type"] == "subscribed"
    return server, peer


def awake(server: QfexServer) -> int:
    return sum(market.is_awake for market in server.exchange.markets.values())


def test_all_of_a_thousand_symbols_wake_a_few_at_a_time_and_each_brings_its_first_state() -> None:
    server, peer = thousand_symbols("*")
    assert awake(server) == 0
    before = 0
    while awake(server) < 1000:
        server.advance(server.now + 0.02)
        assert awake(server) - before <= 8  # a few each time, with what each of them follows
        before = awake(server)
        assert server.now < START + 10
    seen = {text["symbol"] for text in peer.read() if text["type"] == "level2" and text["bid"]}
    assert seen == set(server.feeds.markets)


def test_a_thousand_symbols_by_name_wake_a_few_at_once_and_the_others_by_and_by() -> None:
    names = list(QfexServer(now=START, markets=1000).feeds.markets)
    server, peer = thousand_symbols(*names)
    assert awake(server) == 0, "the answer comes first"
    server.advance(START + 0.08)
    assert 1 <= awake(server) <= 32
    server.advance(START + 6)
    assert awake(server) == 1000
    assert {text["symbol"] for text in peer.read() if text["type"] == "level2"} == set(names)


def test_the_trades_that_a_market_wakes_with_are_no_news() -> None:
    server, peer = thousand_symbols("*", channel="trade", past_deals=200)
    server.advance(START + 1)
    assert awake(server) > 100
    assert len(peer.read()) < 100


def test_the_books_of_a_thousand_symbols_come_in_turns_and_each_at_its_interval() -> None:
    server, peer = thousand_symbols("*")
    server.advance(START + 6.05)
    peer.read()
    ticks = []
    for _ in range(5):
        server.advance(server.now + 0.1)
        ticks.append([text["symbol"] for text in peer.read() if text["type"] == "level2"])
    assert [len(symbols) for symbols in ticks] == [200] * 5
    assert {symbol for symbols in ticks for symbol in symbols} == set(server.feeds.markets)


def test_who_had_a_turn_in_ticks_that_were_left_out_has_it_with_the_next() -> None:
    server, peer = thousand_symbols("*")
    server.advance(START + 6.05)
    peer.read()
    server.relieve(START + 6.95)
    server.advance(START + 6.95)
    symbols = [text["symbol"] for text in peer.read() if text["type"] == "level2"]
    assert len(symbols) == len(set(symbols))
    assert set(symbols) == set(server.feeds.markets)
