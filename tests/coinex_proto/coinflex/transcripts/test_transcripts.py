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
from tests.coinex_proto.harness.wire import Wire, sources
from tests.coinex_proto.laws.test_laws_secrets import reachable

BOOK = OrderBook(XBT, USDT)
TICKER = Ticker(XBT, USDT)
BUY = PlaceOrder(base=XBT, counter=USDT, quantity=10000, price=96010000, tonce=2, assets=ASSETS_2020)


def test_the_sign_in_waits_for_the_welcome_and_signs_its_nonce() -> None:
    nonce = bytes.fromhex(PLAIN["values"]["client_nonce_hex"])
    session = Session(private(), type(sources())(lambda: 0, lambda count: (nonce * 4)[:count]))
    link = connected(session)
    assert link.sent() == []
    link.say(0.0, WELCOME)
    (login,) = link.sent()
    assert login == PLAIN["message"]
    assert link.say(0.0, {"tag": login["tag"], "error_code": 0}) == [Ready()]


def test_s6_no_private_command_leaves_before_the_reply_to_the_sign_in() -> None:
    session = Session(private(), sources())
    session.subscribe(OwnOrders(), now=0.0)
    link = connected(session)
    link.say(0.0, WELCOME)
    assert [request["method"] for request in link.sent()] == ["Authenticate"]
    with pytest.raises(UsageError, match="not ready"):
        session.send(BUY, 0.0)
    assert link.sent() == []


def test_s1_any_reply_with_the_tag_of_the_sign_in_is_not_yet_success() -> None:
    session = Session(private(), sources())
    link = connected(session)
    link.say(0.0, WELCOME)
    (login,) = link.sent()
    failed, *_ = link.say(0.0, refused(login, 7, "You sent an incorrect signature."))
    assert isinstance(failed, LoginFailed)
    assert failed.error.code == 7
    assert "passphrase" in str(failed.error)


def test_a_second_welcome_is_reported_and_the_first_nonce_stays() -> None:
    _session, link = opened(dialect=private())
    assert kinds(link.say(1.0, WELCOME)) == [Unrecognised]


def test_without_credentials_nothing_waits_for_the_welcome() -> None:
    session, link = opened()
    assert link.say(0.0, WELCOME) == []
    with pytest.raises(UsageError, match="Authentication required"):
        session.send(GetBalances(), 0.0)
    with pytest.raises(UsageError, match="Authentication required"):
        session.send(Raw({"method": "GetOrders"}), 0.0)


def test_s9_replies_may_come_in_any_order_and_strays_are_reported_only() -> None:
    session, link = opened(dialect=private())
    first = session.send(GetBalances(), 0.0)
    second = session.send(Raw({"method": "GetTradeVolume", "asset": XBT}), 0.0)
    balances, volume = link.sent()
    events = link.say(
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
    session, link = opened(BOOK)
    (watch,) = link.sent()
    assert watch == {"tag": watch["tag"], "method": "WatchOrders", "base": XBT, "counter": USDT, "watch": True}
    events = link.say(0.1, ok(watch, orders=[order(1, 10000, 96000000), order(2, -20000, 96100000)]))
    assert kinds(events) == [OrdersUpdate, BookChanged, Subscribed]
    view = session.book(BOOK)
    assert view.best_bid == (Decimal(9600), Decimal(1))
    events = link.say(0.2, notice("OrderOpened", id=3, quantity=5000, price=96000000, time=2_000_000))
    assert kinds(events) == [OrderOpened, BookChanged]
    assert view.best_bid == (Decimal(9600), Decimal("1.5"))
    trade = {"bid": 1, "ask": 2, "quantity": 2500, "price": 96000000, "total": 1, "bid_rem": 7500, "ask_rem": 17500}
    link.say(0.3, notice("OrdersMatched", time=3_000_000, **trade))
    assert (view.best_bid, view.best_ask) == ((Decimal(9600), Decimal("1.25")), (Decimal(9610), Decimal("1.75")))
    assert view.updated_at_ms == 3000
    link.say(0.4, notice("OrderClosed", id=3, quantity=5000, price=96000000))
    link.say(0.5, notice("OrderModified", id=1, quantity=8000, price=95990000, time=4_000_000))
    assert list(view.bids) == [(Decimal(9599), Decimal("0.8"))]


def test_notices_before_the_snapshot_wait_for_it() -> None:
    session, link = opened(BOOK)
    (watch,) = link.sent()
    early = notice("OrderOpened", id=3, quantity=5000, price=96010000, time=2)
    assert kinds(link.say(0.1, early)) == [OrderOpened]
    assert not session.trusted(BOOK)
    link.say(0.2, ok(watch, orders=[order(1, 10000, 96000000)]))
    assert session.book(BOOK).best_bid == (Decimal(9601), Decimal("0.5"))


def test_a_trade_that_does_not_fit_leaves_the_book_unproved_until_it_is_subscribed_again() -> None:  # law 9
    session, link = opened(BOOK)
    (watch,) = link.sent()
    link.say(0.0, ok(watch, orders=[order(1, 10000, 96000000)]))
    wrong = notice("OrdersMatched", bid=1, bid_rem=9000, quantity=2500, price=96000000, total=1, time=3)
    assert kinds(link.say(1.0, wrong)) == [Lost, OrdersMatched]
    assert kinds(link.say(1.1, notice("OrderOpened", id=3, quantity=1, price=1, time=2))) == [OrderOpened]
    while not (requests := link.sent()):
        due = session.next_deadline()
        assert due is not None
        assert due < 60
        session.handle_timeout(due)
    (unwatch,) = requests
    assert unwatch["watch"] is False
    link.say(10.0, ok(unwatch))
    (again,) = link.sent()
    assert kinds(link.say(10.1, ok(again, orders=[order(1, 9000, 96000000)]))) == [
        Restored,
        OrdersUpdate,
        BookChanged,
        Subscribed,
    ]


def test_d16_an_unreadable_notice_leaves_its_book_unproved_for_good() -> None:  # law 9
    session, link = opened(BOOK)
    (watch,) = link.sent()
    link.say(0.0, ok(watch, orders=[order(1, 10000, 96000000)]))
    assert kinds(link.say(1.0, notice("OrderOpened", id="x", quantity=1, price=1, time=2))) == [Unrecognised, Lost]
    assert kinds(link.say(1.1, notice("OrderClosed", id=1, quantity=1, price=1))) == [OrderClosed]
    assert not session.trusted(BOOK)


def test_d16_what_could_not_be_read_before_the_snapshot_is_missing_in_it_too() -> None:  # law 9
    session, link = opened(BOOK, TICKER)
    book, ticker = link.sent()
    for name in ("OrderOpened", "TickerChanged"):
        assert kinds(link.say(0.1, notice(name, id="x", bid="x"))) == [Unrecognised]
    figures = {"last": 1, "bid": 2, "ask": 3, "low": 1, "high": 4, "volume": 9}
    link.say(0.2, ok(book, orders=[order(1, 10000, 96000000)]), ok(ticker, **figures))
    assert not session.trusted(BOOK)
    assert not session.trusted(TICKER)
    assert [request["watch"] for request in served(session, link, 30.0)] == [False, False]


def test_a_book_needs_a_base_asset_that_the_table_has() -> None:
    session = Session(live(), sources())
    with pytest.raises(UsageError, match="table of assets"):
        session.subscribe(OrderBook(7, USDT), now=0.0)


def served(session: Session, link: Wire, until: float) -> list[Any]:
    """What is sent while time passes, timer by timer."""
    while not (sent := link.sent()):
        due = session.next_deadline()
        assert due is not None
        assert due < until
        session.handle_timeout(due)
    return sent


@pytest.mark.parametrize("topic", [BOOK, TICKER])
def test_s10_what_may_be_on_although_no_reply_came_is_ended_before_it_is_subscribed_again(topic: Topic[Any]) -> None:
    session, link = opened(topic)
    (watch,) = link.sent()
    (unwatch,) = served(session, link, 30.0)
    assert (unwatch["method"], unwatch["watch"]) == (watch["method"], False)
    assert [type(event) for event in link.events()] == [SubscribeFailed]
    link.say(30.0, refused(unwatch, 1, "You are not watching"))
    (again,) = link.sent()
    assert {**again, "tag": 0} == {**watch, "tag": 0}


@pytest.mark.parametrize("topic", [BOOK, TICKER])
def test_what_a_raw_request_has_put_on_is_ended_and_subscribed_again(topic: Topic[Any]) -> None:
    session, link = opened(topic)
    (watch,) = link.sent()
    (failed,) = link.say(0.1, refused(watch, 2, "You are already watching"))
    assert isinstance(failed, SubscribeFailed)
    (unwatch,) = served(session, link, 30.0)
    assert (unwatch["method"], unwatch["watch"]) == (watch["method"], False)
    link.say(30.0, ok(unwatch))
    (again,) = link.sent()
    assert {**again, "tag": 0} == {**watch, "tag": 0}


def test_what_may_be_on_and_is_wanted_no_more_is_ended() -> None:
    session, link = opened(BOOK)
    link.sent()
    while not link.events():
        session.handle_timeout(session.next_deadline() or 0.0)
    session.unsubscribe(BOOK, now=12.0)
    (unwatch,) = served(session, link, 30.0)
    assert unwatch["watch"] is False
    link.say(30.0, ok(unwatch))
    assert session.topics() == ()


# The ticker -----------------------------------------------------------------------------------------------------------


def test_a_ticker_is_merged_from_its_changes_even_those_before_the_reply() -> None:
    _session, link = opened(TICKER)
    (watch,) = link.sent()
    assert link.say(0.1, notice("TickerChanged", bid=5)) == []
    whole = {"last": 1, "bid": 2, "ask": 3, "low": 1, "high": 4, "volume": 9}
    update, subscribed = link.say(0.2, ok(watch, **whole))
    assert update == TickerUpdate(base=XBT, counter=USDT, **{**whole, "bid": 5})
    assert subscribed == Subscribed(topic=TICKER)
    (update,) = link.say(0.3, notice("TickerChanged", ask=None, volume=10))
    assert update == TickerUpdate(base=XBT, counter=USDT, **{**whole, "bid": 5, "ask": None, "volume": 10})
    assert isinstance(update, TickerUpdate)
    assert update.received_at == 0.3
    assert b"TickerChanged" in update.raw


def test_a_ticker_begins_anew_with_each_connection() -> None:
    session, link = opened(TICKER)
    (watch,) = link.sent()
    link.say(0.2, ok(watch, last=1, bid=2, ask=3, low=1, high=4, volume=9))
    session.disconnected(1.0)
    link.events()
    link = connected(session, 60.0)
    link.events()
    link.sent()
    assert link.say(61.0, notice("TickerChanged", bid=5)) == []


def test_s7_seven_means_that_the_sign_in_is_gone_and_a_new_connection_is_made() -> None:
    session, link = opened(dialect=private())
    session.send(GetBalances(), 0.0)
    (request,) = link.sent()
    link.say(0.1, refused(request, 7, "You are not authenticated."))
    assert session.wants_close


@pytest.mark.parametrize("answer", ["none", "yes", "no"])
def test_a_walk_over_all_of_a_session_finds_neither_passphrase_nor_key(answer: str) -> None:  # law 8
    session = Session(private(), sources(), CONFIG)
    link = connected(session)
    link.say(0.0, WELCOME)
    (login,) = link.sent()
    if answer != "none":
        link.say(0.0, ok(login) if answer == "yes" else refused(login, 7, "wrong"))
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
