from __future__ import annotations

from decimal import Decimal

import pytest

from coinex_proto import OrderChanged, OrderFact, OrderView, RequestRefused, UsageError
from coinex_proto.coinex.http import (
    BatchItem,
    HttpOutcomeUnknown,
    HttpRefused,
    HttpUnreachable,
    OrderEntry,
    futures,
    spot,
)
from coinex_proto.ids import ANYTHING
from coinex_proto.orders.fact import OrdersMissed
from tests.coinex_proto.coinex.http.bench import Bench, answered, page, refusal, row


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def entry(bench: Bench) -> OrderEntry:
    return OrderEntry(bench.step, "spot")


def command(entry: OrderEntry, client_id: str = "mine") -> spot.PutOrder:
    made = entry.order("BTCUSDT", "buy", "limit", "0.1", "100", client_id=client_id)
    assert isinstance(made, spot.PutOrder)
    return made


def lost(entry: OrderEntry) -> HttpOutcomeUnknown:
    return HttpOutcomeUnknown("the connection broke", command=command(entry), endpoint="POST /spot/order")


def placed(entry: OrderEntry, bench: Bench) -> OrderView:
    _, view = answered(entry.place(command(entry)), row())
    bench.events()
    return view


# Placing --------------------------------------------------------------------------------------------------------------


def test_an_order_is_sending_before_its_call_leaves_and_live_with_the_answer(entry: OrderEntry, bench: Bench) -> None:
    placing = entry.place(command(entry))
    assert next(placing) == command(entry)
    view = bench.order("mine")
    assert (view.state, view.amount, view.order_id) == ("sending", Decimal("0.1"), None)
    with pytest.raises(StopIteration) as done:
        placing.send(row())
    assert done.value.value is view
    assert (view.state, view.order_id) == ("live", 7)
    assert [event.order.state for event in bench.events() if isinstance(event, OrderChanged)] == ["live"]


def test_a_push_may_confirm_an_order_before_its_answer_comes(entry: OrderEntry, bench: Bench) -> None:
    placing = entry.place(command(entry))
    next(placing)
    bench.session.apply_facts(
        OrderFact(order_id=7, client_order_id="mine", market="BTCUSDT", state="filled"), now=bench.now
    )
    assert bench.order("mine").state == "filled"
    with pytest.raises(StopIteration):
        placing.send(row())
    assert bench.order("mine").state == "filled"
    assert bench.session.orders.open() == ()


def test_a_refused_order_raises_and_its_view_says_why(entry: OrderEntry, bench: Bench) -> None:
    with pytest.raises(HttpRefused):
        answered(entry.place(command(entry)), refusal(3109))
    view = bench.order("mine")
    assert view.state == "refused"
    assert "3109" in view.why


def test_an_order_that_never_left_is_refused(entry: OrderEntry, bench: Bench) -> None:
    with pytest.raises(HttpUnreachable):
        answered(entry.place(command(entry)), HttpUnreachable("no route", endpoint="POST /spot/order", host="x"))
    assert bench.order("mine").state == "refused"


def test_an_order_whose_answer_was_lost_is_given_back_as_unknown(entry: OrderEntry, bench: Bench) -> None:
    asked, view = answered(entry.place(command(entry)), lost(entry))
    assert len(asked) == 1, "it is never sent again"
    assert view.state == "unknown"
    assert view in bench.session.orders.open()


def test_an_order_that_is_interrupted_while_it_is_sent_is_unknown(entry: OrderEntry, bench: Bench) -> None:
    placing = entry.place(command(entry))
    next(placing)
    placing.close()
    assert bench.order("mine").state == "unknown"


def test_a_client_id_used_again_is_a_new_order(entry: OrderEntry, bench: Bench) -> None:
    first = placed(entry, bench)
    answered(entry.cancel(first), row())
    _, second = answered(entry.place(command(entry)), row(8))
    assert (first.state, first.order_id) == ("cancelled", 7)
    assert (second.state, second.order_id) == ("live", 8)


def test_an_order_without_a_client_id_is_refused_before_anything_is_sent(entry: OrderEntry, bench: Bench) -> None:
    bare = spot.PutOrder(market="BTCUSDT", side="buy", type="limit", amount="0.1", price="100")
    with pytest.raises(UsageError, match="client_id"):
        next(entry.place(bare))
    assert bench.session.orders.open() == ()


def test_the_halves_of_the_venue_have_their_own_commands(bench: Bench) -> None:
    made = OrderEntry(bench.step, "futures").order("BTCUSDT", "buy", "market", "0.1", client_id="mine")
    assert isinstance(made, futures.PutOrder)
    with pytest.raises(UsageError, match="ccy"):
        OrderEntry(bench.step, "futures").order("BTCUSDT", "buy", "market", "0.1", client_id="mine", ccy="BTC")
    with pytest.raises(UsageError, match="halves"):
        OrderEntry(bench.step, "margin")  # type: ignore[arg-type]


# Changing -------------------------------------------------------------------------------------------------------------


def test_cancelling_goes_by_the_venues_id_where_it_is_known(entry: OrderEntry, bench: Bench) -> None:
    view = placed(entry, bench)
    asked, same = answered(entry.cancel(view.snapshot()), row())
    assert asked == [spot.CancelOrder(market="BTCUSDT", order_id=7)]
    assert same is view
    assert view.state == "cancelled"
    assert answered(entry.cancel(view)) == ([], view), "what has ended is not cancelled again"


def test_cancelling_an_order_of_unknown_outcome_goes_by_its_client_id(entry: OrderEntry, bench: Bench) -> None:
    _, view = answered(entry.place(command(entry)), lost(entry))
    asked, _ = answered(entry.cancel(view), (BatchItem(code=0, data=row()),))
    assert asked == [spot.CancelOrderByClientId(market="BTCUSDT", client_id="mine")]
    assert (view.state, view.order_id) == ("cancelled", 7)


def test_cancelling_what_was_filled_meanwhile_tells_the_fill(entry: OrderEntry, bench: Bench) -> None:
    view = placed(entry, bench)
    filled = row(filled="0.1", status="filled", updated_at=1_800_000_000_001)
    asked, _ = answered(entry.cancel(view), refusal(3600), filled)
    assert asked[1] == spot.GetOrderStatus(market="BTCUSDT", order_id=7)
    assert (view.state, view.filled) == ("filled", Decimal("0.1"))


def test_a_cancel_that_is_refused_for_another_reason_raises_and_leaves_the_order_live(
    entry: OrderEntry, bench: Bench
) -> None:
    view = placed(entry, bench)
    with pytest.raises(HttpRefused):
        answered(entry.cancel(view), refusal(3610))
    assert view.state == "live"


def test_a_cancel_by_client_id_that_finds_nothing_is_followed_by_a_search(entry: OrderEntry, bench: Bench) -> None:
    _, view = answered(entry.place(command(entry)), lost(entry))
    asked, _ = answered(entry.cancel(view), (), page(), page(row(filled="0.1")))
    assert [type(one) for one in asked[1:]] == [spot.ListPendingOrder, spot.ListFinishedOrder]
    assert view.state == "filled"


def test_a_cancel_that_is_refused_inside_of_its_batch_raises(entry: OrderEntry, bench: Bench) -> None:
    _, view = answered(entry.place(command(entry)), lost(entry))
    with pytest.raises(RequestRefused) as caught:
        answered(entry.cancel(view), (BatchItem(code=3610, message="auction"),))
    assert caught.value.code == 3610


def test_an_order_without_any_name_cannot_be_cancelled(entry: OrderEntry, bench: Bench) -> None:
    _, view = bench.session.sending(OrderFact(market="BTCUSDT", state="sending"), bench.now)
    with pytest.raises(UsageError, match="no client id"):
        answered(entry.cancel(view))


def test_resolving_an_order_that_has_ended_asks_nothing(entry: OrderEntry, bench: Bench) -> None:
    view = placed(entry, bench)
    answered(entry.cancel(view), row())
    assert answered(entry.resolve(view)) == ([], view)


def test_a_query_that_is_refused_for_another_reason_proves_nothing(entry: OrderEntry, bench: Bench) -> None:
    view = placed(entry, bench)
    bench.session.orders.connection_lost(bench.now, "reset")
    with pytest.raises(HttpRefused):
        answered(entry.resolve(view), refusal(4005))
    assert view.state == "unknown"


def test_what_is_remembered_of_sent_orders_has_an_end(entry: OrderEntry, bench: Bench) -> None:
    _, first = answered(entry.place(command(entry, "first")), lost(entry))
    for number in range(1024):
        answered(entry.place(command(entry, f"c{number}")), lost(entry))
    bench.now += 60.0
    answered(entry.resolve(first), page(), page())
    assert first.state == "unknown", "when it was sent is not known any more"


def test_a_changed_order_goes_on_under_its_new_id(entry: OrderEntry, bench: Bench) -> None:
    view = placed(entry, bench)
    asked, _ = answered(entry.modify(view, price="99"), row(8, price=Decimal(99), updated_at=1_800_000_000_001))
    assert asked == [spot.EditOrder(market="BTCUSDT", order_id=7, price="99")]
    assert (view.order_id, view.price, view.state) == (8, Decimal(99), "live")


def test_an_order_without_an_id_yet_cannot_be_changed(entry: OrderEntry, bench: Bench) -> None:
    _, view = answered(entry.place(command(entry)), lost(entry))
    with pytest.raises(UsageError, match="not told this order's id"):
        answered(entry.modify(view, price="99"))


# Resolving ------------------------------------------------------------------------------------------------------------


def test_an_unknown_order_is_found_by_its_client_id(entry: OrderEntry, bench: Bench) -> None:
    _, view = answered(entry.place(command(entry)), lost(entry))
    answered(entry.resolve(view), page(row()), page())
    assert (view.state, view.order_id) == ("live", 7)


def test_an_order_that_is_not_found_stays_unknown_while_it_may_still_arrive_and_is_refused_then(
    entry: OrderEntry, bench: Bench
) -> None:
    _, view = answered(entry.place(command(entry)), lost(entry))
    bench.now += 19.0
    answered(entry.resolve(view), page(), page())
    assert view.state == "unknown"
    bench.now += 1.0
    answered(entry.resolve(view), page(), page())
    assert (view.state, "never arrived" in view.why) == ("refused", True)


def test_another_order_with_the_same_client_id_is_not_taken_for_this_one(entry: OrderEntry, bench: Bench) -> None:
    view = placed(entry, bench)
    bench.now += 3
    bench.session.orders.connection_lost(bench.now, "reset")
    answered(entry.resolve(view), refusal(3600), page(row(9)))
    assert (view.state, view.order_id) == ("cancelled", 7)


def test_a_known_order_that_no_query_finds_was_cancelled_without_a_fill(entry: OrderEntry, bench: Bench) -> None:
    view = placed(entry, bench)
    bench.now += 3
    bench.session.orders.connection_lost(bench.now, "reset")
    asked, _ = answered(entry.resolve(view), refusal(3600), page())
    assert asked[1] == spot.ListPendingOrder(market="BTCUSDT", limit=100)
    assert (view.state, view.filled) == ("cancelled", Decimal(0))


def test_an_order_that_was_live_a_moment_ago_is_not_declared_gone_because_queries_lag(
    entry: OrderEntry, bench: Bench
) -> None:
    view = placed(entry, bench)
    states = []
    for _ in range(2):
        answered(entry.resolve(view), refusal(3600), page())
        states.append(view.state)
        bench.now += 2.0
    assert states == ["live", "cancelled"]


def test_a_partly_filled_order_that_is_not_found_is_looked_for_among_the_finished(
    entry: OrderEntry, bench: Bench
) -> None:
    _, view = answered(entry.place(command(entry)), row(filled="0.04"))
    bench.session.orders.connection_lost(bench.now, "reset")
    finished = row(filled="0.06", updated_at=1_800_000_000_002)
    answered(entry.resolve(view), refusal(3600), page(), page(), page(finished))
    assert (view.state, view.filled) == ("cancelled", Decimal("0.06"))


def test_after_a_loss_one_list_tells_what_still_stands_and_the_rest_is_asked_for_one_by_one(
    entry: OrderEntry, bench: Bench
) -> None:
    views = [answered(entry.place(command(entry, name)), row(number, client_id=name))[1] for number, name in NAMES]
    bench.session.orders.connection_lost(bench.now, "reset")
    filled = row(3, filled="0.1", status="filled", client_id="c", updated_at=1_800_000_000_001)
    asked, left = answered(
        entry.resolve_unknown(), page(row(1, client_id="a"), has_next=True), page(row(2, client_id="b")), filled
    )
    assert [type(one) for one in asked] == [spot.ListPendingOrder, spot.ListPendingOrder, spot.GetOrderStatus]
    assert ([view.state for view in views], left) == (["live", "live", "filled"], 0)


NAMES = ((1, "a"), (2, "b"), (3, "c"))


def test_the_open_orders_are_those_of_the_list_and_what_it_lacks_is_asked_for(entry: OrderEntry, bench: Bench) -> None:
    view = placed(entry, bench)
    bench.now += 5.0
    _, found = answered(entry.open_orders("BTCUSDT"), page(row(20, client_id="theirs")), refusal(3600), page())
    assert [one.order_id for one in found] == [20]
    assert view.state == "cancelled"


# Doubt ----------------------------------------------------------------------------------------------------------------


def missed(bench: Bench, order_id: int = 7) -> None:
    """A push about this order could not be read."""
    bench.session._own_orders.missed(OrdersMissed(topic=ANYTHING, order_id=order_id), bench.now, "unreadable")


def test_an_answer_on_its_way_while_a_push_is_missed_does_not_prove_the_order_live(
    entry: OrderEntry, bench: Bench
) -> None:
    view = placed(entry, bench)
    missed(bench)
    resolving = entry.resolve(view)
    next(resolving)
    missed(bench)
    assert isinstance(resolving.send(row(status="open")), spot.ListPendingOrder)
    resolving.send(page(row()))
    assert bench.order("mine").state == "unknown"
    answered(entry.resolve(view), row(status="open"))
    assert bench.order("mine").state == "live"


def test_a_placing_answer_that_crosses_a_missed_push_does_not_either(entry: OrderEntry, bench: Bench) -> None:
    placing = entry.place(command(entry))
    next(placing)
    bench.session._own_orders.missed(OrdersMissed(topic=ANYTHING, client_order_id="mine"), bench.now, "unreadable")
    with pytest.raises(StopIteration):
        placing.send(row())
    view = bench.order("mine")
    assert (view.state, view.order_id) == ("unknown", 7)


def test_an_answer_about_another_order_is_taken_as_it_is(entry: OrderEntry, bench: Bench) -> None:
    placing = entry.place(command(entry))
    next(placing)
    bench.session._own_orders.missed(OrdersMissed(topic=ANYTHING, market="ETHUSDT"), bench.now, "unreadable")
    with pytest.raises(StopIteration):
        placing.send(row())
    assert bench.order("mine").state == "live"


def test_an_order_just_sent_is_not_declared_gone_because_queries_lag(entry: OrderEntry, bench: Bench) -> None:
    view = placed(entry, bench)
    missed(bench)
    answered(entry.resolve(view), refusal(3600), page(), page(), page())
    assert bench.order("mine").state == "unknown"
    bench.now += 3
    answered(entry.resolve(view), refusal(3600), page())
    assert bench.order("mine").state == "cancelled"


def test_a_status_that_nobody_documented_leaves_the_order_unknown(entry: OrderEntry, bench: Bench) -> None:
    view = placed(entry, bench)
    answered(entry.resolve(view), row(status="expired", filled="0.1"), page(row(status="halted")), page())
    assert (view.state, view.why) == ("unknown", "the status 'expired'")
    answered(entry.resolve(view), row(status="canceled"))
    assert view.state == "cancelled"


@pytest.mark.parametrize(
    ("status", "filled", "state"),
    [
        ("filled", "0.09999999", "filled"),
        ("canceled", "0.1", "filled"),
        ("part_canceled", "0.10000001", "filled"),
        ("part_canceled", "0.09999999", "cancelled"),
        ("part_filled", "0.09999999", "live"),
        ("open", "0", "live"),
    ],
)
def test_filled_is_judged_with_care_at_the_edge(
    entry: OrderEntry, bench: Bench, status: str, filled: str, state: str
) -> None:
    view = placed(entry, bench)
    answered(entry.resolve(view), row(status=status, filled=filled))
    assert view.state == state


def test_the_open_orders_are_compared_and_what_differs_is_counted(entry: OrderEntry, bench: Bench) -> None:
    view = placed(entry, bench)
    bench.now += 60
    sent, differing = answered(entry.compare_open(), page(row()))
    assert (len(sent), differing, bench.events()) == (1, 0, [])
    _, differing = answered(entry.compare_open(), page(row(8, client_id="other")), row(filled="0.1", status="filled"))
    assert (differing, view.state, bench.session.stats.order_differences) == (2, "filled", 2)
    assert [event.order.order_id for event in bench.events() if isinstance(event, OrderChanged)] == [8, 7]


def test_a_round_that_fails_is_reported_and_one_that_ends_too(entry: OrderEntry, bench: Bench) -> None:
    view = placed(entry, bench)
    missed(bench)
    with pytest.raises(HttpRefused):
        answered(entry.resolve_unknown(), refusal(4001))
    bench.now += 5
    assert answered(entry.resolve_unknown(), page(row()))[1] == 0
    assert view.state == "live"
