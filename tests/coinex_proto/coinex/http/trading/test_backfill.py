from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from attrs import evolve

from coinex_proto import Backfilled, Event, OrderChanged, OrderFact, Topic, Update
from coinex_proto.coinex import Orders, OrderUpdate, Ticker, Trades, TradesUpdate, UserTrades, UserTradeUpdate
from coinex_proto.coinex.http import Backfill, futures, spot
from coinex_proto.coinex.http.trading.backfill import _is_before
from coinex_proto.coinex.market_updates import Deal
from tests.coinex_proto.coinex.http.bench import START, Bench, answered, page, refusal, row

SINCE, UNTIL = START, START + 10
AT = round(START * 1000)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def backfill(bench: Bench) -> Backfill:
    return Backfill(bench.step, "spot")


def recovered(backfill: Backfill, bench: Bench, topic: Topic[Any], *answers: object) -> tuple[list[Any], list[Event]]:
    """What was asked, and the events in order."""
    bench.session.subscribe(topic, now=bench.now)
    asked, event = answered(backfill.recover(topic, SINCE, UNTIL), *answers)
    events = bench.events()
    assert events[-1] == event
    return asked, events


def deal(deal_id: int, seconds: float = 1.0) -> spot.Deal:
    at = AT + round(seconds * 1000)
    return spot.Deal(deal_id=deal_id, created_at=at, side="buy", price=Decimal(1), amount=Decimal(1))


def seen_trades(*deal_ids: int, market: str = "BTCUSDT") -> TradesUpdate:
    deals = [Deal(deal_id=n, created_at=AT, side="buy", price=Decimal(1), amount=Decimal(1)) for n in deal_ids]
    return TradesUpdate(market=market, deal_list=tuple(deals))


def own_trade(deal_id: int, **more: Any) -> spot.SpotTrade:
    values = {"role": "taker", "fee": Decimal(0), "fee_ccy": "BTC", **more}
    return spot.SpotTrade(
        deal_id=deal_id,
        created_at=AT,
        market="BTCUSDT",
        side="buy",
        order_id=7,
        price=Decimal(100),
        amount=Decimal("0.1"),
        **values,
    )


def pushed_trade(deal_id: int) -> UserTradeUpdate:
    at = {"created_at": AT, "fee": Decimal(0), "fee_ccy": "BTC", "role": "taker"}
    values: dict[str, Any] = {**at, "market": "BTCUSDT", "side": "buy", "price": Decimal(100), "amount": Decimal("0.1")}
    return UserTradeUpdate(deal_id=deal_id, order_id=7, **values)


def last(events: list[Event]) -> Backfilled:
    event = events[-1]
    assert isinstance(event, Backfilled)
    return event


# Public trades --------------------------------------------------------------------------------------------------------


def test_missed_trades_are_handed_out_newest_first_marked_as_recovered_and_as_history(
    backfill: Backfill, bench: Bench
) -> None:
    asked, events = recovered(backfill, bench, Trades("BTCUSDT"), (deal(3), deal(2), deal(1)))
    assert asked == [spot.ListMarketDeals(market="BTCUSDT", limit=1000)]
    update = events[-2]
    assert isinstance(update, TradesUpdate)
    assert (update.is_recovered, update.is_history, update.trade_ids) == (True, True, (3, 2, 1))
    assert last(events) == Backfilled(topic=Trades("BTCUSDT"), since=SINCE, until=UNTIL, recovered=3, missing="")


def test_a_trade_that_was_handed_out_before_does_not_come_again(backfill: Backfill, bench: Bench) -> None:
    bench.deliver(seen_trades(3, 1))
    _, events = recovered(backfill, bench, Trades("BTCUSDT"), (deal(3), deal(2), deal(1)))
    update = events[-2]
    assert isinstance(update, TradesUpdate)
    assert update.trade_ids == (2,)
    assert last(events).recovered == 1


def test_trades_outside_of_the_gap_and_its_overlap_are_left_out(backfill: Backfill, bench: Bench) -> None:
    rows = (deal(4, 12.1), deal(3, 12.0), deal(2, -2.0), deal(1, -2.1))
    _, events = recovered(backfill, bench, Trades("BTCUSDT"), rows)
    update = events[-2]
    assert isinstance(update, TradesUpdate)
    assert update.trade_ids == (3, 2)


def test_a_list_that_does_not_reach_back_to_the_gap_says_so(backfill: Backfill, bench: Bench) -> None:
    rows = tuple(deal(number, 5.0) for number in range(1000, 0, -1))
    _, events = recovered(backfill, bench, Trades("BTCUSDT"), rows)
    assert last(events).recovered == 1000
    assert "latest 1000 only" in last(events).missing


def test_the_venues_clock_moves_the_window(backfill: Backfill, bench: Bench) -> None:
    bench.session.clock.observe(AT * 10**6, AT * 10**6, AT + 60_000, START)
    _, events = recovered(backfill, bench, Trades("BTCUSDT"), (deal(2, 65.0), deal(1, 5.0)))
    update = events[-2]
    assert isinstance(update, TradesUpdate)
    assert update.trade_ids == (2,)


def test_of_all_markets_those_are_asked_for_where_something_was_seen(backfill: Backfill, bench: Bench) -> None:
    bench.deliver(seen_trades(1))
    bench.deliver(seen_trades(2, market="ETHUSDT"))
    asked, events = recovered(backfill, bench, Trades(), (), ())
    assert [one.market for one in asked] == ["BTCUSDT", "ETHUSDT"]
    assert last(events).missing == "markets other than BTCUSDT, ETHUSDT"


def test_of_very_many_markets_some_are_asked_for(backfill: Backfill, bench: Bench) -> None:
    for number in range(60):
        bench.deliver(seen_trades(number, market=f"M{number:02}USDT"))
    asked, events = recovered(backfill, bench, Trades(), *[()] * 50)
    assert [one.market for one in asked][-1] == "M49USDT"
    assert last(events).missing.endswith("M49USDT")


def test_with_no_market_known_everything_may_be_missing(backfill: Backfill, bench: Bench) -> None:
    asked, events = recovered(backfill, bench, UserTrades())
    assert asked == []
    assert "no market is known" in last(events).missing


# Own trades -----------------------------------------------------------------------------------------------------------


def test_own_trades_are_asked_for_by_time_page_by_page_and_handed_out_oldest_first(
    backfill: Backfill, bench: Bench
) -> None:
    answers = page(own_trade(3), own_trade(2), has_next=True), page(own_trade(2), own_trade(1))
    asked, events = recovered(backfill, bench, UserTrades("BTCUSDT"), *answers)
    assert (asked[0].start_time, asked[0].end_time, asked[1].page) == (AT - 2000, AT + 12_000, 2)
    told = [event for event in events if isinstance(event, UserTradeUpdate)]
    assert [(update.deal_id, update.is_recovered) for update in told] == [(1, True), (2, True), (3, True)]
    assert last(events).recovered == 3


def test_an_own_trade_that_was_handed_out_is_not_handed_out_again(backfill: Backfill, bench: Bench) -> None:
    _, events = recovered(backfill, bench, UserTrades("BTCUSDT"), page(own_trade(1)))
    assert last(events).recovered == 1
    _, events = recovered(backfill, bench, UserTrades("BTCUSDT"), page(own_trade(1)))
    assert last(events).recovered == 0


def test_what_was_pushed_is_not_recovered(backfill: Backfill, bench: Bench) -> None:
    _, events = recovered(backfill, bench, UserTrades("BTCUSDT"), page(own_trade(1)))
    for event in events:
        if isinstance(event, UserTradeUpdate):
            bench.deliver(evolve(event, deal_id=2))
    _, events = recovered(backfill, bench, UserTrades("BTCUSDT"), page(own_trade(2)))
    assert last(events).recovered == 0


def test_own_trades_of_all_markets_are_asked_for_where_an_order_is_known(backfill: Backfill, bench: Bench) -> None:
    for order_id, market, state in ((7, "BTCUSDT", "live"), (8, "ETHUSDT", "filled")):
        bench.session.apply_facts(OrderFact(order_id=order_id, market=market, state=state), now=bench.now)  # type: ignore[arg-type]
    asked, _ = recovered(backfill, bench, UserTrades(), page(), page())
    assert [one.market for one in asked] == ["BTCUSDT", "ETHUSDT"]


def test_a_recovered_fill_reaches_the_order_it_belongs_to(backfill: Backfill, bench: Bench) -> None:
    known = OrderFact(order_id=7, market="BTCUSDT", amount=Decimal("0.1"), state="live")
    bench.session.apply_facts(known, now=bench.now)
    _, events = recovered(backfill, bench, UserTrades("BTCUSDT"), page(own_trade(1)))
    changed = [event.order for event in events if isinstance(event, OrderChanged)]
    assert changed[-1].filled == Decimal("0.1")


def test_a_row_without_what_a_push_can_do_without_is_handed_out(backfill: Backfill, bench: Bench) -> None:
    _, events = recovered(backfill, bench, UserTrades("BTCUSDT"), page(own_trade(1, fee=None)))
    assert (last(events).recovered, last(events).missing) == (1, "")


def test_a_list_without_end_is_read_up_to_a_limit_and_says_so(backfill: Backfill, bench: Bench) -> None:
    pages = [page(own_trade(number), has_next=True) for number in range(20)]
    _, events = recovered(backfill, bench, UserTrades("BTCUSDT"), *pages)
    assert last(events).recovered == 20
    assert "beyond the first 2000 rows" in last(events).missing


# Orders ---------------------------------------------------------------------------------------------------------------


def test_finished_orders_are_handed_out_by_their_end_and_reach_the_tracker(backfill: Backfill, bench: Bench) -> None:
    rows = page(row(8, filled="0.1", updated_at=AT + 5000), row(7, filled="0.04", updated_at=AT + 3000))
    asked, events = recovered(backfill, bench, Orders(), rows)
    assert asked == [spot.ListFinishedOrder(market_type="SPOT", limit=100)]
    told = [event for event in events if isinstance(event, OrderUpdate)]
    assert [(update.event, update.order.order_id, update.is_recovered) for update in told] == [
        ("finish", 7, True),
        ("finish", 8, True),
    ]
    states = {e.order.order_id: e.order.state for e in events if isinstance(e, OrderChanged)}
    assert states == {7: "cancelled", 8: "filled"}


def test_orders_that_leave_no_trace_are_always_named_as_missing(backfill: Backfill, bench: Bench) -> None:
    _, events = recovered(backfill, bench, Orders("BTCUSDT"), page())
    assert "cancelled without a fill" in last(events).missing


def test_orders_of_unknown_state_are_settled_first_and_those_that_stay_so_are_counted(
    backfill: Backfill, bench: Bench
) -> None:
    fact = OrderFact(client_order_id="mine", market="BTCUSDT", amount=Decimal("0.1"), state="sending")
    bench.session.sending(fact, bench.now)
    bench.session.orders.connection_lost(bench.now, "reset")
    _, events = recovered(backfill, bench, Orders(), page(), page(), page(), page())
    assert "1 own orders whose state is still unknown" in last(events).missing


def test_an_order_whose_end_was_handed_out_is_not_handed_out_again(backfill: Backfill, bench: Bench) -> None:
    finished = row(8, filled="0.1", updated_at=AT + 5000)
    _, events = recovered(backfill, bench, Orders(), page(finished))
    assert last(events).recovered == 1
    _, events = recovered(backfill, bench, Orders(), page(finished))
    assert last(events).recovered == 0


def test_paging_ends_where_no_row_was_made_or_changed_since(backfill: Backfill, bench: Bench) -> None:
    old = row(1, created_at=AT - 9000, updated_at=AT - 8000)
    asked, _ = recovered(backfill, bench, Orders(), page(row(9), has_next=True), page(old, has_next=True))
    assert len(asked) == 2


# All ------------------------------------------------------------------------------------------------------------------


def test_a_call_that_fails_is_named_as_missing(backfill: Backfill, bench: Bench) -> None:
    _, events = recovered(backfill, bench, Trades("BTCUSDT"), refusal(3008))
    assert "could not be asked for" in last(events).missing


def test_a_topic_whose_pushes_are_whole_states_needs_none(backfill: Backfill) -> None:
    assert answered(backfill.recover(Ticker("BTCUSDT"), SINCE, UNTIL)) == ([], None)


def test_updates_that_nobody_wants_any_more_are_not_handed_out(backfill: Backfill, bench: Bench) -> None:
    _, event = answered(backfill.recover(Trades("BTCUSDT"), SINCE, UNTIL), (deal(1),))
    assert event is not None
    assert event.recovered == 0
    assert [type(one) for one in bench.events()] == [Backfilled]


def test_the_futures_half_asks_its_own_lists(bench: Bench) -> None:
    asked, event = answered(Backfill(bench.step, "futures").recover(Orders(), SINCE, UNTIL), page())
    assert asked == [futures.ListFinishedOrder(market_type="FUTURES", limit=100)]
    assert event is not None


def test_what_is_remembered_has_an_end(backfill: Backfill, bench: Bench) -> None:
    for first in range(0, 9000, 100):
        bench.deliver(seen_trades(*range(first + 100, first, -1)))
    _, events = recovered(backfill, bench, Trades("BTCUSDT"), (deal(9000), deal(5000), deal(1)))
    told = [event for event in events if isinstance(event, Update)]
    assert [update.trade_ids for update in told if isinstance(update, TradesUpdate)] == [(1,)]


def test_both_halves_of_a_trade_with_oneself_are_recovered_once_and_marked(backfill: Backfill, bench: Bench) -> None:
    bench.deliver(pushed_trade(3))
    rows = (own_trade(3), evolve(own_trade(3), order_id=8), evolve(own_trade(3), order_id=8))
    _, events = recovered(backfill, bench, UserTrades("BTCUSDT"), page(*rows))
    (half,) = [event for event in events if isinstance(event, UserTradeUpdate)]
    assert (half.order_id, half.is_self_trade, half.is_recovered) == (8, True, True)
    assert (last(events).recovered, last(events).missing) == (1, "")


def test_a_finished_order_without_a_time_is_recovered_too_and_ends_no_search(backfill: Backfill, bench: Bench) -> None:
    timeless = row(9, filled="0.1", updated_at=None, created_at=None)
    rows = (page(timeless, has_next=True), page(row(10, filled="0.1")))
    _, events = recovered(backfill, bench, Orders("BTCUSDT"), *rows)
    assert [event.order.order_id for event in events if isinstance(event, OrderUpdate)] == [9, 10]


@pytest.mark.parametrize(
    ("times", "is_before"),
    [
        ([(1, 9)], True),
        ([(1, 10)], False),
        ([(10, 9)], False),
        ([(None, 9)], True),
        ([(1, None)], False),
        ([(1, 9), (1, 11)], False),
        ([], True),
    ],
)
def test_a_page_is_the_last_of_interest_where_nothing_on_it_was_made_or_changed_since(
    times: list[tuple[int | None, int | None]], is_before: bool
) -> None:
    rows = [SimpleNamespace(created_at=made, updated_at=changed) for made, changed in times]
    assert _is_before(SimpleNamespace(rows=rows), 10) is is_before
