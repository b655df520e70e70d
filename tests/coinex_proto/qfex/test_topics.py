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
