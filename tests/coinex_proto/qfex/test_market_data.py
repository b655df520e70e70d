"""The MDS socket, as transcripts, and its messages in every form that was seen."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

from coinex_proto import (
    BookChanged,
    Config,
    Lost,
    Restored,
    Session,
    Subscribed,
    SubscribeFailed,
    Unsubscribed,
    UsageError,
    qfex,
)
from coinex_proto.ids import RequestId
from tests.coinex_proto.harness.wire import Wire, sources
from tests.coinex_proto.qfex.trade_session import only

MDS = qfex.mds()
TIME = "2025-09-04T09:26:39.545268322Z"


def bbo(symbol: str = "AAPL-USD", **more: Any) -> dict[str, Any]:
    return {"type": "bbo", "symbol": symbol, "time": TIME, "bid": [["1.10", "2"]], "ask": [], **more}


def level2(*bids: tuple[str, str], symbol: str = "AAPL-USD", **more: Any) -> dict[str, Any]:
    return {"type": "level2", "symbol": symbol, "time": TIME, "bid": bids, "ask": [("101", "3")], **more}


class Mds:
    def __init__(self, config: Config = Config()) -> None:  # noqa: B008
        self.session = Session(MDS, sources(), config)
        self.session.next_step(0.0)
        self.session.connected(0.0)
        self.link = Wire(self.session).open(0.0)
        self.now = 0.0
        self.link.events()

    def subscribe(self, *topics: Any) -> list[Any]:
        self.session.subscribe(*topics, now=self.now)
        return self.link.sent()

    def say(self, *values: object) -> list[Any]:
        return self.link.say(self.now, *values)


def test_topics_become_few_requests() -> None:
    sent = Mds().subscribe(
        qfex.Bbo("A-USD"),
        qfex.Bbo("B-USD"),
        qfex.Level2("A-USD"),
        qfex.Level2("A-USD", 1),
        qfex.Candles("A-USD", "1DAY"),
        qfex.MarketStats(),
        qfex.Level2All(2),
    )
    assert sent == [
        {"type": "subscribe", "channels": ["bbo"], "symbols": ["A-USD", "B-USD"]},
        {"type": "subscribe", "channels": ["level2"], "symbols": ["A-USD"]},
        {"type": "subscribe", "channels": ["level2"], "symbols": ["A-USD"], "sig_figs": [1]},
        {"type": "subscribe", "channels": ["candle"], "symbols": ["A-USD"], "intervals": ["1DAY"]},
        {"type": "subscribe", "channels": ["market_stats"], "symbols": ["*"]},
        {"type": "subscribe", "channels": ["level2"], "symbols": ["*"], "sig_figs": [2]},
    ]


@pytest.mark.parametrize(
    "answer",
    [
        {"type": "subscribed", "channels": ["level2"], "symbols": ["A-USD"], "sig_figs": [0]},
        {"type": "subscribed", "channels": ["level2"], "symbols": ["A-USD"]},
        {"type": "subscribed"},
    ],
)
def test_an_acknowledgement_may_say_much_or_little(answer: object) -> None:
    mds = Mds()
    mds.subscribe(qfex.Level2("A-USD"))
    assert mds.say(answer) == [Subscribed(topic=qfex.Level2("A-USD"))]


def test_more_acknowledgements_than_requests_are_no_news() -> None:
    mds = Mds()
    mds.subscribe(qfex.Bbo("A-USD"), qfex.Bbo("B-USD"))
    acknowledged = [{"type": "subscribed", "channels": ["bbo"], "symbols": [symbol]} for symbol in ("A-USD", "B-USD")]
    assert [type(event) for event in mds.say(*acknowledged)] == [Subscribed, Subscribed]
    assert mds.say({"type": "unsubscribed"}) == []


def test_a_refusal_without_an_echo_is_never_of_a_topic_that_brings_data() -> None:
    mds = Mds()
    good, bad = qfex.Level2("AAPL-USD"), qfex.Bbo("NOPE-USD")
    mds.subscribe(good, bad)
    mds.say(level2(("100", "1")))
    events = mds.say({"err": {"error_code": "InvalidParameter", "message": "no such symbol"}})
    assert only(SubscribeFailed, events).topic == bad
    assert mds.session.trusted(good)


def test_an_acknowledgement_of_what_brings_data_already_is_not_taken_for_another_topic() -> None:
    mds = Mds()
    mds.subscribe(qfex.Level2("AAPL-USD"), qfex.Bbo("NOPE-USD"))
    mds.say(level2(("100", "1")))
    assert mds.say({"type": "subscribed", "channels": ["level2"], "symbols": ["AAPL-USD"]}) == []


def test_an_error_that_echoes_what_the_venue_takes_by_default_finds_its_request() -> None:
    mds = Mds()
    mds.subscribe(qfex.Bbo("A-USD"), qfex.Level2("B-USD"), qfex.Level2("C-USD", 2))
    echo = {"type": "subscribe", "channels": ["level2"], "symbols": ["B-USD"], "intervals": None, "sig_figs": [0.0]}
    events = mds.say({"err": {"error_code": "InvalidParameter", "incoming_message": echo}})
    assert only(SubscribeFailed, events).topic == qfex.Level2("B-USD")
    echo = {"type": "subscribe", "channels": ["level2"], "symbols": ["C-USD"], "intervals": [], "sig_figs": [2.0]}
    events = mds.say({"err": {"error_code": "InvalidParameter", "incoming_message": echo}})
    assert only(SubscribeFailed, events).topic == qfex.Level2("C-USD", 2)


def test_data_comes_without_an_acknowledgement_too() -> None:
    mds = Mds(Config(request_timeout=5.0))
    mds.subscribe(qfex.Bbo("AAPL-USD"))
    update, subscribed = mds.say(bbo())
    assert isinstance(update, qfex.BboUpdate)
    assert update.best_bid == (D("1.10"), D(2))
    assert subscribed == Subscribed(topic=qfex.Bbo("AAPL-USD"))
    assert mds.session.trusted(qfex.Bbo("AAPL-USD"))
    mds.session.handle_timeout(5.0)
    assert mds.link.events() == []
    mds.session.unsubscribe(qfex.Bbo("AAPL-USD"), now=5.0)
    assert mds.link.sent() == [{"type": "unsubscribe", "channels": ["bbo"], "symbols": ["AAPL-USD"]}]
    assert mds.say({"type": "unsubscribed", "channels": ["bbo"]}) == [Unsubscribed(topic=qfex.Bbo("AAPL-USD"))]
    assert mds.say(bbo()) == []


@pytest.mark.parametrize("topic", [qfex.Bbo("AAPL-USD"), qfex.Level2("AAPL-USD")], ids=["bbo", "book"])
def test_a_topic_that_is_neither_acknowledged_nor_pushed_is_asked_for_again_a_few_times(topic: Any) -> None:
    mds = Mds(Config(request_timeout=1.0, ping_interval=3600.0, ping_timeout=3600.0))
    asked = [(0.0, request["type"]) for request in mds.subscribe(topic)]
    for tenth in range(1, 1000):
        mds.session.handle_timeout(tenth / 10)
        asked += [(tenth / 10, request["type"]) for request in mds.link.sent()]
    ended = [at for at, kind in asked if kind == "unsubscribe"]
    assert ended == [6.0, 18.0, 40.0]  # 1 s without an answer, then 5, 10 and 20 s, and 1 s for each end
    assert [at for at, kind in asked if kind == "subscribe"] == [0.0, 7.0, 19.0, 41.0]
    (status,) = mds.session.topics()
    assert (status.state, status.why) == ("acknowledged", "neither acknowledged nor pushed")
    mds.now = 100.0
    mds.say(bbo() if isinstance(topic, qfex.Bbo) else level2(("100", "1")))
    assert mds.session.trusted(topic)
    (status,) = mds.session.topics()
    assert (status.state, status.why) == ("live", "")


def test_a_new_connection_asks_again_for_what_the_one_before_had_given_up() -> None:
    mds = Mds(Config(request_timeout=1.0, ping_interval=3600.0, ping_timeout=3600.0))
    asked = len(mds.subscribe(qfex.Bbo("AAPL-USD")))
    for second in range(1, 100):
        mds.session.handle_timeout(float(second))
        asked += sum(request["type"] == "subscribe" for request in mds.link.sent())
    mds.session.disconnected(100.0)
    mds.session.next_step(200.0)
    mds.session.connected(200.0)
    mds.link = Wire(mds.session).open(200.0)
    again = sum(request["type"] == "subscribe" for request in mds.link.sent())
    for second in range(201, 300):
        mds.session.handle_timeout(float(second))
        again += sum(request["type"] == "subscribe" for request in mds.link.sent())
    assert asked == again == 4


def test_a_topic_that_was_acknowledged_and_is_quiet_is_left_alone() -> None:
    mds = Mds(Config(request_timeout=1.0, ping_interval=3600.0, ping_timeout=3600.0))
    mds.subscribe(qfex.Bbo("AAPL-USD"))
    mds.say({"type": "subscribed", "channels": ["bbo"], "symbols": ["AAPL-USD"]})
    for second in range(1, 100):
        mds.session.handle_timeout(float(second))
    assert mds.link.sent() == []


@pytest.mark.parametrize("form", ["err", "flat"])
def test_an_error_ends_the_subscription_that_it_echoes(form: str) -> None:
    mds = Mds()
    mds.subscribe(qfex.Bbo("A-USD"), qfex.Trades("A-USD"))
    error = {
        "error_code": "InvalidParameter",
        "message": "no",
        "incoming_message": {"type": "subscribe", "channels": ["trade"], "symbols": ["A-USD"], "sig_figs": None},
    }
    events = mds.say({"err": error} if form == "err" else {"type": "error", **error})
    assert only(SubscribeFailed, events).topic == qfex.Trades("A-USD")


def test_every_push_is_the_whole_book() -> None:
    mds = Mds()
    mds.subscribe(qfex.Level2("AAPL-USD"))
    first = only(BookChanged, mds.say(level2(("100.0", "1"), ("99", "0.5"))))
    assert first.book.bids == ((D(100), D(1)), (D(99), D("0.5")))
    assert first.book.updated_at_ms == 1756977999545
    assert only(BookChanged, mds.say(level2(("98", "7")))).book.bids == ((D(98), D(7)),)


@pytest.mark.parametrize("bad", ["NaN", "1e5", "-1", "", "1.1.1"])
def test_a_book_with_what_is_no_number_is_not_trusted(bad: str) -> None:
    mds = Mds()
    mds.subscribe(qfex.Level2("AAPL-USD"))
    mds.say(level2(("100", "1")))
    events = mds.say(level2((bad, "1")))
    assert only(Lost, events)
    assert not mds.session.book(qfex.Level2("AAPL-USD")).trusted
    assert only(Restored, mds.say(level2(("100", "1"))))


def test_b3_an_older_book_than_the_one_before_changes_nothing() -> None:
    mds = Mds()
    mds.subscribe(qfex.Level2("AAPL-USD"))
    mds.say(level2(("100", "1")))
    mds.say(level2(("50", "1"), time="2025-09-04T09:26:39Z"))
    assert mds.session.book(qfex.Level2("AAPL-USD")).best_bid == (D(100), D(1))


def test_a_book_whose_times_went_back_for_good_is_not_trusted_until_the_next_push() -> None:
    mds = Mds()
    topic = qfex.Level2("AAPL-USD")
    mds.subscribe(topic)
    mds.say(level2(("100", "1"), time="2025-09-04T09:26:40Z"))
    assert not any(isinstance(event, Lost) for event in mds.say(level2(("50", "1"), time="2025-09-04T08:26:40Z")))
    assert only(Lost, mds.say(level2(("51", "1"), time="2025-09-04T08:26:41Z")))
    assert not mds.session.book(topic).trusted
    assert only(Restored, mds.say(level2(("52", "1"), time="2025-09-04T08:26:42Z")))
    assert mds.session.book(topic).best_bid == (D(52), D(1))


def test_b3_single_late_books_between_newer_ones_cost_no_trust() -> None:
    mds = Mds()
    mds.subscribe(qfex.Level2("AAPL-USD"))
    events = []
    for second in ("40", "39", "41", "40", "42"):
        events += mds.say(level2((second, "1"), time=f"2025-09-04T09:26:{second}Z"))
    assert not [event for event in events if isinstance(event, Lost)]
    assert mds.session.book(qfex.Level2("AAPL-USD")).best_bid == (D(42), D(1))


def test_books_of_different_sig_figs_are_different_topics() -> None:
    mds = Mds()
    mds.subscribe(qfex.Level2("AAPL-USD"), qfex.Level2("AAPL-USD", 1))
    mds.say(level2(("100", "1"), sig_figs=1))
    assert mds.session.trusted(qfex.Level2("AAPL-USD", 1))
    assert not mds.session.trusted(qfex.Level2("AAPL-USD"))


def test_all_symbols_bring_every_symbols_updates() -> None:
    mds = Mds()
    mds.subscribe(qfex.Bbo(), qfex.Level2All())
    events = mds.say(bbo("A-USD"), bbo("B-USD"), level2(("1", "1"), symbol="C-USD"))
    assert [event.symbol for event in events if isinstance(event, (qfex.BboUpdate, qfex.Level2Update))] == [
        "A-USD",
        "B-USD",
        "C-USD",
    ]


# Sequence numbers -------------------------------------------------------------------------------------------------------


def test_a_gap_that_is_one_either_way_is_reported() -> None:
    mds = Mds()
    mds.subscribe(qfex.Trades("AAPL-USD"))
    trade = {
        "type": "trade",
        "symbol": "AAPL-USD",
        "time": TIME,
        "trade_id": "x",
        "size": "1",
        "price": "2",
        "side": "BUY",
    }
    mds.say({**trade, "sequence": 7})
    assert [type(event) for event in mds.say({**trade, "sequence": 8})] == [qfex.TradeUpdate]
    events = mds.say({**trade, "sequence": 11})
    assert [type(event) for event in events] == [Lost, Restored, qfex.TradeUpdate]


@pytest.mark.parametrize("numbers", [[(1, 1), (2, 2), (1, 3)], [(1, 1), (2, 1), (1, 2), (2, 2)], [(1, None), (2, 9)]])
def test_neither_way_of_counting_gives_a_false_alarm(numbers: list[tuple[int, int | None]]) -> None:
    mds = Mds()
    mds.subscribe(qfex.Bbo("A1-USD"), qfex.Bbo("A2-USD"))
    for symbol, sequence in numbers:
        events = mds.say(bbo(f"A{symbol}-USD", sequence=sequence))
        assert not [event for event in events if isinstance(event, Lost)]


@pytest.mark.parametrize(
    "unread", [{"type": "leaderboard", "sequence": 3}, {"type": "level2", "symbol": "A-USD", "sequence": 3}]
)
def test_the_number_of_a_message_that_cannot_be_read_is_no_gap_of_other_topics(unread: object) -> None:
    mds = Mds()
    mds.subscribe(qfex.Bbo("A1-USD"), qfex.Bbo("A2-USD"))
    mds.say(bbo("A1-USD", sequence=1), bbo("A2-USD", sequence=2))
    events = mds.say(unread, bbo("A1-USD", sequence=4), bbo("A2-USD", sequence=5))
    assert not [event for event in events if isinstance(event, Lost)]
    assert only(Lost, mds.say(bbo("A2-USD", sequence=9))).topics == (qfex.Bbo("A2-USD"),)


def test_more_symbols_than_are_remembered_after_an_unreadable_message_are_no_trouble(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("coinex_proto._session.trust.MAX_KEYS", 2)
    mds = Mds()
    mds.subscribe(qfex.Bbo())
    mds.say(*(bbo(f"A{number}-USD", sequence=number) for number in range(5)))
    events = mds.say({"type": "leaderboard"}, *(bbo(f"B{number}-USD", sequence=5 + number) for number in range(5)))
    assert len([event for event in events if isinstance(event, qfex.BboUpdate)]) == 5


# What cannot be had -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: qfex.Bbo("*"),
        lambda: qfex.Bbo("aapl-usd"),
        lambda: qfex.Bbo(""),
        lambda: qfex.Bbo(7),  # type: ignore[arg-type]
        lambda: qfex.Level2(None),  # type: ignore[arg-type]
        lambda: qfex.Level2("A-USD", 3),
        lambda: qfex.Level2("A-USD", True),
        lambda: qfex.Candles("A-USD", "2MIN"),
        lambda: MDS.subscribe((qfex.Fills(),)),
        lambda: MDS.encode(qfex.GetUserOrders(), RequestId(1)),
        lambda: qfex.mds(url="ws://mds.qfex.com"),
    ],
)
def test_what_cannot_be_is_refused_at_once(make: Any) -> None:
    with pytest.raises(UsageError):
        make()


def test_account_topics_need_the_other_socket() -> None:
    with pytest.raises(UsageError, match="no topic of the QFEX market data socket"):
        Mds().subscribe(qfex.Fills())
