"""Every push knows its channel, its topic and its time."""

from decimal import Decimal
from typing import Any

import pytest

from coinex_proto.qfex import (
    BboUpdate,
    CandleUpdate,
    Level2Update,
    MarketStatsUpdate,
    RefdataUpdate,
    TradeUpdate,
)
from coinex_proto.qfex._mds.updates import MarketUpdate, TimedUpdate

TIME = "2025-09-04T09:26:39.5Z"
ONE = Decimal(1)


def candle(**fields: Any) -> CandleUpdate:
    return CandleUpdate(symbol="A", start=TIME, resolution="1DAY", open=ONE, high=ONE, low=ONE, close=ONE, **fields)


def test_every_class_has_a_channel_of_its_own_and_a_sequence_number() -> None:
    classes = [*MarketUpdate.__subclasses__(), *TimedUpdate.__subclasses__()]
    models = {model for model in classes if not issubclass(TimedUpdate, model)}
    assert len({model.channel for model in models}) == len({model.__name__ for model in models}) == 11
    assert all(model.has_sequence for model in models)


@pytest.mark.parametrize(
    ("update", "key"),
    [
        (BboUpdate(symbol="A", time=TIME, bid=(), ask=()), ("bbo", "A")),
        (Level2Update(symbol="A", time=TIME, bid=(), ask=(), sig_figs=2), ("level2", "A", 2)),
        (Level2Update(symbol="A", bid=(), ask=()), ("level2", "A", 0)),
        (candle(), ("candle", "A", "1DAY")),
        (MarketStatsUpdate(symbol="A", time=TIME), ("market_stats", "A")),
        (MarketStatsUpdate(symbol="*", time=TIME), ("market_stats", None)),
        (RefdataUpdate(data=()), ("refdata", None)),
        (RefdataUpdate(data=(), symbol="A"), ("refdata", "A")),
    ],
)
def test_an_update_names_its_topic(update: MarketUpdate, key: tuple[object, ...]) -> None:
    assert update.topic_key == key


@pytest.mark.parametrize(
    ("model", "message", "key"),
    [
        (BboUpdate, {"symbol": "A"}, ("bbo", "A")),
        (BboUpdate, {"symbol": "*"}, ("bbo", None)),
        (BboUpdate, {"symbol": 7}, ("bbo", None)),
        (Level2Update, {"symbol": "A", "sig_figs": 1}, ("level2", "A", 1)),
        (Level2Update, {"symbol": "A", "sig_figs": True}, ("level2", "A", 0)),
        (Level2Update, {}, ("level2", None, 0)),
        (CandleUpdate, {"symbol": "A", "resolution": "1DAY"}, ("candle", "A", "1DAY")),
        (CandleUpdate, {"symbol": "A", "resolution": []}, ("candle", "A", None)),
    ],
)
def test_what_cannot_be_read_names_its_topic_as_far_as_can_be_seen(
    model: type[MarketUpdate], message: dict[str, object], key: tuple[object, ...]
) -> None:
    assert model.key_of(message) == key


def test_times_are_nanoseconds_and_seconds() -> None:
    update = BboUpdate(symbol="A", time=TIME, bid=((ONE, ONE),), ask=())
    assert (update.time_ns, update.venue_time) == (1_756_977_999_500_000_000, 1_756_977_999.5)
    assert candle().start_ns == update.time_ns
    assert candle().venue_time is None
    assert (update.best_bid, update.best_ask) == ((ONE, ONE), None)
    turned = BboUpdate(symbol="A", time=TIME, bid=(), ask=((ONE, Decimal(2)),))
    assert (turned.best_bid, turned.best_ask) == (None, (ONE, Decimal(2)))
    assert BboUpdate(symbol="A", bid=(), ask=()).venue_time is None


@pytest.mark.parametrize(("side", "is_buy"), [("BUY", True), ("buy", True), ("SELL", False)])
def test_a_trade_says_who_bought_in_any_case(side: str, is_buy: bool) -> None:
    update = TradeUpdate(symbol="A", time=TIME, trade_id="1", size=ONE, price=ONE, side=side)
    assert update.is_buy is is_buy
    assert update.identity == "1"
