"""The tables of feeds: each topic has its row, each row its topic, update and export."""

from typing import Any

import pytest

from coinex_proto import BookChanged, Topic, UsageError, qfex
from coinex_proto.qfex import topics
from coinex_proto.qfex._mds.updates import MarketUpdate
from coinex_proto.qfex._trade.updates import PushedUpdate
from coinex_proto.qfex.topics import ACCOUNT_FEEDS, MARKET_FEEDS, AccountTopic, SymbolTopic

ROWS: list[tuple[Any, Any]] = [*MARKET_FEEDS.items(), *ACCOUNT_FEEDS.items()]
BASES = {SymbolTopic, AccountTopic, Topic}


def classes_of(base: type[Any]) -> set[type[Any]]:
    return {kind for kind in vars(topics).values() if isinstance(kind, type) and issubclass(kind, base)}


def made(kind: Any) -> Any:
    return kind("A-USD") if kind is qfex.Level2 else kind()


def test_every_topic_has_a_row() -> None:
    assert classes_of(Topic) - BASES == {kind for kind, _ in ROWS}


def test_every_update_of_a_channel_has_a_row() -> None:
    bases = {MarketUpdate, PushedUpdate}
    assert (classes_of(MarketUpdate) | classes_of(PushedUpdate)) - bases == {model for _, model in ROWS}


@pytest.mark.parametrize(("kind", "model"), ROWS)
def test_a_row_fits_together_and_is_exported(kind: Any, model: Any) -> None:
    assert kind.event is (BookChanged if kind is qfex.Level2 else model)
    assert made(kind).key[0] == model.channel
    assert kind.is_private is (kind in ACCOUNT_FEEDS)
    assert {kind.__name__, model.__name__} <= set(qfex.__all__)


@pytest.mark.parametrize("kind", [kind for kind, _ in ROWS if kind in SymbolTopic.__subclasses__()])
def test_no_symbol_stands_for_all_of_them(kind: Any) -> None:
    assert kind().key[1] is None
    assert kind("A-USD").key[1] == "A-USD"
    with pytest.raises(UsageError):
        kind("*")


def test_what_else_tells_two_topics_apart_is_in_their_keys() -> None:
    assert qfex.Candles("A-USD", "1DAY").key == ("candle", "A-USD", "1DAY")
    assert qfex.Level2("A-USD", 1).key == ("level2", "A-USD", 1)
    assert qfex.Level2All(2).key == ("level2", None, 2)


PROMISES: list[tuple[Any, bool, float | None]] = [
    # topic: each push replaces the one before, seconds between pushes
    (qfex.Level2, True, 0.5),
    (qfex.Level2All, True, 0.5),
    (qfex.Bbo, True, None),
    (qfex.Trades, False, None),
    (qfex.Candles, False, None),
    (qfex.Underlier, True, None),
    (qfex.MarkPrice, True, None),
    (qfex.Funding, True, None),
    (qfex.OpenInterest, True, None),
    (qfex.MinMaxPrice, True, None),
    (qfex.MarketStats, True, 1.0),
    (qfex.Refdata, False, None),
    (qfex.Orders, False, None),
    (qfex.Fills, False, None),
    (qfex.Positions, True, None),
    (qfex.Balances, True, 10.0),
    (qfex.StopOrders, False, None),
]


def test_every_topic_has_a_row_of_promises() -> None:
    assert [kind for kind, *_ in PROMISES] == [kind for kind, _ in ROWS]


@pytest.mark.parametrize(("kind", "is_whole_state", "pushed_every"), PROMISES)
def test_a_topic_says_whether_a_push_is_all_and_how_often_one_comes(
    kind: Any, is_whole_state: bool, pushed_every: float | None
) -> None:
    assert (kind.is_whole_state, kind.pushed_every) == (is_whole_state, pushed_every)


@pytest.mark.parametrize("kind", [qfex.Level2, qfex.Bbo, qfex.MarketStats])
def test_outside_the_hours_of_its_market_a_quiet_feed_is_no_fault(kind: Any) -> None:
    monday, saturday = 1_763_996_400.0, 1_763_823_600.0  # 10:00 in New York
    assert (kind("AAPL-USD").is_pushed_at(monday), kind("AAPL-USD").is_pushed_at(saturday)) == (True, False)


@pytest.mark.parametrize("topic", [qfex.Bbo(), qfex.Level2All(), qfex.Balances()])
def test_of_all_symbols_some_always_trade(topic: Any) -> None:
    assert topic.is_pushed_at(1_763_823_600.0)


@pytest.mark.parametrize("kind", [qfex.Level2, qfex.Level2All])
def test_prices_are_not_merged_unless_asked_for(kind: Any) -> None:
    assert made(kind).sig_figs == 0
    with pytest.raises(UsageError, match="sig_figs"):
        kind(*(("A-USD",) if kind is qfex.Level2 else ()), sig_figs=3)


def test_candles_are_of_one_minute_unless_said() -> None:
    assert qfex.Candles().key == ("candle", None, "1MIN")
