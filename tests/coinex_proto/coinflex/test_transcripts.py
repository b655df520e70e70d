"""CoinFLEX through a session, message by message."""

from decimal import Decimal
from typing import Any

import pytest

from coinex_proto import (
    BookChanged,
    LoginFailed,
    Lost,
    Ready,
    Replied,
    Restored,
    Session,
    Subscribed,
    SubscribeFailed,
    Topic,
    Unrecognised,
    UsageError,
)
from coinex_proto.coinflex import (
    ASSETS_2020,
    BalancesUpdate,
    GetBalances,
    OrderBook,
    OrderClosed,
    OrderOpened,
    OrdersMatched,
    OrdersUpdate,
    OwnOrders,
    PlaceOrder,
    Raw,
    Ticker,
    TickerUpdate,
    live,
)
from tests.coinex_proto.coinflex.venue import (
    CONFIG,
    PLAIN,
    USDT,
    WELCOME,
    XBT,
    connected,
    credentials,
    kinds,
    notice,
    ok,
    opened,
    order,
    private,
    refused,
)
from tests.coinex_proto.line import Line, sources
from tests.coinex_proto.test_laws_secrets import reachable

BOOK = OrderBook(XBT, USDT)
TICKER = Ticker(XBT, USDT)
BUY = PlaceOrder(base=XBT, counter=USDT, quantity=10000, price=96010000, tonce=2, assets=ASSETS_2020)


def test_the_sign_in_waits_for_the_welcome_and_signs_its_nonce() -> None:
    nonce = bytes.fromhex(PLAIN["values"]["client_nonce_hex"])
    session = Session(private(), type(sources())(lambda: 0, lambda count: (nonce * 4)[:count]))
    line = connected(session)
    assert line.sent() == []
    line.say(0.0, WELCOME)
    (login,) = line.sent()
    assert login == PLAIN["message"]
    assert line.say(0.0, {"tag": login["tag"], "error_code": 0}) == [Ready()]


def test_no_private_command_leaves_before_the_reply_to_the_sign_in() -> None:  # S6
    session = Session(private(), sources())
    session.subscribe(OwnOrders(), now=0.0)
    line = connected(session)
    line.say(0.0, WELCOME)
    assert [request["method"] for request in line.sent()] == ["Authenticate"]
    with pytest.raises(UsageError, match="not ready"):
        session.send(BUY, 0.0)
    assert line.sent() == []


def test_any_reply_with_the_tag_of_the_sign_in_is_not_yet_success() -> None:  # S1
    session = Session(private(), sources())
    line = connected(session)
    line.say(0.0, WELCOME)
    (login,) = line.sent()
    failed, *_ = line.say(0.0, refused(login, 7, "You sent an incorrect signature."))
    assert isinstance(failed, LoginFailed)
    assert failed.error.code == 7
    assert "passphrase" in str(failed.error)


def test_a_second_welcome_is_reported_and_the_first_nonce_stays() -> None:
    _session, line = opened(dialect=private())
    assert kinds(line.say(1.0, WELCOME)) == [Unrecognised]


def test_without_credentials_nothing_waits_for_the_welcome() -> None:
    session, line = opened()
    assert line.say(0.0, WELCOME) == []
    with pytest.raises(UsageError, match="Authentication required"):
        session.send(GetBalances(), 0.0)
    with pytest.raises(UsageError, match="Authentication required"):
        session.send(Raw({"method": "GetOrders"}), 0.0)


def test_replies_may_come_in_any_order_and_strays_are_reported_only() -> None:  # S9
    session, line = opened(dialect=private())
    first = session.send(GetBalances(), 0.0)
    second = session.send(Raw({"method": "GetTradeVolume", "asset": XBT}), 0.0)
    balances, volume = line.sent()
    events = line.say(
        0.1, ok(volume, volume=7), ok({"tag": 999}), {"error_code": 8, "error_msg": "no tag"}, ok(balances, balances=[])
    )
    replied = [event for event in events if isinstance(event, Replied)]
    assert [(event.request_id, event.result) for event in replied] == [
        (second, {"error_code": 0, "volume": 7}),
        (first, BalancesUpdate(balances=())),
    ]
    assert kinds(events).count(Unrecognised) == 2


# The book -------------------------------------------------------------------------------------------------------------


def test_a_book_is_the_snapshot_and_every_notice_after_it() -> None:
    session, line = opened(BOOK)
    (watch,) = line.sent()
    assert watch == {"tag": watch["tag"], "method": "WatchOrders", "base": XBT, "counter": USDT, "watch": True}
    events = line.say(0.1, ok(watch, orders=[order(1, 10000, 96000000), order(2, -20000, 96100000)]))
    assert kinds(events) == [OrdersUpdate, BookChanged, Subscribed]
    view = session.book(BOOK)
    assert view.best_bid == (Decimal(9600), Decimal(1))
    events = line.say(0.2, notice("OrderOpened", id=3, quantity=5000, price=96000000, time=2_000_000))
    assert kinds(events) == [OrderOpened, BookChanged]
    assert view.best_bid == (Decimal(9600), Decimal("1.5"))
    trade = {"bid": 1, "ask": 2, "quantity": 2500, "price": 96000000, "total": 1, "bid_rem": 7500, "ask_rem": 17500}
    line.say(0.3, notice("OrdersMatched", time=3_000_000, **trade))
    assert (view.best_bid, view.best_ask) == ((Decimal(9600), Decimal("1.25")), (Decimal(9610), Decimal("1.75")))
    assert view.updated_at_ms == 3000
    line.say(0.4, notice("OrderClosed", id=3, quantity=5000, price=96000000))
    line.say(0.5, notice("OrderModified", id=1, quantity=8000, price=95990000, time=4_000_000))
    assert list(view.bids) == [(Decimal(9599), Decimal("0.8"))]


def test_notices_before_the_snapshot_wait_for_it() -> None:
    session, line = opened(BOOK)
    (watch,) = line.sent()
    early = notice("OrderOpened", id=3, quantity=5000, price=96010000, time=2)
    assert kinds(line.say(0.1, early)) == [OrderOpened]
    assert not session.trusted(BOOK)
    line.say(0.2, ok(watch, orders=[order(1, 10000, 96000000)]))
    assert session.book(BOOK).best_bid == (Decimal(9601), Decimal("0.5"))


def test_a_trade_that_does_not_fit_puts_the_book_in_doubt_until_it_is_asked_for_again() -> None:  # law 9
    session, line = opened(BOOK)
    (watch,) = line.sent()
    line.say(0.0, ok(watch, orders=[order(1, 10000, 96000000)]))
    wrong = notice("OrdersMatched", bid=1, bid_rem=9000, quantity=2500, price=96000000, total=1, time=3)
    assert kinds(line.say(1.0, wrong)) == [Lost, OrdersMatched]
    assert kinds(line.say(1.1, notice("OrderOpened", id=3, quantity=1, price=1, time=2))) == [OrderOpened]
    while not (asked := line.sent()):
        due = session.next_deadline()
        assert due is not None
        assert due < 60
        session.handle_timeout(due)
    (unwatch,) = asked
    assert unwatch["watch"] is False
    line.say(10.0, ok(unwatch))
    (again,) = line.sent()
    assert kinds(line.say(10.1, ok(again, orders=[order(1, 9000, 96000000)]))) == [
        Restored,
        OrdersUpdate,
        BookChanged,
        Subscribed,
    ]


def test_an_unreadable_notice_puts_its_book_in_doubt_for_good() -> None:  # D16, law 9
    session, line = opened(BOOK)
    (watch,) = line.sent()
    line.say(0.0, ok(watch, orders=[order(1, 10000, 96000000)]))
    assert kinds(line.say(1.0, notice("OrderOpened", id="3", quantity=1, price=1, time=2))) == [Unrecognised, Lost]
    assert kinds(line.say(1.1, notice("OrderClosed", id=1, quantity=1, price=1))) == [OrderClosed]
    assert not session.trusted(BOOK)


def test_what_could_not_be_read_before_the_snapshot_is_missing_in_it_too() -> None:  # D16, law 9
    session, line = opened(BOOK, TICKER)
    book, ticker = line.sent()
    for name in ("OrderOpened", "TickerChanged"):
        assert kinds(line.say(0.1, notice(name, id="x", bid="x"))) == [Unrecognised]
    figures = {"last": 1, "bid": 2, "ask": 3, "low": 1, "high": 4, "volume": 9}
    line.say(0.2, ok(book, orders=[order(1, 10000, 96000000)]), ok(ticker, **figures))
    assert not session.trusted(BOOK)
    assert not session.trusted(TICKER)
    assert [request["watch"] for request in served(session, line, 30.0)] == [False, False]


def test_a_book_needs_a_base_asset_that_the_table_has() -> None:
    session = Session(live(), sources())
    with pytest.raises(UsageError, match="table of assets"):
        session.subscribe(OrderBook(7, USDT), now=0.0)


def served(session: Session, line: Line, until: float) -> list[Any]:
    """What is sent while time passes, timer by timer."""
    while not (sent := line.sent()):
        due = session.next_deadline()
        assert due is not None
        assert due < until
        session.handle_timeout(due)
    return sent


@pytest.mark.parametrize("topic", [BOOK, TICKER])
def test_what_may_be_on_although_no_reply_came_is_ended_before_it_is_asked_for_again(topic: Topic[Any]) -> None:  # S10
    session, line = opened(topic)
    (watch,) = line.sent()
    (unwatch,) = served(session, line, 30.0)
    assert (unwatch["method"], unwatch["watch"]) == (watch["method"], False)
    assert [type(event) for event in line.events()] == [SubscribeFailed]
    line.say(30.0, refused(unwatch, 1, "You are not watching"))
    (again,) = line.sent()
    assert {**again, "tag": 0} == {**watch, "tag": 0}


@pytest.mark.parametrize("topic", [BOOK, TICKER])
def test_what_a_raw_request_has_put_on_is_ended_and_asked_for_again(topic: Topic[Any]) -> None:
    session, line = opened(topic)
    (watch,) = line.sent()
    (failed,) = line.say(0.1, refused(watch, 2, "You are already watching"))
    assert isinstance(failed, SubscribeFailed)
    (unwatch,) = served(session, line, 30.0)
    assert (unwatch["method"], unwatch["watch"]) == (watch["method"], False)
    line.say(30.0, ok(unwatch))
    (again,) = line.sent()
    assert {**again, "tag": 0} == {**watch, "tag": 0}


def test_what_may_be_on_and_is_wanted_no_more_is_ended() -> None:
    session, line = opened(BOOK)
    line.sent()
    while not line.events():
        session.handle_timeout(session.next_deadline() or 0.0)
    session.unsubscribe(BOOK, now=12.0)
    (unwatch,) = served(session, line, 30.0)
    assert unwatch["watch"] is False
    line.say(30.0, ok(unwatch))
    assert session.topics() == ()


# The ticker -----------------------------------------------------------------------------------------------------------


def test_a_ticker_is_merged_from_its_changes_even_those_before_the_reply() -> None:
    _session, line = opened(TICKER)
    (watch,) = line.sent()
    assert line.say(0.1, notice("TickerChanged", bid=5)) == []
    whole = {"last": 1, "bid": 2, "ask": 3, "low": 1, "high": 4, "volume": 9}
    update, subscribed = line.say(0.2, ok(watch, **whole))
    assert update == TickerUpdate(base=XBT, counter=USDT, **{**whole, "bid": 5})
    assert subscribed == Subscribed(topic=TICKER)
    (update,) = line.say(0.3, notice("TickerChanged", ask=None, volume=10))
    assert update == TickerUpdate(base=XBT, counter=USDT, **{**whole, "bid": 5, "ask": None, "volume": 10})
    assert isinstance(update, TickerUpdate)
    assert update.received_at == 0.3
    assert b"TickerChanged" in update.raw


def test_a_ticker_begins_anew_with_each_connection() -> None:
    session, line = opened(TICKER)
    (watch,) = line.sent()
    line.say(0.2, ok(watch, last=1, bid=2, ask=3, low=1, high=4, volume=9))
    session.disconnected(1.0)
    line.events()
    line = connected(session, 60.0)
    line.events()
    line.sent()
    assert line.say(61.0, notice("TickerChanged", bid=5)) == []


def test_seven_means_that_the_sign_in_is_gone_and_a_new_connection_is_made() -> None:  # S7
    session, line = opened(dialect=private())
    session.send(GetBalances(), 0.0)
    (request,) = line.sent()
    line.say(0.1, refused(request, 7, "You are not authenticated."))
    assert session.wants_close


@pytest.mark.parametrize("answer", ["none", "yes", "no"])
def test_a_walk_over_all_of_a_session_finds_neither_passphrase_nor_key(answer: str) -> None:  # law 8
    session = Session(private(), sources(), CONFIG)
    line = connected(session)
    line.say(0.0, WELCOME)
    (login,) = line.sent()
    if answer != "none":
        line.say(0.0, ok(login) if answer == "yes" else refused(login, 7, "wrong"))
    values = PLAIN["values"]
    key = bytes.fromhex(values["private_key_hex"])
    secrets: tuple[str, ...] = (
        values["passphrase"],
        values["passphrase_utf8_hex"],
        key.hex(),
        values["private_key_b64"],
    )
    secrets += (repr(key), str(int.from_bytes(key, "big")))
    found = [each for each in reachable(session) for secret in secrets if secret in repr(each)]
    assert found == []


def test_the_cookie_is_in_no_repr() -> None:  # law 8
    session, _line = opened(dialect=private())
    assert PLAIN["values"]["cookie"] not in repr((session.dialect, credentials(), session.dialect.opening))
