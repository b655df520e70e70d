"""Own orders that are cancelled over a socket on the way out: what is sent again, and what an answer proves."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest

from coinex_driver.exit_cancelling import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    REFUSED_FOR_NOW,
    SHORTEST_TRY,
    TRY_AGAIN,
    Cancelling,
    patience_within,
)
from coinex_driver.exit_orders import NOT_REACHED
from coinex_proto import Closed, Config, LoginRefused, NotReady, OrderFact, OrderView, coinex
from coinex_proto.orders.tracker import Orders
from tests.coinex_driver.awaited import Case, now, run
from tests.coinex_driver.direct import Direct

SOCKETS = pytest.mark.parametrize("venue", ["qfex", "coinflex"])
"""CoinEx cancels over HTTP."""
CANCEL = {"qfex": "cancel_order", "coinflex": "CancelOrder"}
LATER: dict[str, Any] = {"qfex": "RateLimited", "coinflex": 6}
"""What each says to one who asks too often."""
NEVER: dict[str, Any] = {"qfex": "InvalidParameter", "coinflex": 8}
"""And to one who asks for what there is not."""


def left(case: Case, begin: Callable[[Any], object], **config: Any) -> tuple[str, str, float]:
    """How the one order ended of a client that was left when this had begun at the exchange, why, and how long leaving took."""

    async def main() -> tuple[Any, float]:
        async with case.open(cancel_orders_on_exit=20.0, config=Config(close_timeout=1.0, **config)) as client:
            await case.buy(client)
            begin(case.exchange)
            began = now()
        return client, now() - began

    client, took = run(main)
    (ended,) = client.cancelled_on_exit
    return ended.outcome, ended.why, took


@SOCKETS
def test_a_cancellation_that_meets_a_connection_that_has_just_dropped_is_sent_again_on_the_next(venue: str) -> None:
    case = Case(venue)
    outcome, why, took = left(case, lambda exchange: exchange.drop())  # and nobody has noticed
    assert (outcome, why) == ("cancelled", "")
    assert case.exchange.orders() == ()
    assert took < 5.0


@SOCKETS
def test_one_whose_answer_does_not_come_is_sent_again_and_what_the_venue_says_of_the_order_counts(venue: str) -> None:
    case = Case(venue)
    outcome, why, took = left(case, lambda exchange: exchange.inject(f"on {CANCEL[venue]} ignore"), request_timeout=2.0)
    assert (outcome, why) == ("cancelled", "")
    assert case.exchange.orders() == ()
    assert 2.0 <= took < 5.0


@SOCKETS
def test_a_connection_that_is_silent_is_replaced_after_a_third_of_the_time(venue: str) -> None:
    case = Case(venue)
    outcome, why, took = left(case, lambda exchange: exchange.stall(3600.0))
    assert (outcome, why) == ("cancelled", "")
    assert case.exchange.orders() == ()
    assert patience_within(20.0) == 20 / 3
    assert 20 / 3 <= took < 10.0


@SOCKETS
def test_one_that_the_venue_takes_at_another_time_is_sent_again(venue: str) -> None:
    case = Case(venue)
    outcome, why, took = left(case, lambda exchange: exchange.refuse(CANCEL[venue], LATER[venue]))
    assert (outcome, why) == ("cancelled", "")
    assert 0.4 < took < 5.0


@SOCKETS
def test_what_is_refused_of_an_order_that_stands_is_not_sent_again(venue: str) -> None:
    case = Case(venue)
    outcome, why, took = left(case, lambda exchange: exchange.refuse(CANCEL[venue], NEVER[venue]))
    assert outcome == "unknown"
    assert why.startswith("CancelOrder refused")
    assert len(case.exchange.orders()) == 1
    assert took < 3.0


@SOCKETS
def test_one_that_is_refused_while_nobody_knows_how_the_order_stands_is_looked_up(venue: str) -> None:
    """It was filled unseen, and the connection for this alone has not heard of it."""
    case = Case(venue)

    async def main() -> tuple[Any, float]:
        async with case.open(cancel_orders_on_exit=20.0, config=Config(close_timeout=1.0)) as client:
            await case.buy(client)
            case.exchange.drop()
            case.exchange.fill(case.exchange.orders()[0])
            client.stop()
            began = now()
        return client, now() - began

    client, took = run(main)
    (ended,) = client.cancelled_on_exit
    assert case.exchange.orders() == ()
    assert ended.order.has_ended
    if venue == "qfex":
        assert (ended.outcome, ended.why) == ("filled", "")
    else:  # which tells of open orders alone
        assert (ended.outcome, ended.why) == ("unknown", "the venue lists it no more and does not tell how it ended")
    assert took < 5.0


@SOCKETS
def test_a_callback_that_raises_on_the_way_out_leaves_no_order_behind_and_comes_out(venue: str) -> None:
    case = Case(venue)
    left: list[Any] = []

    def fail(_: Closed) -> None:
        raise ValueError("of the callback")

    async def main() -> None:
        async with case.open(cancel_orders_on_exit=20.0, config=Config(close_timeout=1.0)) as client:
            left.append(client)
            await case.buy(client)

            client.on(Closed)(fail)
            case.exchange.drop()

    with pytest.raises(ValueError, match="of the callback"):
        run(main)
    assert case.exchange.orders() == ()
    assert [(ended.outcome, ended.why) for ended in left[0].cancelled_on_exit] == [("cancelled", "")]


@SOCKETS
def test_an_order_entry_is_never_sent_again(venue: str) -> None:
    """Its fate is unknown as well, and the order has never arrived."""
    case = Case(venue)
    entry = {"qfex": "add_order", "coinflex": "PlaceOrder"}[venue]

    async def main() -> Any:
        async with case.open(cancel_orders_on_exit=5.0, config=Config(request_timeout=1.0)) as client:
            case.exchange.inject(f"on {entry} ignore")
            with pytest.raises(Exception, match="not answered"):
                await case.buy(client)
            case.exchange.drop()
        return client

    client = run(main)
    (ended,) = client.cancelled_on_exit
    assert ended.outcome == "unknown", "had it been sent again, it could have been cancelled"
    assert case.exchange.orders() == ()


# Without a venue ------------------------------------------------------------------------------------------------------


def view_of(**fact: Any) -> OrderView:
    view = Orders().apply(OrderFact(**fact), 0.0)
    assert view is not None
    return view


def nothing(_: OrderView) -> Any:
    raise AssertionError("nothing is sent")


def test_the_pauses_between_attempts_grow_and_end_with_the_time() -> None:
    work = Cancelling([view_of(order_id=1, state="live")], nothing, 100.0)
    times = iter([0.0] * 100)
    assert list(islice(work.pauses(lambda: next(times)), 7)) == [0.0, FIRST_PAUSE, 0.5, 1.0, 2.0, 4.0, LONGEST_PAUSE]
    assert list(islice(work.pauses(lambda: 99.75), 4)) == [0.0, 0.25, 0.25, 0.25]
    assert list(work.pauses(lambda: 100.0)) == []


def test_there_is_no_attempt_where_nothing_stands_nor_after_a_login_that_was_refused() -> None:
    assert list(Cancelling([view_of(order_id=1, state="filled")], nothing, 100.0).pauses(lambda: 0.0)) == []
    work = Cancelling([view_of(order_id=1, state="live")], nothing, 100.0)
    work.failed(OSError("unreachable"))
    assert next(work.pauses(lambda: 0.0)) == 0.0
    assert [ended.why for ended in work.orders()] == ["unreachable"]
    work.failed(LoginRefused(401, "no"))
    assert list(work.pauses(lambda: 0.0)) == []


def test_a_client_has_half_a_second_at_least() -> None:
    assert patience_within(0.3) == SHORTEST_TRY
    assert patience_within(30.0) == 10.0


def test_a_clock_that_is_a_rounding_short_of_the_time_keeps_nobody_there() -> None:
    client = Direct()  # not connected, and its time stands still
    work = Cancelling([view_of(order_id=1, state="live")], lambda _: coinex.Ping(), client.time + 1.0)
    waits = list(islice(work.actions(client), 100))
    assert len(waits) < 30
    assert waits[-1].until == client.time + 1.0
    assert [ended.why for ended in work.orders()] == [NOT_REACHED]


def test_an_order_that_cannot_be_named_to_the_venue_says_so_and_keeps_nobody_waiting() -> None:
    case = Case("qfex")

    async def main() -> tuple[Any, float]:
        async with case.open(cancel_orders_on_exit=20.0) as client:
            fact = OrderFact(client_order_id="mine", state="live")
            client._trade.step(lambda session, now: session.apply_facts(fact, now=now))
            began = now()
        return client, now() - began

    client, took = run(main)
    ((outcome, why),) = [(ended.outcome, ended.why) for ended in client.cancelled_on_exit]
    assert outcome == "unknown"
    assert "the symbol of this order is not known" in why
    assert took < 3.0


# With a venue that answers when it is told to: each cancellation is a ping -----------------------------------------------


def quiet() -> Direct:
    """A client that is connected."""
    client = Direct()
    client.connect()
    client.venue.is_silent = True
    client.venue.requests.clear()
    return client


def answer(client: Direct, place: int, code: int = 0) -> None:
    """What the venue says to the request that was sent at that place."""
    result = {"result": "pong"}
    client.venue.message({"id": client.venue.requests[place]["id"], "code": code, "message": "no", "data": result})
    client.turn()


def order_of(client: Direct, order_id: int = 1, state: Any = "live") -> OrderView:
    client.session.apply_facts(OrderFact(order_id=order_id, state=state), now=client.time)
    view = client.session.orders.find(order_id, None)
    assert view is not None
    return view


def work_on(*orders: OrderView) -> Cancelling:
    return Cancelling(orders, lambda _: coinex.Ping(), 200.0)


def outcomes(work: Cancelling) -> list[tuple[str, str]]:
    return [(ended.outcome, ended.why) for ended in work.orders()]


RETRYABLE, FINAL = 24002, 20001


def test_what_the_venue_has_taken_counts_as_cancelled_and_is_sent_once_though_no_push_tells_so() -> None:
    client = quiet()
    work = work_on(order_of(client))
    actions = work.actions(client)
    wait = next(actions)
    assert not wait.is_done()
    answer(client, 0)
    assert wait.is_done()
    assert list(actions) == []
    assert outcomes(work) == [("cancelled", "")]
    assert len(client.venue.requests) == 1
    assert list(work.pauses(lambda: 0.0)) == []


def test_one_that_was_sent_and_not_answered_says_so() -> None:
    client = quiet()
    work = work_on(order_of(client))
    assert outcomes(work) == [("unknown", NOT_REACHED)]
    next(work.actions(client))
    assert outcomes(work) == [("unknown", "no answer in time")]


def test_an_answer_to_a_client_that_was_given_up_counts_and_ends_what_the_next_one_does() -> None:
    first, second = quiet(), quiet()
    work = work_on(order_of(first))
    next(work.actions(first))
    actions = work.actions(second)
    wait = next(actions)
    assert (len(second.venue.requests), wait.is_done()) == (1, False)
    answer(first, 0)
    assert wait.is_done()
    assert list(actions) == []
    assert outcomes(work) == [("cancelled", "")]


def test_what_another_client_hears_of_an_order_counts() -> None:
    first, second = quiet(), quiet()
    work = work_on(order_of(first))
    actions = work.actions(second)
    wait = next(actions)
    order_of(second, state="filled")
    second.time = wait.until
    assert list(actions) == []
    assert outcomes(work) == [("filled", "")]


def test_each_answer_gives_the_connection_its_time_anew() -> None:
    client = quiet()
    work = work_on(*(order_of(client, number) for number in (1, 2, 3)))
    actions = work.actions(client, patience=1.0)
    assert next(actions).until == 101.0
    client.time = 100.5
    answer(client, 0)
    assert next(actions).until == 101.5
    client.time = 101.0
    answer(client, 1, FINAL)
    assert next(actions).until == 102.0
    client.time = 102.0
    assert list(actions) == []


def test_a_rate_limit_is_waited_for_and_is_not_the_connections_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    client = quiet()
    errors = [NotReady("the venue's limit", retry_after=0.75), NotReady("no connection")]

    def busy(*_: object) -> Any:
        raise errors[0]

    monkeypatch.setattr(client.core, "send", busy)
    actions = work_on(order_of(client)).actions(client, patience=1.0)
    for at, until in ((100.0, 100.75), (100.75, 101.0), (101.0, 101.75)):
        client.time = at
        assert next(actions).until == until
    errors.pop(0)
    client.time = 101.75
    assert next(actions).until == 101.75 + TRY_AGAIN
    client.time = 102.0
    assert list(actions) == [], "a second since the limit was met last"


def test_what_is_refused_for_now_is_sent_again_after_half_a_second() -> None:
    client = quiet()
    actions = work_on(order_of(client)).actions(client)
    next(actions)
    client.time = 101.0
    answer(client, 0, RETRYABLE)
    assert next(actions).until == 101.0 + REFUSED_FOR_NOW
    assert len(client.venue.requests) == 1
    client.time = 101.0 + REFUSED_FOR_NOW
    next(actions)
    assert len(client.venue.requests) == 2


def test_one_that_was_refused_while_nobody_knew_how_it_stands_is_sent_again_once_it_is_known_to_stand() -> None:
    client = quiet()
    actions = work_on(order_of(client, state="unknown")).actions(client)
    next(actions)
    answer(client, 0, FINAL)
    wait = next(actions)
    assert (len(client.venue.requests), wait.is_done()) == (1, False)
    order_of(client, state="live")
    assert wait.is_done()
    next(actions)
    assert len(client.venue.requests) == 2
