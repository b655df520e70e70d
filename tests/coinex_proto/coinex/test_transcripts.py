"""CoinEx through `Session`: what goes over the wire, what comes out, in order. The venue's words are the documented ones."""

import gzip
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from zlib import crc32

import pytest

from coinex_proto import (
    BookChanged,
    BookNotTrusted,
    Config,
    Dialect,
    Event,
    LoginFailed,
    Lost,
    OrderChanged,
    Ready,
    Restored,
    Session,
    Subscribed,
    SubscribeFailed,
    Topic,
    Unrecognised,
    Unsubscribed,
)
from coinex_proto.coinex import (
    Credentials,
    Depth,
    DepthUpdate,
    IndexUpdate,
    Orders,
    OrderUpdate,
    Ticker,
    TickerUpdate,
    Trades,
    TradesUpdate,
    futures,
    spot,
)
from tests.coinex_proto.harness.wire import Wire, sources

SECRET = "EXAMPLESECRETKEY0123456789ABCDEF0123456789ABCDEF"
DEPTH = Depth("BTCUSDT")
DEFAULTS = Config()
Texts = Sequence[tuple[str, str]]


def opened(*topics: Topic[Any], dialect: Dialect | None = None, config: Config = DEFAULTS) -> tuple[Session, Wire]:
    """A session that wants these topics, its line just upgraded."""
    session = Session(spot() if dialect is None else dialect, sources(1_700_490_703_564_000_000), config)
    session.subscribe(*topics, now=0.0)
    session.next_step(0.0)
    session.connected(0.0)
    return session, Wire(session).open(0.0)


def gzipped(wire: Wire, now: float, *messages: Any) -> list[Event]:
    """The venue says these, each as a binary frame with one gzip member."""
    for message in messages:
        wire.client.receive_data(wire.peer.binary(gzip.compress(json.dumps(message).encode())), now)
    return wire.events()


def acknowledged(wire: Wire, now: float = 0.0) -> list[Event]:
    """The venue acknowledges all that was sent."""
    return gzipped(wire, now, *({"id": request["id"], "code": 0, "message": "OK"} for request in wire.sent()))


def depth(bids: Texts = (), asks: Texts = (), *, checksum: int, is_full: bool = False) -> Any:
    levels = {"asks": asks, "bids": bids, "last": "1", "updated_at": 1689152421692, "checksum": checksum}
    return {"method": "depth.update", "data": {"market": "BTCUSDT", "is_full": is_full, "depth": levels}, "id": None}


BIDS, ASKS = (("100.5", "2"), ("100.4", "0.35")), (("100.6", "1.25"), ("100.7", "4"))
WHOLE = depth(BIDS, ASKS, checksum=3897953775, is_full=True)
CHANGE = depth((("100.4", "0.50"),), (("100.6", "0"), ("100.8", "3.10")), checksum=2087347993)


def kinds(events: Sequence[Event]) -> list[type[Event]]:
    return [type(event) for event in events]


def test_a_public_topic_is_asked_for_and_is_live_with_its_first_push() -> None:
    session, wire = opened(Ticker("BTCUSDT"), Ticker("ETHUSDT"))
    assert wire.events() == [Ready()]
    assert wire.sent() == [
        {"method": "state.subscribe", "params": {"market_list": ["BTCUSDT", "ETHUSDT"]}, "id": 1},
    ]
    assert gzipped(wire, 0.1, {"id": 1, "code": 0, "message": "OK"}) == [
        Subscribed(topic=Ticker("BTCUSDT")),
        Subscribed(topic=Ticker("ETHUSDT")),
    ]
    assert not session.trusted(Ticker("BTCUSDT"))
    figures = dict.fromkeys(
        ("last", "open", "close", "high", "low", "volume", "value", "volume_sell", "volume_buy"), "1.50"
    )
    state = {"market": "BTCUSDT", **figures, "period": 86400}
    (update,) = gzipped(wire, 0.2, {"method": "state.update", "data": {"state_list": [state]}, "id": None})
    assert isinstance(update, TickerUpdate)
    assert (update.last, update.received_at, json.loads(update.raw)["method"]) == (Decimal("1.50"), 0.2, "state.update")
    assert session.trusted(Ticker("BTCUSDT"))
    # The venue acknowledges unknown markets and stays silent: that proves nothing.
    assert not session.trusted(Ticker("ETHUSDT"))


def test_s6_private_topics_wait_for_the_sign_in() -> None:
    _, wire = opened(Orders(), dialect=spot(credentials=Credentials("ACCESS", SECRET)))
    (sign,) = wire.sent()
    assert sign == {
        "method": "server.sign",
        "params": {
            "access_id": "ACCESS",
            "signed_str": "561f7d81cfcdd597b7798fad04386b772b5c0bf20e2364360405dcfb2f4cb383",
            "timestamp": 1700490703564,
        },
        "id": sign["id"],
    }
    assert gzipped(wire, 0.1, {"id": sign["id"], "code": 0, "message": "OK"}) == [Ready()]
    (request,) = wire.sent()
    assert (request["method"], request["params"]) == ("order.subscribe", {"market_list": []})


@pytest.mark.parametrize("code", [21002, 31002])
def test_s1_s4_a_refused_signature_is_tried_once_more_with_the_venues_time_and_is_then_final(code: int) -> None:
    session, wire = opened(dialect=futures(credentials=Credentials("ACCESS", SECRET)))
    (sign,) = wire.sent()
    assert gzipped(wire, 0.1, {"id": sign["id"], "code": code, "message": ""}) == []
    (clock,) = wire.sent()
    assert clock["method"] == "server.time"
    stamp = 1_700_490_703_564 + 60_000
    assert gzipped(wire, 0.2, {"id": clock["id"], "code": 0, "data": {"timestamp": stamp}, "message": "OK"}) == []
    (again,) = wire.sent()
    assert again["method"] == "server.sign"
    assert abs(again["params"]["timestamp"] - stamp) < 1000
    refused = gzipped(wire, 0.3, {"id": again["id"], "code": code, "message": "Signature Incorrect"})
    failure = refused[0]
    assert isinstance(failure, LoginFailed)
    assert failure.error.code == code
    assert "clock" in str(failure.error)
    assert SECRET not in repr(refused)
    assert not session.trusted()


def test_a_book_is_proved_by_each_checksum_and_comes_as_a_snapshot() -> None:  # law 9
    session, wire = opened(DEPTH)
    wire.events()
    acknowledged(wire)
    with pytest.raises(BookNotTrusted):
        _ = session.book(DEPTH).best_bid
    update, first = gzipped(wire, 1.0, WHOLE)
    assert isinstance(update, DepthUpdate)
    assert isinstance(first, BookChanged)
    assert first.book.best_ask == (Decimal("100.6"), Decimal("1.25"))
    _, second = gzipped(wire, 2.0, CHANGE)
    assert isinstance(second, BookChanged)
    assert second.book.best_ask == (Decimal("100.7"), Decimal(4))
    assert first.book.best_ask == (Decimal("100.6"), Decimal("1.25"))
    assert (second.book.received_at, second.market) == (2.0, "BTCUSDT")
    assert session.book(DEPTH) == second.book
    assert (session.stats.checksums_passed, session.stats.checksums_failed) == (2, 0)


def test_b1_after_a_mismatch_the_book_is_lost_until_a_whole_book_fits() -> None:
    session, wire = opened(DEPTH)
    wire.events()
    acknowledged(wire)
    gzipped(wire, 1.0, WHOLE)
    spoilt = gzipped(wire, 2.0, depth((("100.4", "9"),), checksum=1))
    assert spoilt[0] == Lost(topics=(DEPTH,), since=1.0, why="the checksum does not fit; waiting for a whole book")
    assert BookChanged not in kinds(spoilt)
    assert not session.trusted(DEPTH)
    assert BookChanged not in kinds(gzipped(wire, 3.0, CHANGE))
    assert session.book(DEPTH).why == "the checksum does not fit; waiting for a whole book"
    back = gzipped(wire, 4.0, WHOLE)
    assert [event for event in back if not isinstance(event, DepthUpdate)] == [
        Restored(topics=(DEPTH,), since=1.0, until=4.0, why="the checksum does not fit; waiting for a whole book"),
        BookChanged(topic=DEPTH, market="BTCUSDT", book=session.book(DEPTH).snapshot()),
    ]


def test_b2_a_difference_before_the_first_whole_book_makes_no_book() -> None:
    session, wire = opened(DEPTH)
    wire.events()
    acknowledged(wire)
    assert kinds(gzipped(wire, 1.0, CHANGE)) == [DepthUpdate]
    assert not session.trusted(DEPTH)
    assert kinds(gzipped(wire, 2.0, WHOLE)) == [DepthUpdate, BookChanged]


def test_n17_a_book_without_a_whole_push_for_90_seconds_is_lost_and_asked_for_again() -> None:
    session, wire = opened(DEPTH, config=Config(ping_interval=1000.0))
    wire.events()
    acknowledged(wire)
    gzipped(wire, 1.0, WHOLE)
    same = depth(checksum=3897953775)
    for second in range(2, 91):
        assert kinds(gzipped(wire, float(second), same)) == [DepthUpdate, BookChanged]
    events: list[Event] = []
    while (due := session.next_deadline()) is not None and due < 95.0:
        session.handle_timeout(due)
        events += wire.events()
    assert [(event.topics, event.since) for event in events if isinstance(event, Lost)] == [((DEPTH,), 90.0)]
    methods = [request["method"] for request in wire.sent()]
    assert methods[0] == "depth.unsubscribe"


def test_trades_are_delivered_once_and_history_says_so() -> None:
    _, wire = opened(Trades("BTCUSDT"))
    wire.events()
    acknowledged(wire)

    def deals(*ids: int) -> Any:
        entries = [{"deal_id": n, "created_at": 1, "side": "buy", "price": "1", "amount": "1"} for n in ids]
        return {"method": "deals.update", "data": {"market": "BTCUSDT", "deal_list": entries}, "id": None}

    (history,) = gzipped(wire, 1.0, deals(3, 2, 1))
    (news,) = gzipped(wire, 2.0, deals(4, 3))
    assert isinstance(history, TradesUpdate)
    assert isinstance(news, TradesUpdate)
    assert (history.trade_ids, history.is_history) == ((3, 2, 1), True)
    assert (news.trade_ids, news.is_history) == ((4,), False)


def test_s23_pushes_that_come_after_the_end_of_a_subscription_are_dropped_and_counted() -> None:
    session, wire = opened(DEPTH)
    wire.events()
    acknowledged(wire)
    gzipped(wire, 1.0, WHOLE)
    session.unsubscribe(DEPTH, now=2.0)
    (request,) = wire.sent()
    assert (request["method"], request["params"]) == ("depth.unsubscribe", {"market_list": ["BTCUSDT"]})
    assert gzipped(wire, 2.1, CHANGE) == []
    assert gzipped(wire, 2.2, {"id": request["id"], "code": 0, "message": "OK"}) == [Unsubscribed(topic=DEPTH)]
    assert gzipped(wire, 2.3, CHANGE) == []
    assert session.stats.late_pushes == 2


def test_s13_a_refused_topic_touches_nothing_else() -> None:
    session, wire = opened(Ticker("BTCUSDT"), Trades("BTCUSDT"))
    wire.events()
    ticker, trades = wire.sent()
    (failed,) = gzipped(wire, 0.1, {"id": ticker["id"], "code": 20001, "message": ""})
    assert isinstance(failed, SubscribeFailed)
    assert (failed.topic, getattr(failed.error, "code", None)) == (Ticker("BTCUSDT"), 20001)
    (done,) = gzipped(wire, 0.2, {"id": trades["id"], "code": 0, "message": "OK"})
    assert done == Subscribed(topic=Trades("BTCUSDT"))
    assert [status.state for status in session.topics()] == ["refused", "acknowledged"]


def test_d14_d18_an_unreadable_message_is_an_event_and_the_connection_goes_on() -> None:
    _, wire = opened(DEPTH)
    wire.events()
    acknowledged(wire)
    garbage: list[Any] = [[], {"method": "kline.update", "data": {}, "id": None}, {"id": 999}]
    for message in garbage:
        assert kinds(gzipped(wire, 1.0, message)) == [Unrecognised]
    assert kinds(gzipped(wire, 2.0, WHOLE)) == [DepthUpdate, BookChanged]


def test_an_own_order_is_followed_to_its_end() -> None:
    dialect = spot(credentials=Credentials("ACCESS", SECRET))
    session, wire = opened(Orders(), dialect=dialect)
    (sign,) = wire.sent()
    gzipped(wire, 0.1, {"id": sign["id"], "code": 0, "message": "OK"})
    acknowledged(wire)
    assert session.trusted(Orders())
    fixed = {"order_id": 7, "market": "BTCUSDT", "type": "limit", "side": "buy", "price": "10", "amount": "2"}
    fixed |= dict.fromkeys(("taker_fee_rate", "maker_fee_rate", "last_filled_amount", "last_filled_price"), "0")
    states = []
    for event, unfilled, filled, at in (("put", "2", "0", 1), ("update", "1", "1", 2), ("finish", "0", "2", 3)):
        order = {**fixed, "unfilled_amount": unfilled, "filled_amount": filled, "filled_value": "0"}
        order |= {"created_at": 1, "updated_at": at}
        found = gzipped(wire, 1.0, {"method": "order.update", "data": {"event": event, "order": order}, "id": None})
        assert {OrderUpdate, OrderChanged} == set(kinds(found))
        states += [(each.order.state, each.order.filled) for each in found if isinstance(each, OrderChanged)]
    assert states == [("live", Decimal(0)), ("live", Decimal(1)), ("filled", Decimal(2))]


def test_s18_1_000_markets_are_asked_for_in_frames_below_the_limit() -> None:
    session, wire = opened(*(Depth(f"MARKET{number:04}USDT") for number in range(1000)))
    wire.events()
    texts = wire.sent_texts()
    while (due := session.next_deadline()) is not None and due < 5.0:
        session.handle_timeout(due)
        texts += wire.sent_texts()
    requests = [json.loads(text) for text in texts]
    markets = [
        entry[0]
        for request in requests
        if request["method"] == "depth.subscribe"
        for entry in request["params"]["market_list"]
    ]
    assert markets == [f"MARKET{number:04}USDT" for number in range(1000)]
    assert max(map(len, texts)) <= 4096


def test_b6_the_worked_checksum_of_an_empty_book_is_zero() -> None:
    session, wire = opened(DEPTH)
    wire.events()
    acknowledged(wire)
    (_, changed) = gzipped(wire, 1.0, depth(checksum=crc32(b""), is_full=True))
    assert isinstance(changed, BookChanged)
    assert (changed.book.best_bid, changed.book.mid) == (None, None)
    assert session.trusted(DEPTH)


def test_d16_an_unreadable_difference_puts_its_book_in_doubt_until_a_checksum_fits_again() -> None:  # law 9
    session, wire = opened(DEPTH, Ticker())
    wire.events()
    acknowledged(wire)
    gzipped(wire, 1.0, WHOLE)
    broken = depth(checksum=1)
    broken["data"]["depth"]["bids"] = [["100.4"]]
    trouble, lost = gzipped(wire, 2.0, broken)
    assert isinstance(trouble, Unrecognised)
    assert lost == Lost(topics=(DEPTH,), since=1.0, why="a push could not be read")
    assert not session.trusted(DEPTH)
    # A checksum is over the whole book: what was missed had changed nothing, or this would not fit.
    assert kinds(gzipped(wire, 3.0, CHANGE)) == [Restored, DepthUpdate, BookChanged]


def test_d16_an_unreadable_order_is_a_hole_in_the_topic_that_it_belongs_to() -> None:
    session, wire = opened(Orders(), dialect=spot(credentials=Credentials("ACCESS", SECRET)))
    (sign,) = wire.sent()
    gzipped(wire, 0.1, {"id": sign["id"], "code": 0, "message": "OK"})
    acknowledged(wire)
    broken = {"method": "order.update", "data": {"event": "put", "order": {"market": "BTCUSDT"}}, "id": None}
    assert kinds(gzipped(wire, 2.0, broken)) == [Unrecognised, Lost, Restored]
    assert session.trusted(Orders())


def test_d2_d3_a_damaged_frame_puts_every_book_in_doubt_since_it_could_have_been_any_push() -> None:  # law 9
    session, wire = opened(DEPTH)
    wire.events()
    acknowledged(wire)
    gzipped(wire, 1.0, WHOLE)
    session.receive_data(wire.peer.binary(gzip.compress(b"{}")[:-1]), 2.0)
    assert kinds(wire.events()) == [Unrecognised, Lost]
    assert not session.trusted(DEPTH)
    assert kinds(gzipped(wire, 3.0, CHANGE)) == [Restored, DepthUpdate, BookChanged]


def test_the_age_of_an_update_is_taken_by_the_venues_clock_once_that_is_known() -> None:
    session, wire = opened(DEPTH)
    wire.events()
    acknowledged(wire)
    update = next(event for event in gzipped(wire, 1_000.0, WHOLE) if isinstance(event, DepthUpdate))
    assert update.venue_time == (update.depth.updated_at or 0) / 1000
    assert session.age(update) is None
    # The venue is an hour ahead of the wall clock of `sources()`.
    session.clock.observe(10**18, 10**18, (10**18 + 3600 * 10**9) // 10**6, 1_000.0)
    age = session.age(update)
    assert age is not None
    assert age == pytest.approx(1_000.0 + 3600 - update.venue_time, abs=0.01)
    assert session.age(IndexUpdate(market="BTCUSDT", index_price=Decimal(1))) is None


def test_a_book_of_a_market_that_stays_silent_says_what_it_waits_for() -> None:
    session, wire = opened(DEPTH)
    wire.events()
    acknowledged(wire)
    assert session.book(DEPTH).why == "asked for, and no whole book has come yet"


def test_d16_a_push_that_cannot_be_read_counts_as_a_decode_failure_and_a_gap() -> None:
    session, wire = opened(Trades("BTCUSDT"))
    acknowledged(wire)
    gzipped(wire, 1.0, {"method": "deals.update", "data": {"market": "BTCUSDT", "deal_list": []}, "id": None})
    events = gzipped(wire, 2.0, {"method": "deals.update", "data": {"market": "BTCUSDT", "deal_list": 5}, "id": None})
    assert [type(event) for event in events] == [Unrecognised, Lost]
    assert not session.trusted(Trades("BTCUSDT"))
    assert (session.stats.decode_failures, session.stats.gaps) == (1, 1)


def test_a_market_that_first_trades_long_after_all_were_subscribed_brings_news_and_no_history() -> None:
    def deal(market: str, deal_id: int) -> dict[str, Any]:
        row = {"deal_id": deal_id, "created_at": 1, "side": "buy", "price": "1", "amount": "1"}
        return {"method": "deals.update", "data": {"market": market, "deal_list": [row]}, "id": None}

    _, wire = opened(Trades())
    wire.events()
    acknowledged(wire)
    found = [
        event
        for now, market in ((1.0, "BTCUSDT"), (5.0, "ETHUSDT"), (100.0, "RAREUSDT"))
        for event in gzipped(wire, now, deal(market, 7))
    ]
    assert [(event.market, event.is_history) for event in found if isinstance(event, TradesUpdate)] == [
        ("BTCUSDT", True),
        ("ETHUSDT", True),
        ("RAREUSDT", False),
    ]
