"""Own orders and the account of CoinFLEX through a session, message by message."""

from decimal import Decimal

import pytest

from coinex_proto import (
    BookChanged,
    Failed,
    OrderChanged,
    OrderView,
    Replied,
    RequestRefused,
    Subscribed,
    Unrecognised,
)
from coinex_proto.coinflex import (
    ASSETS_2020,
    BalanceChanged,
    Balances,
    CancelAllOrders,
    ModifyOrder,
    OpenOrdersUpdate,
    OrderBook,
    OrderOpened,
    OrdersMatched,
    OwnOrders,
    OwnOrderUpdate,
    PlaceOrder,
)
from tests.coinex_proto.coinflex.venue import (
    USDT,
    WELCOME,
    XBT,
    connected,
    kinds,
    message,
    ok,
    opened,
    private,
    refused,
)

BOOK = OrderBook(XBT, USDT)
BUY = PlaceOrder(base=XBT, counter=USDT, quantity=10000, price=96010000, tonce=2, assets=ASSETS_2020)


def test_subscribing_to_the_account_brings_its_state_and_then_its_notices() -> None:
    session, link = opened(OwnOrders(), Balances(), dialect=private())
    orders, balances = link.sent()
    events = link.say(0.1, ok(orders, orders=message("GetOrders.ok")["orders"]))
    assert kinds(events) == [OrderChanged, OrderChanged, OpenOrdersUpdate, Subscribed]
    link.say(0.1, ok(balances, balances=message("GetBalances.ok")["balances"]))
    assert session.trusted(OwnOrders(), Balances())
    assert [str(view.remaining) for view in session.orders.open()] == ["1.0000", "0.2500"]
    assert kinds(link.say(0.2, message("BalanceChanged"))) == [BalanceChanged]
    assert kinds(link.say(0.2, message("OrderOpened.own"))) == [OrderChanged, OwnOrderUpdate]


def test_an_order_is_followed_whether_notices_or_the_reply_come_first() -> None:
    session, link = opened(dialect=private())
    session.send(BUY, 0.0)
    (view,) = session.orders.open()
    assert (view.state, view.market, view.side, view.price, view.amount) == (
        "sending",
        "XBT/USDT",
        "buy",
        Decimal(9601),
        Decimal(1),
    )
    (placed,) = link.sent()
    link.say(0.1, message("OrderOpened.own"), message("OrdersMatched.own-bid"))
    assert (view.state, view.order_id, view.filled, view.remaining) == (
        "live",
        118061,
        Decimal("0.25"),
        Decimal("0.75"),
    )
    replied = link.say(0.2, ok(placed, id=118061, time=1581946800002000))[-1]
    assert isinstance(replied, Replied)
    assert isinstance(replied.result, OrderView)
    assert (view.price, view.amount, view.average_price) == (Decimal(9601), Decimal(1), Decimal(9610))
    link.say(0.3, message("OrdersMatched.own-bid"))
    assert view.filled == Decimal("0.25")
    link.say(0.4, message("OrderClosed.own"))
    assert (view.state, view.filled, view.remaining) == ("cancelled", Decimal("0.25"), Decimal("0.75"))


def test_an_order_without_a_tonce_is_found_by_the_reply() -> None:
    session, link = opened(dialect=private())
    session.send(PlaceOrder(base=XBT, counter=USDT, quantity=10000, price=96010000), 0.0)
    (view,) = session.orders.open()
    (placed,) = link.sent()
    link.say(0.1, {**message("OrderOpened.own"), "tonce": None})
    link.say(0.2, ok(placed, id=118061, time=1581946800002000))
    assert [each.order_id for each in session.orders.open()] == [118061]
    assert (view.state, view.amount) == ("live", Decimal(1))


@pytest.mark.parametrize(
    ("remaining", "state", "filled"), [(0, "filled", "1"), (4000, "cancelled", "0.6"), (10000, "cancelled", "0")]
)
def test_a_market_order_is_over_with_its_reply(remaining: int, state: str, filled: str) -> None:
    session, link = opened(dialect=private())
    session.send(PlaceOrder(base=XBT, counter=USDT, quantity=-10000, tonce=5, assets=ASSETS_2020), 0.0)
    (view,) = session.orders.open()
    (placed,) = link.sent()
    link.say(0.1, ok(placed, remaining=remaining))
    assert (view.state, view.filled, view.side) == (state, Decimal(filled), "sell")


def test_a_change_amends_the_amount_once() -> None:
    session, link = opened(dialect=private())
    link.say(0.0, message("OrderOpened.own"), message("OrdersMatched.own-bid"))
    (view,) = session.orders.open()
    session.send(ModifyOrder(id=118061, quantity_delta=-2500), 0.1)
    (request,) = link.sent()
    change = {
        "id": 118061,
        "tonce": 2,
        "base": XBT,
        "counter": USDT,
        "quantity": 5000,
        "price": 96010000,
        "time": 1581946800003000,
    }
    link.say(0.2, {"notice": "OrderModified", **change})
    assert (view.amount, view.remaining, view.filled) == (Decimal("0.75"), Decimal("0.5"), Decimal("0.25"))
    later = {**message("OrdersMatched.own-bid"), "bid_rem": 2500, "time": 1581946800003500}
    link.say(0.3, later)
    link.say(0.4, ok(request, **change))
    assert (view.amount, view.remaining, view.filled) == (Decimal("0.75"), Decimal("0.25"), Decimal("0.5"))


def test_a_refused_order_says_why() -> None:
    session, link = opened(dialect=private())
    session.send(BUY, 0.0)
    (view,) = session.orders.open()
    (placed,) = link.sent()
    failed = link.say(0.1, refused(placed, 4, "You have insufficient funds."))[-1]
    assert isinstance(failed, Failed)
    assert isinstance(failed.error, RequestRefused)
    assert (view.state, failed.error.code) == ("refused", 4)


def test_after_a_lost_connection_the_open_orders_are_queried() -> None:
    session, link = opened(dialect=private())
    session.send(BUY, 0.0)
    (view,) = session.orders.open()
    session.disconnected(1.0)
    link.events()
    assert view.state == "unknown"
    link = connected(session, 60.0)
    link.say(60.0, WELCOME)
    (login,) = link.sent()
    link.say(60.0, ok(login))
    (query,) = link.sent()
    assert query["method"] == "GetOrders"
    stands = {**message("GetOrders.ok")["orders"][0], "tonce": 2, "id": 118061}
    link.say(60.1, ok(query, orders=[stands]))
    assert (view.state, view.order_id) == ("live", 118061)


def test_cancelling_all_ends_each_of_them() -> None:
    session, link = opened(dialect=private())
    link.say(0.0, message("OrderOpened.own"))
    session.send(CancelAllOrders(), 0.1)
    (request,) = link.sent()
    gone = {**message("CancelAllOrders.ok")["orders"][0], "id": 118061, "tonce": 2}
    link.say(0.2, ok(request, orders=[gone]))
    assert session.orders.open() == ()


def test_own_trades_reach_the_book_and_the_account_once_each() -> None:
    _session, link = opened(BOOK, OwnOrders(), dialect=private())
    watch, query = link.sent()
    link.say(0.0, ok(watch, orders=[]), ok(query, orders=[]))
    events = link.say(0.1, message("OrderOpened.own"), message("OrdersMatched.own-bid"))
    assert kinds(events) == [
        OrderOpened,
        BookChanged,
        OrderChanged,
        OwnOrderUpdate,
        OrdersMatched,
        BookChanged,
        OrderChanged,
        OwnOrderUpdate,
    ]


def test_an_order_whose_reply_comes_after_its_time_out_is_live_under_its_id() -> None:  # law 5
    session, link = opened(dialect=private())
    session.send(BUY, 0.0)
    (view,) = session.orders.open()
    (placed,) = link.sent()
    session.handle_timeout(10.0)
    assert kinds(link.events()) == [OrderChanged, Failed]
    (standing,) = link.sent()
    link.say(10.1, ok(standing, orders=[]))
    assert view.state == "unknown"
    assert kinds(link.say(10.2, ok(placed, id=118061, time=5))) == [OrderChanged]
    assert (view.state, view.order_id) == ("live", 118061)


def test_a_refusal_after_the_time_out_is_reported() -> None:  # law 5
    session, link = opened(dialect=private())
    session.send(BUY, 0.0)
    (placed,) = link.sent()
    session.handle_timeout(10.0)
    link.events()
    (report,) = link.say(10.2, refused(placed, 4, "You have insufficient funds."))
    assert isinstance(report, Unrecognised)
    assert "refused (code 4)" in report.why


def test_a_late_reply_that_cannot_be_read_is_reported() -> None:
    session, link = opened(dialect=private())
    session.send(BUY, 0.0)
    (placed,) = link.sent()
    session.handle_timeout(10.0)
    link.events()
    (report,) = link.say(10.2, ok(placed, id="x"))
    assert isinstance(report, Unrecognised)
