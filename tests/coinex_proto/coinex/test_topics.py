"""Topics: their keys, and what is refused because the venue would acknowledge it and stay silent."""

from typing import Any

import pytest

from coinex_proto.books.view import BookChanged
from coinex_proto.coinex import (
    DEPTH_INTERVALS,
    DEPTH_LIMITS,
    Balances,
    BalanceUpdate,
    BestQuote,
    BestQuoteUpdate,
    Depth,
    Index,
    IndexUpdate,
    Notices,
    NoticeUpdate,
    Orders,
    OrderUpdate,
    Positions,
    PositionUpdate,
    Premium,
    PremiumUpdate,
    StopOrders,
    StopOrderUpdate,
    Ticker,
    TickerUpdate,
    Trades,
    TradesUpdate,
    UserTrades,
    UserTradeUpdate,
)
from coinex_proto.coinex.topics import ONE_TICKER_SILENT_AFTER
from coinex_proto.errors import UsageError
from coinex_proto.ids import TopicKey
from coinex_proto.topics import MISSED_PUSHES, SHORTEST_SILENCE, Topic
from coinex_proto.updates import Event

ALL: list[tuple[Topic[Event], TopicKey, type[Event], bool, bool]] = [
    (Ticker("BTCUSDT"), ("state", "BTCUSDT"), TickerUpdate, False, True),
    (Ticker(), ("state", None), TickerUpdate, False, True),
    (Depth("BTCUSDT"), ("depth", "BTCUSDT"), BookChanged, False, True),
    (Trades("BTCUSDT"), ("deals", "BTCUSDT"), TradesUpdate, False, False),
    (Trades(), ("deals", None), TradesUpdate, False, False),
    (BestQuote("BTCUSDT"), ("bbo", "BTCUSDT"), BestQuoteUpdate, False, True),
    (Index("BTCUSDT"), ("index", "BTCUSDT"), IndexUpdate, False, True),
    (Index(), ("index", None), IndexUpdate, False, True),
    (Premium("BTCUSDT"), ("premium", "BTCUSDT"), PremiumUpdate, False, True),
    (Orders(), ("order", None), OrderUpdate, True, False),
    (StopOrders("BTCUSDT"), ("stop", "BTCUSDT"), StopOrderUpdate, True, False),
    (UserTrades(), ("user_deals", None), UserTradeUpdate, True, False),
    (Positions("BTCUSD"), ("position", "BTCUSD"), PositionUpdate, True, False),
    (Balances("USDT"), ("balance", "USDT"), BalanceUpdate, True, False),
    (Notices(), ("notice", None), NoticeUpdate, True, False),
]


@pytest.mark.parametrize(("topic", "key", "event", "is_private", "is_whole_state"), ALL)
def test_a_topic_knows_its_key_its_event_and_whether_it_needs_a_sign_in(
    topic: Topic[Event], key: TopicKey, event: type[Event], is_private: bool, is_whole_state: bool
) -> None:
    assert (topic.key, topic.event, topic.is_private, topic.is_whole_state) == (key, event, is_private, is_whole_state)
    assert len({topic, topic}) == 1


def test_depth_topics_of_one_market_share_their_key_and_are_not_equal() -> None:
    assert Depth("BTCUSDT").key == Depth("BTCUSDT", 20, "0.01", full=True).key
    assert Depth("BTCUSDT") != Depth("BTCUSDT", 20)


@pytest.mark.parametrize("limit", [0, 1, 100, -5, 5.0, "5", True, None, float("nan")])
def test_a_depth_limit_that_the_venue_does_not_have_is_refused_with_those_it_has(limit: Any) -> None:
    with pytest.raises(UsageError, match="one of 5, 10, 20, 50"):
        Depth("BTCUSDT", limit)


@pytest.mark.parametrize("interval", ["", "0.2", "1e-1", "00", "0.10", 0, 1, None, "0.0000000000001"])
def test_a_merge_step_that_the_venue_does_not_have_is_refused_with_those_it_has(interval: Any) -> None:
    with pytest.raises(UsageError, match=r'"0\.000000000001".*"1000"'):
        Depth("BTCUSDT", 5, interval)


def test_all_documented_limits_and_merge_steps_are_taken() -> None:
    for limit in DEPTH_LIMITS:
        for interval in DEPTH_INTERVALS:
            assert Depth("BTCUSDT", limit, interval).interval == interval
    assert (len(DEPTH_LIMITS), len(DEPTH_INTERVALS)) == (4, 17)


def test_the_flag_for_whole_books_is_a_bool() -> None:
    with pytest.raises(UsageError, match="True or False"):
        Depth("BTCUSDT", full=1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("btcusdt", "did you mean 'BTCUSDT'"),
        ("BTC/USDT", "did you mean 'BTCUSDT'"),
        ("BTC-USDT", "did you mean 'BTCUSDT'"),
        ("BTC USDT", "did you mean 'BTCUSDT'"),
        (" BTCUSDT", "did you mean 'BTCUSDT'"),
        ("BTCUSDT\n", "did you mean 'BTCUSDT'"),
        ("BTCUSDT\x00", "did you mean 'BTCUSDT'"),
        ("比特币", "capitals"),
        ("", "leave it out"),
        ("A" * 65, "capitals"),
        (5, "must be a str"),
        (["BTCUSDT"], "must be a str"),
    ],
)
@pytest.mark.parametrize("kind", [Ticker, Depth, Trades, BestQuote, Index, Premium, Orders, Balances])
def test_a_name_that_no_market_has_is_refused_with_a_hint(kind: Any, name: Any, hint: str) -> None:
    with pytest.raises(UsageError, match=hint):
        kind(name)


@pytest.mark.parametrize("name", ["BTCUSDT", "ETHUSD_SIGNPRICE", "1000PEPEUSDT", "USDC.E", "$MYROUSDT"])
def test_names_as_the_venue_writes_them_are_taken(name: str) -> None:
    assert Ticker(name).market == name


@pytest.mark.parametrize("kind", [Depth, BestQuote, Premium])
def test_feeds_that_the_venue_offers_by_market_only_need_one(kind: Any) -> None:
    with pytest.raises(TypeError):
        kind()
    with pytest.raises(UsageError, match="must be a str"):
        kind(None)


@pytest.mark.parametrize("name", ["a" * 90, "a" * 64])
def test_a_hint_is_as_long_as_a_name_may_be(name: str) -> None:
    with pytest.raises(UsageError, match=f"did you mean '{'A' * 64}'"):
        Ticker(name)


def test_a_book_is_told_after_each_push_and_of_differences_unless_asked_for_otherwise() -> None:
    topic = Depth("BTCUSDT")
    assert (topic.limit, topic.interval, topic.full, topic.every_read) == (50, "0", False, False)
    assert Depth("BTCUSDT", every_read=True).every_read
    with pytest.raises(UsageError, match="every_read"):
        Depth("BTCUSDT", every_read=1)  # type: ignore[arg-type]


PACES: list[tuple[Topic[Event], float | None, float | None]] = [
    # topic, seconds between pushes, seconds of silence after which it is lost
    (Ticker(), 0.2, max(MISSED_PUSHES * 0.2, SHORTEST_SILENCE)),
    (Ticker("BTCUSDT"), 0.2, ONE_TICKER_SILENT_AFTER),
    (Index(), 5.0, MISSED_PUSHES * 5.0),
    (Index("BTCUSDT"), 5.0, MISSED_PUSHES * 5.0),
]


@pytest.mark.parametrize(("topic", "pace", "silence"), PACES)
def test_tickers_and_index_prices_have_a_pace_and_one_ticker_may_pause(
    topic: Topic[Event], pace: float | None, silence: float | None
) -> None:
    assert (topic.pushed_every, topic.silent_after) == (pace, silence)


@pytest.mark.parametrize("topic", [topic for topic, *_ in ALL if not isinstance(topic, (Ticker, Index))])
def test_no_other_feed_has_a_pace(topic: Topic[Event]) -> None:
    assert (topic.pushed_every, topic.silent_after) == (None, None)
