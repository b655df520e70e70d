"""One round of cancelling, against a venue that does whatever a test wants; time is a number."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from attrs import define, field

from coinex_driver.coinex_trading import Pause, RunHttp
from coinex_driver.exit_orders import NOT_REACHED
from coinex_driver.order_sweep import Sweep, carry_out
from coinex_proto import OrderFact, OrderView, SdkError, Session, Sources, coinex
from coinex_proto.coinex.http import BatchItem, HttpCommand, HttpOutcomeUnknown, HttpRefused, Page, spot
from coinex_proto.coinex.http.spot import SpotOrder
from coinex_proto.coinex.http.trading.order_entry import LISTED_AFTER

MARKET = "BTCUSDT"
ROUND_TRIP = 0.05


def refusal(code: int | None, command: Any, status: int = 200) -> HttpRefused:
    return HttpRefused(code, "no", command=command, endpoint="POST /x", status=status)


def row(order_id: int, market: str = MARKET, client_id: str = "") -> SpotOrder:
    one = Decimal(1)
    return SpotOrder(
        order_id=order_id,
        market=market,
        side="buy",
        type="limit",
        amount=one,
        price=one,
        unfilled_amount=one,
        filled_amount=Decimal(0),
        client_id=client_id,
    )


@define
class Venue:
    """Orders by id, what was asked, and what it answers instead of the truth: `spoil(command)` raises, or gives None."""

    orders: dict[int, SpotOrder] = field(factory=dict)
    stops: dict[int, Any] = field(factory=dict)
    now: float = 100.0
    asked: list[HttpCommand[Any]] = field(factory=list)
    spoil: Callable[[HttpCommand[Any]], object] = lambda _: None
    session: Session = field(
        factory=lambda: Session(coinex.spot(), Sources(wall_time_ns=lambda: 10**18, random_bytes=bytes))
    )

    def step(self, work: Callable[[Session, float], Any], /) -> Any:
        return work(self.session, self.now)

    def knows(self, order_id: int | None, client_id: str | None = None, state: Any = "live") -> OrderView:
        """An order that the tracker has."""
        fact = OrderFact(order_id=order_id, client_order_id=client_id, market=MARKET, side="buy", state=state)
        self.session.apply_facts(fact, now=self.now)
        view = self.session.orders.find(order_id, client_id)
        assert view is not None
        return view

    def sweep(self, within: float = 3.0, **options: Any) -> Sweep:
        options.setdefault("known", self.session.orders.open())
        sweep = Sweep("spot", self.step, self.now + within, **options)
        carry_out(sweep.actions(), self.do)
        return sweep

    def do(self, action: Any) -> object:
        if isinstance(action, Pause):
            self.now += action.seconds
            return None
        assert isinstance(action, RunHttp)
        commands, until = action.commands, self.now + action.timeout
        try:
            command = next(commands)
            while True:
                self.asked.append(command)
                self.now += ROUND_TRIP
                try:
                    answer = self.answer(command, until)
                except SdkError as error:
                    command = commands.throw(error)
                else:
                    command = commands.send(answer)
        except StopIteration as stop:
            return stop.value

    def answer(self, command: Any, until: float) -> Any:  # noqa: C901  (one case a command)
        spoilt = self.spoil(command)
        if spoilt == "silence":
            self.now = until
            raise TimeoutError("no answer over HTTP in time")
        if isinstance(spoilt, Exception):
            raise spoilt
        if spoilt is not None:
            return spoilt
        match command:
            case spot.CancelOrder():
                if command.order_id not in self.orders:
                    raise refusal(3600, command)
                return self.orders.pop(command.order_id)
            case spot.CancelBatchOrder():
                return tuple(self.one(self.orders.pop(each, None)) for each in command.order_ids)
            case spot.CancelBatchStopOrder() | spot.CancelStopOrder():
                ids = getattr(command, "stop_ids", None) or (command.stop_id,)  # type: ignore[union-attr]
                gone = tuple(self.one(self.stops.pop(each, None)) for each in ids)
                return gone if isinstance(command, spot.CancelBatchStopOrder) else gone[0].data
            case spot.CancelOrderByClientId():
                mine = [each for each in self.orders.values() if each.client_id == command.client_id]
                return tuple(self.one(self.orders.pop(each.order_id)) for each in mine)
            case spot.GetOrderStatus():
                raise refusal(3600, command)
            case spot.ListPendingOrder():
                rows = [each for each in self.orders.values() if command.market in (None, each.market)]
                mine = [each for each in rows if command.client_id in (None, each.client_id)]
                page = command.page or 1
                chosen = mine[(page - 1) * 100 : page * 100]
                return Page(rows=tuple(chosen), has_next=len(mine) > page * 100)
            case spot.ListPendingStopOrder():
                return Page(rows=tuple(self.stops.values()), has_next=False)
            case spot.ListFinishedOrder():
                return Page(rows=(), has_next=False)
            case _:
                raise AssertionError(command)

    def one(self, found: Any) -> BatchItem[Any]:
        return BatchItem(code=0, data=found) if found is not None else BatchItem(code=3600, message="not found")

    def count(self, kind: type) -> int:
        return sum(isinstance(each, kind) for each in self.asked)


def outcomes(sweep: Sweep) -> list[str]:
    return [each.outcome for each in sweep.orders]


def test_what_is_known_and_what_is_listed_is_cancelled_in_batches_of_one_market() -> None:
    venue = Venue({number: row(number) for number in range(1, 26)} | {77: row(77, "ETHUSDT")})
    for number in range(1, 13):
        venue.knows(number)
    sweep = venue.sweep()
    assert venue.orders == {}
    assert outcomes(sweep) == ["cancelled"] * 26
    assert (sweep.is_listed, sweep.why) == (True, "")
    assert venue.count(spot.CancelBatchOrder) == 4
    assert venue.count(spot.CancelOrder) == 1
    assert venue.now < 100.6


def test_where_nothing_is_open_one_look_at_the_list_is_all() -> None:
    venue = Venue()
    sweep = venue.sweep()
    assert [type(each) for each in venue.asked] == [spot.ListPendingOrder]
    assert sweep.is_listed
    assert sweep.orders == ()


def test_orders_of_other_programs_stand_where_they_are_not_wanted() -> None:
    venue = Venue({1: row(1), 2: row(2)})
    mine = venue.knows(1)
    sweep = venue.sweep(is_wanted=lambda view: view is mine)
    assert [each.order.order_id for each in sweep.orders] == [1]
    assert list(venue.orders) == [2]


def test_markets_bound_the_list() -> None:
    venue = Venue({1: row(1), 2: row(2, "ETHUSDT")})
    venue.sweep(markets=("ETHUSDT",))
    assert list(venue.orders) == [1]


def test_a_list_of_many_pages_is_seen_to_its_end() -> None:
    venue = Venue({number: row(number) for number in range(1, 251)})
    sweep = venue.sweep(within=60.0)
    assert len(sweep.orders) == 250
    assert venue.orders == {}


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_what_may_pass_is_tried_again_until_it_does(status: int) -> None:
    venue = Venue({1: row(1), 2: row(2)})
    venue.knows(1)
    left = [1, 2, 3, 4]
    venue.spoil = lambda command: refusal(None, command, status) if left and left.pop() else None
    sweep = venue.sweep()
    assert outcomes(sweep) == ["cancelled", "cancelled"]
    assert sweep.is_listed


@pytest.mark.parametrize("status", [429, 503])
def test_what_does_not_pass_ends_in_time_as_unknown_with_the_venues_words(status: int) -> None:
    venue = Venue({1: row(1)})
    venue.knows(1)
    venue.spoil = lambda command: refusal(None, command, status)
    sweep = venue.sweep(within=3.0)
    assert outcomes(sweep) == ["unknown"]
    assert f"HTTP {status}" in sweep.orders[0].why
    assert f"HTTP {status}" in sweep.why
    assert not sweep.is_listed
    assert 103.0 <= venue.now < 103.0 + 2 * ROUND_TRIP
    assert len(venue.asked) < 20


def test_a_dead_peer_takes_no_more_than_the_time_and_every_order_is_reported() -> None:
    venue = Venue({1: row(1), 2: row(2)})
    venue.knows(1)
    venue.knows(None, "in-flight", "unknown")
    venue.spoil = lambda _: "silence"
    sweep = venue.sweep(within=3.0)
    assert outcomes(sweep) == ["unknown", "unknown"]
    assert all(each.why for each in sweep.orders)
    assert venue.now == pytest.approx(103.0, abs=0.01)


def test_one_request_that_hangs_does_not_use_up_the_time_of_the_others() -> None:
    venue = Venue({1: row(1), 2: row(2, "ETHUSDT")})
    venue.knows(1)
    hanging = [True]
    venue.spoil = lambda _: "silence" if hanging and hanging.pop() else None
    sweep = venue.sweep(within=3.0)
    assert outcomes(sweep) == ["cancelled", "cancelled"]
    assert venue.now < 102.0


def test_a_cancel_whose_answer_is_lost_is_sent_again() -> None:
    venue = Venue({1: row(1)})
    venue.knows(1)

    def lose(command: Any) -> object:
        if isinstance(command, spot.CancelOrder) and venue.count(spot.CancelOrder) == 1:
            venue.orders.clear()
            return HttpOutcomeUnknown("lost", command=command, endpoint="POST /x")
        return None

    venue.spoil = lose
    sweep = venue.sweep()
    assert venue.count(spot.CancelOrder) >= 2
    assert outcomes(sweep) == ["cancelled"]
    assert sweep.is_listed


def test_an_order_in_flight_that_arrives_meanwhile_is_cancelled_by_its_client_id() -> None:
    venue = Venue()
    venue.knows(None, "late", "unknown")

    arriving = [row(9, client_id="late")]

    def arrive(command: Any) -> None:
        if venue.now > 101.0 and arriving and isinstance(command, spot.CancelOrderByClientId):
            venue.orders[9] = arriving.pop()

    venue.spoil = arrive
    sweep = venue.sweep(within=5.0)
    assert outcomes(sweep) == ["cancelled"]
    assert venue.orders == {}


def test_an_order_in_flight_that_never_shows_up_stays_unknown() -> None:
    venue = Venue()
    venue.knows(None, "lost", "unknown")
    sweep = venue.sweep(within=3.0)
    (found,) = sweep.orders
    assert found.outcome == "unknown"
    assert "may still arrive" in found.why
    assert sweep.is_listed


def test_an_order_that_was_filled_meanwhile_says_so() -> None:
    venue = Venue()
    view = venue.knows(1)

    def fill(command: Any) -> None:
        fact = OrderFact(order_id=1, market=MARKET, state="filled", filled=Decimal(1))
        venue.session.apply_facts(fact, now=venue.now)

    venue.spoil = fill
    assert outcomes(venue.sweep(known=[view])) == ["filled"]


def test_a_refused_key_ends_it_at_once() -> None:
    venue = Venue({1: row(1)})
    venue.knows(1)
    venue.spoil = lambda command: refusal(4005, command)
    sweep = venue.sweep()
    assert len(venue.asked) == 2
    assert outcomes(sweep) == ["unknown"]
    assert not sweep.is_listed
    assert "access id" in sweep.why


def test_a_batch_that_is_refused_as_a_whole_is_sent_one_by_one() -> None:
    venue = Venue({number: row(number) for number in (1, 2, 3)})
    venue.spoil = lambda command: refusal(4004, command) if isinstance(command, spot.CancelBatchOrder) else None
    sweep = venue.sweep()
    assert outcomes(sweep) == ["cancelled"] * 3
    assert venue.count(spot.CancelOrder) == 3


def test_one_bad_order_of_a_batch_spoils_no_other() -> None:
    venue = Venue({1: row(1), 3: row(3)})
    for number in (1, 2, 3):
        venue.knows(number)
    sweep = venue.sweep(within=10.0)
    assert [each.outcome for each in sweep.orders if each.order.order_id != 2] == ["cancelled", "cancelled"]


def test_an_order_that_the_venue_lists_and_the_tracker_had_given_up_is_cancelled() -> None:
    venue = Venue({1: row(1)})
    venue.knows(1)
    venue.session.apply_facts(OrderFact(order_id=1, market=MARKET, state="cancelled"), now=venue.now)
    sweep = venue.sweep()
    assert venue.orders == {}
    assert outcomes(sweep) == ["cancelled"]


def test_a_list_that_is_late_makes_no_order_of_one_that_has_ended() -> None:
    venue = Venue()
    venue.knows(1)
    venue.session.apply_facts(OrderFact(order_id=1, market=MARKET, state="cancelled"), now=venue.now)
    stale = [Page(rows=(row(1),), has_next=False)]
    venue.spoil = lambda command: stale.pop() if stale and isinstance(command, spot.ListPendingOrder) else None
    sweep = venue.sweep()
    assert sweep.orders == ()
    assert sweep.is_listed


def test_stop_orders_are_left_alone_unless_they_are_asked_for() -> None:
    one = Decimal(1)

    def stop(number: int) -> spot.SpotStopOrder:
        return spot.SpotStopOrder(stop_id=number, market=MARKET, side="sell", amount=one, trigger_price=one)

    venue = Venue(stops={5: stop(5), 6: stop(6)})
    assert venue.sweep().orders == ()
    assert len(venue.stops) == 2
    sweep = venue.sweep(with_stops=True)
    assert venue.stops == {}
    assert [(each.is_stop, each.order.order_id, each.outcome) for each in sweep.orders] == [
        (True, 5, "cancelled"),
        (True, 6, "cancelled"),
    ]


def test_the_first_interrupt_comes_out_behind_the_end_and_a_second_one_at_once() -> None:
    for times, cancelled in ((1, True), (2, False)):
        venue = Venue({1: row(1)})
        venue.knows(1)
        interrupts = [KeyboardInterrupt()] * times

        def do(action: Any, venue: Venue = venue, interrupts: list[KeyboardInterrupt] = interrupts) -> object:
            if interrupts:
                raise interrupts.pop()
            return venue.do(action)

        sweep = Sweep("spot", venue.step, venue.now + 3.0, known=venue.session.orders.open())
        with pytest.raises(KeyboardInterrupt):
            carry_out(sweep.actions(), do)
        assert (venue.orders == {}) is cancelled
        assert outcomes(sweep) == ["cancelled" if cancelled else "unknown"]


# Time ---------------------------------------------------------------------------------------------------------------------


def actions_of(sweep: Sweep, count: int, answer: Callable[[Any], object]) -> list[Any]:
    """The first actions, where each is carried out like that."""
    actions = sweep.actions()
    done: list[Any] = []
    action = next(actions)
    while len(done) < count:
        done.append(action)
        try:
            found = answer(action)
        except Exception as error:  # noqa: BLE001  (as a driver does)
            action = actions.throw(error)
        else:
            action = actions.send(found)
    actions.close()
    return done


@pytest.mark.parametrize(("within", "first"), [(9.0, 3.0), (1.5, 0.5), (1.0, 0.5), (0.3, 0.3)])
def test_a_request_has_a_third_of_the_time_that_is_left_but_not_too_little(within: float, first: float) -> None:
    venue = Venue({1: row(1)})
    sweep = Sweep("spot", venue.step, venue.now + within)
    (action,) = actions_of(sweep, 1, venue.do)
    assert isinstance(action, RunHttp)
    assert action.timeout == pytest.approx(first)


@pytest.mark.parametrize("within", [0.0, -1.0])
def test_without_time_nothing_is_asked_and_nothing_is_known(within: float) -> None:
    venue = Venue({1: row(1)})
    venue.knows(1)
    sweep = venue.sweep(within=within)
    assert venue.asked == []
    assert (sweep.is_listed, sweep.why) == (False, NOT_REACHED)
    assert [(each.outcome, each.why) for each in sweep.orders] == [("unknown", NOT_REACHED)]


def test_the_pauses_between_rounds_grow_to_a_second() -> None:
    venue = Venue({1: row(1)})

    def busy(action: Any) -> object:
        if isinstance(action, Pause):
            return None
        return venue.do(action)

    venue.spoil = lambda command: refusal(None, command, 503)
    sweep = Sweep("spot", venue.step, venue.now + 3600.0)
    pauses = [action.seconds for action in actions_of(sweep, 14, busy) if isinstance(action, Pause)]
    assert pauses == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0])


def test_before_the_list_was_seen_a_round_does_not_say_that_it_was() -> None:
    venue = Venue({1: row(1)})
    sweep = Sweep("spot", venue.step, venue.now + 3.0, known=[venue.knows(1)])
    assert not sweep.is_listed
    assert outcomes(sweep) == ["unknown"]


# Batches ------------------------------------------------------------------------------------------------------------------


def test_after_a_batch_whose_answer_fits_no_order_they_go_one_by_one() -> None:
    venue = Venue({number: row(number) for number in range(1, 4)})
    known = [venue.knows(number) for number in venue.orders]
    venue.spoil = lambda command: () if isinstance(command, spot.CancelBatchOrder) else None
    sweep = venue.sweep(known=known)
    assert outcomes(sweep) == ["cancelled"] * 3
    assert (venue.count(spot.CancelBatchOrder), venue.count(spot.CancelOrder)) == (1, 3)


def test_of_a_batch_each_order_has_its_own_answer() -> None:
    venue = Venue({1: row(1), 2: row(2)})
    known = [venue.knows(1), venue.knows(2)]

    def half(command: Any) -> object:
        if isinstance(command, spot.CancelBatchOrder):
            return (venue.one(venue.orders.pop(1, None)), BatchItem(code=3610, message=" auction "))
        return refusal(3610, command) if isinstance(command, spot.CancelOrder) else None

    venue.spoil = half
    sweep = venue.sweep(known=known)
    first, second = sweep.orders
    assert (first.outcome, second.outcome) == ("cancelled", "unknown")
    assert "3610" in second.why


def test_an_order_that_the_venue_lists_still_long_after_it_took_the_cancellation_is_cancelled_again() -> None:
    venue = Venue({1: row(1), 2: row(2, "ETHUSDT")})
    venue.knows(1)
    cancelled_at: list[float] = []

    def stubborn(command: Any) -> object:
        # The first cancellation is taken, and the order stays; the market of the other one is closed for long.
        if isinstance(command, spot.CancelOrder) and command.order_id == 1:
            cancelled_at.append(venue.now)
            return row(1) if len(cancelled_at) == 1 else None
        if isinstance(command, spot.CancelOrder) and venue.now < 150.0:
            return refusal(None, command, 503)
        return None

    venue.spoil = stubborn
    sweep = venue.sweep(within=120.0)
    assert set(outcomes(sweep)) == {"cancelled"}
    assert venue.orders == {}
    assert len(cancelled_at) == 2
    assert LISTED_AFTER <= cancelled_at[1] - cancelled_at[0] < LISTED_AFTER + 3.0
