"""Trading through both halves of the local exchange: placed by HTTP, seen on the socket, reconciled."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest

from coinex_proto.coinex import Orders, OrderUpdate
from coinex_proto.coinex.http import HttpOutcomeUnknown, HttpRefused, assets, facts_of, futures, spot, system
from coinex_proto.orders.tracker import Orders as Tracker
from coinex_trio import CoinexClient, Exchange, local_exchange
from coinex_trio.http import BlockingHttp, open_http
from tests.processes import HANGS_AFTER

LIMIT = HANGS_AFTER
"""Seconds; a push on loopback takes milliseconds."""


def order(client_id: str, price: str = "99", amount: str = "0.1") -> spot.PutOrder:
    return spot.PutOrder(market="BTCUSDT", side="buy", type="limit", amount=amount, price=price, client_id=client_id)


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    with local_exchange(seed=1) as running:
        running.quote("BTCUSDT", "100", "101", "5")
        yield running


@pytest.fixture
def http(exchange: Exchange) -> Iterator[BlockingHttp]:
    with BlockingHttp(exchange.credentials, url=exchange.http_url) as client:
        yield client


def test_an_order_placed_by_http_is_seen_on_the_socket_cancelled_and_reconciled(
    exchange: Exchange, http: BlockingHttp
) -> None:
    topic = Orders("BTCUSDT")
    with CoinexClient("spot", exchange.credentials, url=exchange.url) as client:
        client.subscribe(topic)
        client.ready(topic)
        pushes = client.events(OrderUpdate, seconds=LIMIT)
        placed = http.request(order("both-halves"))
        seen = next(pushes)
        assert (seen.event, seen.order.order_id, seen.order.client_id) == ("put", placed.order_id, "both-halves")
        (view,) = client.orders()
        assert (view.state, view.amount, view.client_order_id) == ("live", Decimal("0.1"), "both-halves")
        assert http.resolve_order("both-halves", market_type="SPOT").order is not None
        cancelled = http.request(spot.CancelOrder(market="BTCUSDT", order_id=placed.order_id))
        assert cancelled.order_id == placed.order_id
        assert next(pushes).event == "finish"
        assert client.orders() == ()
    assert http.resolve_order("both-halves", market_type="SPOT").state == "not_found"


def test_the_tracker_comes_to_the_same_end_from_answers_alone(http: BlockingHttp) -> None:
    tracker = Tracker()
    place = order("tracked", price="101", amount="0.2")
    for fact in facts_of(place, http.request(place)):
        tracker.apply(fact, 1.0)
    view = tracker.find(client_order_id="tracked")
    assert view is not None
    assert (view.state, view.filled, view.average_price) == ("filled", Decimal("0.2"), Decimal(101))
    deals = http.request(spot.ListUserDeals(market="BTCUSDT"))
    assert sum(deal.amount for deal in deals.rows if deal.order_id == view.order_id) == Decimal("0.2")


def test_an_order_of_unknown_outcome_is_resolved_by_asking(exchange: Exchange, http: BlockingHttp) -> None:
    exchange.refuse("/spot/order", 4002)
    with pytest.raises(HttpOutcomeUnknown):
        http.request(order("never-arrived"))
    assert http.resolve_order("never-arrived").state == "not_found"
    placed = http.request(order("arrived"))
    verdict = http.resolve_order("arrived")
    assert (verdict.state, verdict.orders[0].order_id) == ("live", placed.order_id)
    http.request(spot.CancelAllOrder(market="BTCUSDT"))
    assert http.request(spot.ListPendingOrder(market="BTCUSDT")).rows == ()


def test_a_batch_answers_for_each_order(http: BlockingHttp) -> None:
    good, bad = http.request(spot.PutMultiOrder(orders=(order("ok"), order("too-large", amount="999999999"))))
    assert good.is_ok
    assert good.data is not None
    assert (bad.code, bad.data) == (3109, None)
    (gone,) = http.request(spot.CancelOrderByClientId(market="BTCUSDT", client_id="ok"))
    assert gone.data is not None
    assert gone.data.order_id == good.data.order_id


def test_a_balance_too_small_is_refused_with_a_reason(http: BlockingHttp) -> None:
    with pytest.raises(HttpRefused, match="the balance is too small") as caught:
        http.request(order("rich", amount="999999999"))
    assert (caught.value.code, caught.value.kind, caught.value.retryable) == (3109, "balance", False)


def test_a_position_is_opened_shown_and_closed(http: BlockingHttp) -> None:
    opened = http.request(futures.PutOrder(market="BTCUSDT", side="buy", type="market", amount="0.1"))
    assert opened.filled_amount == Decimal("0.1")
    (position,) = http.request(futures.ListPendingPosition(market="BTCUSDT")).rows
    assert (position.side, position.open_interest) == ("long", Decimal("0.1"))
    closed = http.request(futures.ClosePosition(market="BTCUSDT", type="market"))
    assert closed.side == "sell"
    assert http.request(futures.ListPendingPosition(market="BTCUSDT")).rows == ()


def test_a_clock_that_is_a_minute_off_is_measured_and_corrected() -> None:
    # S4
    with local_exchange(seed=2) as skewed, BlockingHttp(skewed.credentials, url=skewed.http_url) as http:
        skewed.skew_clock(60)
        assert len(http.request(assets.GetSpotBalance())) > 0
        assert http.caller.clock_offset_ms == pytest.approx(60_000, abs=2_000)


def test_market_data_needs_no_key(exchange: Exchange) -> None:
    with BlockingHttp(url=exchange.http_url) as http:
        (ticker,) = http.request(spot.ListMarketTicker(market="BTCUSDT"))
        book = http.request(spot.ListMarketDepth(market="BTCUSDT", limit=5, interval="0"))
        assert ticker.market == "BTCUSDT"
        assert book.depth.bids[0][0] == Decimal(100)
        assert http.request(system.Time()).timestamp > 1_600_000_000_000


async def test_trading_works_the_same_under_trio(exchange: Exchange) -> None:
    async with open_http(exchange.credentials, url=exchange.http_url) as http:
        placed = await http.request(order("under-trio"))
        assert (await http.resolve_order("under-trio")).orders[0].order_id == placed.order_id
        await http.request(spot.CancelOrder(market="BTCUSDT", order_id=placed.order_id))
        assert (await http.resolve_order("under-trio", market_type="SPOT")).state == "not_found"
