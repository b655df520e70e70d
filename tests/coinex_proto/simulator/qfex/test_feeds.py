"""The MDS socket of the local QFEX."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from coinex_proto.simulator import CrowdSettings, QfexServer
from tests.coinex_proto.simulator.qfex.test_sockets import START, SYMBOL, Wire, made


def subscribe(wire: Wire, *channels: str, symbol: str = SYMBOL, **more: Any) -> list[Any]:
    return wire.say({"type": "subscribe", "channels": channels, "symbols": [symbol], **more})


def test_each_channel_has_its_interval() -> None:
    server = made()
    wire = Wire(server, "/mds")
    for channel in ("level2", "underlier", "mark_price", "funding", "open_interest", "minmax_price", "market_stats"):
        subscribe(wire, channel)
    wire.read()
    server.advance(START + 10.05)
    counts = Counter(text["type"] for text in wire.read())
    assert counts.pop("level2") == 20
    assert set(counts.values()) == {10}


def test_a_subscription_is_acknowledged_and_brings_the_state_at_once() -> None:
    acknowledged, first = subscribe(Wire(made(), "/"), "level2")
    assert acknowledged == {"type": "subscribed", "channels": ["level2"], "symbols": [SYMBOL]}
    assert (first["bid"], first["ask"], first["sequence"]) == ([["100.00", "5"]], [["101.00", "5"]], 1)


def test_best_quotes_come_at_once_and_trades_with_the_next_tick() -> None:
    server = made()
    wire = Wire(server, "/mds")
    subscribe(wire, "bbo")
    subscribe(wire, "trade")
    server.trade(SYMBOL, "buy", "2")
    (quote,) = wire.read()
    assert (quote["type"], quote["ask"]) == ("bbo", [["101.00", "3"]])
    server.advance(START + 0.2)
    (trade,) = wire.read()
    assert (trade["type"], trade["side"], trade["size"], trade["price"]) == ("trade", "BUY", "2", "101.00")


def test_numbers_grow_by_one_over_all_channels_of_a_connection() -> None:
    server = QfexServer(now=START, crowd=CrowdSettings(rate=20.0), markets=("AAPL-USD", "GOOG-USD"))
    wire = Wire(server, "/mds")
    subscribe(wire, "bbo", "trade", "level2", symbol="*")
    wire.read()
    server.advance(START + 5)
    numbers = [text["sequence"] for text in wire.read()]
    assert len(numbers) > 30
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_prices_merge_by_sig_figs() -> None:
    server = made()
    wire = Wire(server, "/mds")
    _, merged = subscribe(wire, "level2", sig_figs=[2])
    assert (merged["sig_figs"], merged["bid"], merged["ask"]) == (2, [["100.00", "5"]], [["101.00", "5"]])


def test_what_is_left_comes_no_more() -> None:
    server = made()
    wire = Wire(server, "/mds")
    subscribe(wire, "level2")
    wire.say({"type": "unsubscribe", "channels": ["level2"], "symbols": [SYMBOL]})
    server.advance(START + 5)
    assert wire.read() == []


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"type": "subscribe", "channels": ["nothing"], "symbols": [SYMBOL]}, "InvalidParameter"),
        ({"type": "subscribe", "channels": ["bbo"], "symbols": ["NONE-USD"]}, "InvalidParameter"),
        ({"type": "subscribe", "channels": ["candle"], "symbols": [SYMBOL]}, "InvalidParameter"),
        ({"type": "subscribe", "channels": ["level2"], "symbols": [SYMBOL], "sig_figs": [9]}, "InvalidParameter"),
        ({"type": "subscribe", "channels": [["bbo"]], "symbols": [SYMBOL]}, "InvalidParameter"),
        ({"type": "subscribe", "channels": "bbo", "symbols": [SYMBOL]}, "InvalidJSONFormat"),
        ({"type": "hello"}, "InvalidJSONFormat"),
        ("}", "InvalidJSONFormat"),
    ],
)
def test_what_cannot_be_subscribed_is_an_error_frame(message: object, code: str) -> None:
    answer = Wire(made(), "/mds").say(message)
    assert answer[0]["err"]["error_code"] == code


def test_the_same_seed_says_the_same() -> None:
    said = []
    for _ in range(2):
        server = QfexServer(now=START, seed=5, crowd=CrowdSettings(rate=20.0))
        wire = Wire(server, "/mds")
        subscribe(wire, "trade", "candle", "bbo", symbol="*", intervals=["1MIN"])
        server.advance(START + 20)
        said.append(wire.read())
    assert said[0] == said[1]
    assert {"trade", "candle", "bbo"} <= {text["type"] for text in said[0]}
