"""The order tracker: which fact belongs to which order, and what every interleaving ends in."""

from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto.ids import ANYTHING, RequestId
from coinex_proto.numbers import CONTEXT
from coinex_proto.orders import tracker as orders_module
from coinex_proto.orders.fact import OrderFact, OrdersMissed
from coinex_proto.orders.states import OrderState
from coinex_proto.orders.tracker import Orders
from coinex_proto.orders.view import OrderView

D = Decimal
FIRST, SECOND = RequestId(1), RequestId(2)


def shown(view: OrderView | None) -> tuple[object, ...]:
    assert view is not None
    return (view.state, view.filled, view.remaining, view.order_id, view.client_order_id)


# An order that we sent ------------------------------------------------------------------------------------------------


def test_an_order_is_told_of_from_sending_to_filled() -> None:
    orders = Orders()
    view = orders.sending(OrderFact(market="BTCUSDT", side="buy", price=D(100), amount=D(5)), FIRST, 1.0)
    assert (view.market, view.side, view.price, view.amount) == ("BTCUSDT", "buy", D(100), D(5))
    assert shown(view) == ("sending", 0, 5, None, None)
    assert orders.apply(OrderFact(order_id=7, state="live"), 2.0, FIRST) is view
    assert shown(view) == ("live", 0, 5, 7, None)
    assert orders.apply(OrderFact(order_id=7, fill=("t1", D(2), D(99))), 3.0) is view
    assert shown(view) == ("live", 2, 3, 7, None)
    assert orders.open() == (view,)
    assert orders.apply(OrderFact(order_id=7, filled=D(5), remaining=D(0), state="filled"), 4.0) is view
    assert shown(view) == ("filled", 5, 0, 7, None)
    assert view.is_final
    assert view.updated_at == 4.0
    assert orders.open() == ()


def test_a_fact_that_says_nothing_new_gives_nothing() -> None:
    orders = Orders()
    fact = OrderFact(order_id=7, state="live", amount=D(5))
    assert orders.apply(fact, 1.0) is not None
    assert orders.apply(fact, 2.0) is None


def test_a_push_before_the_acknowledgement_and_the_answer_are_one_order() -> None:
    orders = Orders()
    sent = orders.sending(OrderFact(market="BTCUSDT", amount=D(5)), FIRST, 1.0)
    pushed = orders.apply(OrderFact(order_id=7, state="live", amount=D(5), filled=D(1)), 2.0)
    assert pushed is not None
    assert pushed is not sent
    assert orders.apply(OrderFact(order_id=7, state="live"), 3.0, FIRST) is sent
    assert shown(sent) == shown(pushed) == ("live", 1, 4, 7, None)
    assert orders.open() == (sent,)
    assert orders.live(pushed.snapshot()) is sent
    orders.apply(OrderFact(order_id=7, state="cancelled"), 4.0)
    assert (sent.state, pushed.state) == ("cancelled", "cancelled")


def test_a_fill_before_the_acknowledgement_is_not_lost() -> None:
    orders = Orders()
    sent = orders.sending(OrderFact(amount=D(5)), FIRST, 1.0)
    assert orders.apply(OrderFact(order_id=7, fill=("t1", D(2), D(99))), 2.0) is None
    assert orders.find(7) is None
    assert orders.open() == (sent,)
    orders.apply(OrderFact(order_id=7, state="live"), 3.0, FIRST)
    assert shown(sent) == ("live", 2, 3, 7, None)


def test_a_lone_fill_of_somebody_elses_order_makes_no_order() -> None:
    orders = Orders()
    assert orders.apply(OrderFact(order_id=7, fill=("t1", D(2), D(99))), 1.0) is None
    assert orders.open() == ()
    view = orders.apply(OrderFact(order_id=7, amount=D(5), state="live"), 2.0)
    assert shown(view) == ("live", 2, 3, 7, None)


def test_a_fact_without_any_name_is_about_no_order() -> None:
    orders = Orders()
    assert orders.apply(OrderFact(state="live"), 1.0) is None
    assert orders.apply(OrderFact(state="live", client_order_id=""), 1.0) is None
    assert orders.apply(OrderFact(state="live"), 1.0, FIRST) is None


def test_an_answer_without_any_name_is_about_the_order_of_its_request() -> None:
    orders = Orders()
    view = orders.sending(OrderFact(amount=D(5)), FIRST, 1.0)
    assert orders.apply(OrderFact(state="live"), 2.0, FIRST) is view
    assert orders.of_request(FIRST) is view
    assert orders.of_request(SECOND) is None


def test_a_refusal_ends_an_order_that_was_sent() -> None:
    orders = Orders()
    view = orders.sending(OrderFact(amount=D(5)), FIRST, 1.0)
    assert orders.refused(FIRST, "no money", 2.0) is view
    assert (view.state, view.why) == ("refused", "no money")
    assert orders.refused(FIRST, "again", 3.0) is None
    assert orders.refused(SECOND, "what?", 3.0) is None


def test_a_refusal_or_time_out_does_not_undo_what_a_push_has_proved() -> None:
    orders = Orders()
    view = orders.sending(OrderFact(client_order_id="c"), FIRST, 1.0)
    orders.apply(OrderFact(order_id=7, client_order_id="c", state="live"), 2.0)
    assert orders.unknown(FIRST, "no answer", 3.0) is None
    assert orders.refused(FIRST, "no", 3.0) is None
    assert view.state == "live"


@pytest.mark.parametrize("state", ["live", "filled", "cancelled", "refused"])
def test_an_unanswered_order_is_unknown_until_the_venue_tells(state: OrderState) -> None:
    orders = Orders()
    view = orders.sending(OrderFact(client_order_id="c"), FIRST, 1.0)
    assert orders.unknown(FIRST, "no answer in 10 s", 2.0) is view
    assert (view.state, view.why, view.is_final) == ("unknown", "no answer in 10 s", False)
    assert orders.open() == (view,)
    assert state != "unknown"
    orders.apply(OrderFact(order_id=7, client_order_id="c", state=state), 3.0)
    assert (view.state, view.why) == (state, "")


def test_s25_a_lost_connection_makes_every_open_order_unknown_and_no_other() -> None:
    orders = Orders()
    sent = orders.sending(OrderFact(), FIRST, 1.0)
    live = orders.apply(OrderFact(order_id=7, state="live"), 1.0)
    done = orders.apply(OrderFact(order_id=8, state="filled"), 1.0)
    assert orders.connection_lost(2.0, "closed (1006)") == [sent, live]
    assert done is not None
    assert (sent.state, sent.why, done.state) == ("unknown", "closed (1006)", "filled")
    assert orders.connection_lost(3.0, "again") == []
    assert sent.why == "closed (1006)"


# Names ----------------------------------------------------------------------------------------------------------------


def test_what_was_missed_of_an_order_is_of_the_one_it_names_by_id_else_by_client_id_else_of_any_in_its_market() -> None:
    def became_unknown(**seen: Any) -> tuple[object, ...]:
        orders = Orders()
        for number, market, client_id in ((1, "A", "a"), (2, "A", "b"), (3, "B", "a")):
            orders.apply(OrderFact(order_id=number, client_order_id=client_id, market=market, state="live"), 1.0)
        meant, changed = orders.missed(OrdersMissed(topic=ANYTHING, **seen), 2.0, "unreadable")
        assert meant == changed
        return tuple(view.order_id for view in meant)

    assert became_unknown(order_id=1) == (1,)
    assert became_unknown(order_id=9) == (1, 2, 3)
    assert became_unknown(market="A", client_order_id="b") == (2,)
    assert became_unknown(client_order_id="a") == (1, 3)
    assert became_unknown(market="A", client_order_id="unheard") == (1, 2)
    assert became_unknown(market="B") == (3,)
    assert became_unknown() == (1, 2, 3)


def test_an_order_that_is_lost_with_nothing_left_to_fill_is_filled_and_not_open() -> None:
    orders = Orders()
    view = orders.sending(OrderFact(amount=D(3), remaining=D(0)), FIRST, 0.0)
    orders.connection_lost(1.0, "closed")
    assert (view.state, orders.open()) == ("filled", ())


def test_a_smaller_amount_that_is_said_after_the_end_does_not_shrink_what_was_filled() -> None:
    orders = Orders()
    view = orders.apply(OrderFact(order_id=7, amount=D(1), state="filled"), 0.0)
    assert view is not None
    orders.apply(OrderFact(order_id=7, amount=D(0)), 1.0)
    assert view.filled == D(1)


def test_facts_under_either_name_are_one_order_once_a_fact_has_both() -> None:
    orders = Orders()
    by_id = orders.apply(OrderFact(order_id=7, state="live", filled=D(1)), 1.0)
    by_client = orders.apply(OrderFact(client_order_id="c", state="live", amount=D(5)), 1.0)
    assert len(orders.open()) == 2
    joined = orders.apply(OrderFact(order_id=7, client_order_id="c"), 2.0)
    assert orders.open() == (joined,)
    assert shown(by_id) == shown(by_client) == ("live", 1, 4, 7, "c")
    assert orders.find(client_order_id="c") is orders.find(7) is joined
    assert orders.find(order_id=99, client_order_id="c") is joined


def test_an_unknown_name_finds_nothing() -> None:
    orders = Orders()
    assert orders.find(7) is None
    assert orders.find(client_order_id="c") is None
    assert orders.find(client_order_id="") is None
    assert orders.find() is None


def test_a_client_id_may_be_used_again_after_the_end() -> None:
    orders = Orders()
    first = orders.apply(OrderFact(order_id=7, client_order_id="c", state="filled"), 1.0)
    second = orders.apply(OrderFact(order_id=8, client_order_id="c", state="live"), 2.0)
    assert first is not second
    assert orders.find(client_order_id="c") is second
    assert orders.find(7) is first


def test_a_client_id_that_we_send_again_leads_to_the_new_order() -> None:
    orders = Orders()
    first = orders.sending(OrderFact(client_order_id="c"), FIRST, 1.0)
    orders.apply(OrderFact(order_id=7, client_order_id="c", state="live"), 1.5)
    second = orders.sending(OrderFact(client_order_id="c"), SECOND, 2.0)
    orders.apply(OrderFact(order_id=7, client_order_id="c", state="cancelled"), 3.0)
    assert (first.state, second.state) == ("cancelled", "sending")
    orders.apply(OrderFact(order_id=8, client_order_id="c", state="live"), 4.0)
    assert (first.order_id, second.order_id, second.state) == (7, 8, "live")


def test_a_later_life_under_the_same_client_id_alone_is_a_new_order() -> None:
    orders = Orders()
    first = orders.apply(OrderFact(client_order_id="c", state="cancelled", at=10), 1.0)
    assert orders.apply(OrderFact(client_order_id="c", state="live", at=9), 2.0) is None
    second = orders.apply(OrderFact(client_order_id="c", state="live", at=11), 3.0)
    assert second is not None
    assert second is not first
    assert orders.open() == (second,)


def test_late_words_of_a_life_that_ended_without_a_time_start_no_new_one() -> None:
    orders = Orders()
    orders.apply(OrderFact(client_order_id="c", state="cancelled"), 1.0)
    for at in (5, 6, 7):
        orders.apply(OrderFact(client_order_id="c", state="live", at=at), 2.0)
    assert orders.open() == ()


@pytest.mark.parametrize(
    "known",
    [
        (OrderFact(client_order_id="c", state="cancelled"), OrderFact(order_id=7, state="live", at=5)),
        (OrderFact(order_id=7, state="cancelled"), OrderFact(client_order_id="c", state="live", at=5)),
    ],
)
def test_a_known_end_stays_the_newest_word_when_two_orders_turn_out_to_be_one(known: tuple[OrderFact, ...]) -> None:
    orders = Orders()
    for fact in known:
        orders.apply(fact, 1.0)
    orders.apply(OrderFact(order_id=7, client_order_id="c"), 2.0)
    orders.apply(OrderFact(client_order_id="c", state="live", at=6), 3.0)
    assert orders.open() == ()


def test_a_client_id_that_another_programs_order_has_too_leads_to_the_order_that_we_send() -> None:
    orders = Orders()
    theirs = orders.apply(OrderFact(order_id=7, client_order_id="c", state="live"), 1.0)
    ours = orders.sending(OrderFact(client_order_id="c"), FIRST, 2.0)
    orders.apply(OrderFact(order_id=7, client_order_id="c", state="cancelled"), 3.0)
    assert theirs is not None
    assert (theirs.state, ours.state) == ("cancelled", "sending")


def test_a_refused_order_that_lives_all_the_same_is_shown() -> None:
    orders = Orders()
    refused = orders.sending(OrderFact(client_order_id="c"), FIRST, 1.0)
    orders.refused(FIRST, "no", 2.0)
    alive = orders.apply(OrderFact(order_id=7, client_order_id="c", state="live"), 3.0)
    assert alive is not None
    assert (refused.state, alive.state) == ("refused", "live")
    assert orders.open() == (alive,)


def test_one_client_id_on_two_markets_is_two_orders() -> None:
    orders = Orders()
    orders.apply(OrderFact(client_order_id="c", market="A", state="live"), 1.0)
    orders.apply(OrderFact(order_id=7, client_order_id="c", market="B", state="live"), 1.0)
    assert [view.market for view in orders.open()] == ["A", "B"]


def test_an_answer_that_names_another_order_does_not_join_two() -> None:
    orders = Orders()
    first = orders.sending(OrderFact(), FIRST, 1.0)
    orders.apply(OrderFact(order_id=7, state="live"), 2.0, FIRST)
    other = orders.apply(OrderFact(order_id=8, state="live"), 3.0, FIRST)
    assert orders.open() == (first, other)


def test_two_requests_are_two_orders_whatever_an_answer_says() -> None:
    orders = Orders()
    first = orders.sending(OrderFact(), FIRST, 1.0)
    second = orders.sending(OrderFact(client_order_id="c"), SECOND, 1.0)
    orders.apply(OrderFact(order_id=7, client_order_id="c", state="live"), 2.0, FIRST)
    assert orders.open() == (first, second)
    assert (first.state, second.state) == ("live", "sending")


def test_an_order_goes_on_under_a_new_id() -> None:
    orders = Orders()
    view = orders.apply(OrderFact(order_id="a", state="live", amount=D(5), filled=D(1)), 1.0)
    assert orders.apply(OrderFact(order_id="b", replaces="a", price=D(7), state="live"), 2.0) is view
    assert shown(view) == ("live", 1, 4, "b", None)
    assert orders.apply(OrderFact(order_id="a", state="cancelled"), 3.0) is None
    assert orders.find("a") is orders.find("b") is view
    orders.apply(OrderFact(order_id="c", replaces="b", state="filled"), 4.0)
    assert shown(view) == ("filled", 5, 0, "c", None)


def renamed(order_id: str, **fields: object) -> OrderFact:
    return OrderFact(order_id=order_id, client_order_id="c", state="live", may_be_renamed=True, **fields)  # type: ignore[arg-type]


def test_a_change_that_does_not_name_the_old_id_is_found_by_the_client_id() -> None:
    orders = Orders()
    view = orders.apply(OrderFact(order_id="a", client_order_id="c", market="M", side="buy", state="live"), 1.0)
    assert orders.apply(renamed("b", market="M", side="buy"), 2.0) is view
    assert shown(view)[3] == "b"
    assert orders.open() == (view,)
    orders.apply(OrderFact(order_id="b", state="filled"), 3.0)
    assert orders.open() == ()


def test_a_change_without_the_old_id_is_a_new_order_where_it_could_be_of_several() -> None:
    orders = Orders()
    for order_id in ("a1", "a2"):
        orders.apply(OrderFact(order_id=order_id, client_order_id="c", state="live"), 1.0)
    orders.apply(renamed("b"), 2.0)
    assert [view.order_id for view in orders.open()] == ["a1", "a2", "b"]


@pytest.mark.parametrize("other", [{"market": "N"}, {"side": "sell"}])
def test_a_change_without_the_old_id_is_never_of_another_market_or_side(other: dict[str, object]) -> None:
    orders = Orders()
    orders.apply(OrderFact(order_id="a", client_order_id="c", market="M", side="buy", state="live"), 1.0)
    orders.apply(renamed("b", **{"market": "M", "side": "buy", **other}), 2.0)
    assert [view.order_id for view in orders.open()] == ["a", "b"]


def test_a_push_under_the_new_id_may_come_before_the_answer_that_says_so() -> None:
    orders = Orders()
    orders.apply(OrderFact(order_id="a", state="live", amount=D(5)), 1.0)
    orders.apply(OrderFact(order_id="b", state="live", amount=D(6)), 2.0)
    assert len(orders.open()) == 2
    orders.apply(OrderFact(order_id="b", replaces="a"), 3.0)
    (view,) = orders.open()
    assert shown(view) == ("live", 0, 6, "b", None)


def test_a_fact_that_names_an_old_id_alone_is_of_no_order() -> None:
    orders = Orders()
    view = orders.apply(OrderFact(order_id="a", state="live", amount=D(5)), 1.0)
    assert view is not None
    assert orders.apply(OrderFact(replaces="a", state="filled"), 2.0) is None
    assert view.state == "live"


def test_a_change_under_an_id_that_is_known_is_of_that_order() -> None:
    orders = Orders()
    first = orders.apply(OrderFact(order_id="a", client_order_id="c", state="live", amount=D(5)), 1.0)
    assert orders.apply(renamed("a", amount=D(7)), 2.0) is first
    assert first is not None
    assert (first.order_id, first.amount) == ("a", D(7))


def test_an_order_that_the_venue_lists_no_more_is_told_once_and_a_forgotten_one_never() -> None:
    orders = Orders()
    view = orders.apply(OrderFact(order_id="a", state="live"), 1.0)
    assert view is not None
    assert orders.ended(view, 2.0, "not listed") is None, "what is live is not in doubt"
    orders.connection_lost(3.0, "gone")
    assert orders.ended(view, 4.0, "not listed") is view
    assert (view.state, view.why) == ("unknown", "not listed")
    assert orders.ended(view, 5.0, "not listed") is None
    assert Orders().ended(view, 6.0, "not listed") is None


def test_the_markets_of_all_orders_are_told_once_each() -> None:
    orders = Orders()
    for number, market in enumerate(("B", "A", None, "B")):
        orders.apply(OrderFact(order_id=number, market=market, state="live" if number else "filled"), 1.0)
    assert orders.markets() == ("B", "A")


def test_an_order_that_had_ended_does_not_go_on_under_a_new_id() -> None:
    orders = Orders()
    old = orders.apply(OrderFact(order_id="a", state="cancelled"), 1.0)
    new = orders.apply(OrderFact(order_id="b", replaces="a", state="live"), 2.0)
    assert old is not None
    assert new is not old
    assert (old.state, old.order_id) == ("cancelled", "a")
    assert orders.open() == (new,)


def test_a_change_of_id_from_before_the_end_is_part_of_the_order_that_ended() -> None:
    orders = Orders()
    view = orders.apply(OrderFact(order_id="a", client_order_id="c", state="live", at=1), 1.0)
    orders.apply(OrderFact(client_order_id="c", state="cancelled", at=9), 2.0)
    orders.apply(OrderFact(order_id="b", replaces="a", state="live", at=5), 3.0)
    assert orders.open() == ()
    assert orders.find("b") is view
    assert shown(view) == ("cancelled", 0, None, "b", "c")


def test_the_id_of_an_order_that_had_ended_stays_with_it() -> None:
    orders = Orders()
    ended = orders.apply(OrderFact(order_id="a", state="cancelled"), 1.0)
    orders.apply(OrderFact(order_id="b", replaces="a", state="live"), 2.0)
    sent = orders.sending(OrderFact(client_order_id="c"), FIRST, 3.0)
    orders.apply(OrderFact(order_id="b", client_order_id="c"), 4.0)
    assert orders.find("a") is ended
    assert orders.find("b") is sent


# Views ----------------------------------------------------------------------------------------------------------------


# Memory ---------------------------------------------------------------------------------------------------------------


def test_the_oldest_final_orders_are_forgotten_and_open_ones_never(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders_module, "REMEMBERED", 3)
    orders = Orders()
    live = orders.apply(OrderFact(order_id="open", client_order_id="open", state="live"), 0.0)
    sent = orders.sending(OrderFact(client_order_id="c0"), FIRST, 0.0)
    first = orders.apply(OrderFact(order_id=0, client_order_id="c0", state="filled"), 0.0)
    assert first is sent
    kept = first.snapshot()
    for number in range(1, 4):
        orders.apply(OrderFact(order_id=number, client_order_id=f"c{number}", state="filled"), 1.0)
    assert orders.find(0) is None
    assert orders.find(client_order_id="c0") is None
    assert orders.of_request(FIRST) is None
    assert orders.live(kept) is kept
    assert orders.find(1) is not None
    assert orders.find("open") is live
    assert first.state == "filled"


def test_lone_fills_are_forgotten_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders_module, "REMEMBERED", 3)
    orders = Orders()
    for number in range(5):
        orders.apply(OrderFact(order_id=number, fill=(number, D(1), D(1))), 0.0)
    view = orders.apply(OrderFact(order_id=0, state="live"), 1.0)
    kept = orders.apply(OrderFact(order_id=4, state="live"), 1.0)
    assert view is not None
    assert kept is not None
    assert (view.filled, kept.filled) == (D(0), D(1))


def test_an_order_that_began_as_a_lone_fill_is_never_forgotten_while_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders_module, "REMEMBERED", 3)
    orders = Orders()
    orders.apply(OrderFact(order_id=0, fill=("t1", D(1), D(1))), 0.0)
    view = orders.apply(OrderFact(order_id=0, state="live"), 0.0)
    for number in range(1, 9):
        orders.apply(OrderFact(order_id=number, state="filled"), 1.0)
    assert orders.find(0) is view
    assert orders.open() == (view,)


def test_forgetting_an_order_leaves_its_client_id_to_the_newer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders_module, "REMEMBERED", 1)
    orders = Orders()
    orders.apply(OrderFact(order_id=1, client_order_id="c", state="filled"), 0.0)
    newer = orders.apply(OrderFact(order_id=2, client_order_id="c", state="live"), 0.0)
    orders.apply(OrderFact(order_id=3, state="filled"), 0.0)
    assert orders.find(1) is None
    assert orders.find(client_order_id="c") is newer


# Any interleaving -----------------------------------------------------------------------------------------------------


class Told(NamedTuple):
    fact: OrderFact
    request_id: RequestId | None = None


class Truth(NamedTuple):
    state: OrderState
    price: Decimal
    amount: Decimal
    filled: Decimal
    remaining: Decimal
    average_price: Decimal | None
    order_id: str
    client_order_id: str | None


class Life(NamedTuple):
    """All that is ever said of one order, and what it comes to."""

    sent: OrderFact | None
    reported: list[Told]
    truth: Truth


@st.composite
def lives(draw: st.DrawFn) -> Life:
    """An order as a venue lives it: partial fills, amendments, new ids, an end or none."""
    client_id = draw(st.sampled_from([None, "c1"]))
    request_id = draw(st.sampled_from([None, FIRST]))
    amount, price, filled, value = D(draw(st.integers(5, 20))), D(100), D(0), D(0)
    ids, reported, every_fill_is_told = ["id0"], list[Told](), True
    opening = OrderFact(client_order_id=client_id, market="M", side="buy", price=price, amount=amount, state="sending")
    steps = draw(st.lists(st.sampled_from(["fill", "fill", "amend", "new id"]), max_size=6))
    end: OrderState = draw(st.sampled_from(["live", "cancelled", "filled"]))
    state: OrderState = "live"

    def say(at: int, *, names: str | None = None, answer_to: RequestId | None = None) -> None:
        names = names or draw(st.sampled_from(["id", "client", "both"] if client_id else ["id"]))
        assert state in ("live", "cancelled", "filled")
        fact = OrderFact(
            order_id=None if names == "client" else ids[-1],
            client_order_id=None if names == "id" else client_id,
            price=price,
            amount=amount,
            filled=draw(st.sampled_from([filled, None])),
            remaining=amount - filled,
            state=state,
            at=at,
        )
        reported.append(Told(fact, answer_to))

    if request_id is not None:
        say(0, names="id", answer_to=request_id)
    for at, step in enumerate(steps, 1):
        if step == "fill" and amount - filled > 1:
            size, paid = D(draw(st.integers(1, int(amount - filled) - 1))), D(draw(st.integers(90, 110)))
            filled, value = filled + size, value + size * paid
            if draw(st.booleans()):
                reported.append(Told(OrderFact(order_id=ids[-1], fill=(f"t{at}", size, paid), at=at)))
            else:
                every_fill_is_told = False
        elif step == "amend":
            price, amount = price + 1, amount + draw(st.integers(0, 3))
        elif step == "new id":
            ids.append(f"id{at}")
            reported.append(Told(OrderFact(order_id=ids[-1], replaces=ids[-2], at=at)))
        say(at)
    if end == "filled" and filled < amount:
        size, paid = amount - filled, D(draw(st.integers(90, 110)))
        filled, value = amount, value + size * paid
        reported.append(Told(OrderFact(order_id=ids[-1], fill=("last", size, paid), at=98)))
    state = end
    say(99, names="both")
    average = CONTEXT.divide(value, filled) if filled and every_fill_is_told else None
    truth = Truth(end, price, amount, filled, amount - filled, average, ids[-1], client_id)
    return Life(opening if request_id else None, reported, truth)


def as_shown(view: OrderView) -> Truth:
    assert view.price is not None
    assert view.amount is not None
    assert view.remaining is not None
    assert isinstance(view.order_id, str)
    average = view.average_price
    return Truth(
        view.state, view.price, view.amount, view.filled, view.remaining, average, view.order_id, view.client_order_id
    )


@given(lives(), st.data())
def test_facts_in_any_order_and_any_number_end_in_the_truth(life: Life, data: st.DataObject) -> None:
    repeated = data.draw(st.lists(st.sampled_from(life.reported), max_size=5))
    arrivals = data.draw(st.permutations([*life.reported, *repeated]))
    lost_after = data.draw(st.none() | st.integers(0, len(arrivals) - 1))
    orders = Orders()
    views = [orders.sending(life.sent, FIRST, 0.0)] if life.sent is not None else []
    ends = dict[int, str]()
    for number, reported in enumerate(arrivals):
        view = orders.apply(reported.fact, float(number), reported.request_id)
        if view is not None:
            views.append(view)
        for seen, known in enumerate(views):
            assert known.filled <= life.truth.filled
            assert known.remaining is None or known.remaining >= 0
            if known.is_final:
                assert ends.setdefault(seen, known.state) == known.state
        if number == lost_after:
            orders.connection_lost(float(number), "closed")
    if lost_after is not None:  # what a query on the next connection would say
        for reported in life.reported[-1:]:
            orders.apply(reported.fact, 99.0)
    assert views
    for view in views:
        assert as_shown(view) == life.truth
    assert len(orders.open()) == (0 if views[0].is_final else 1)


ODD_NUMBERS = st.none() | st.decimals() | st.sampled_from([D("1e999999"), D("-0"), D("1e-400"), D(3)])
ODD_FACTS = st.builds(
    OrderFact,
    order_id=st.none() | st.integers(0, 3) | st.sampled_from(["a", ""]),
    client_order_id=st.sampled_from([None, "", "c", "d"]),
    market=st.sampled_from([None, "A", "B"]),
    side=st.none() | st.text(max_size=2),
    price=ODD_NUMBERS,
    amount=ODD_NUMBERS,
    filled=ODD_NUMBERS,
    remaining=ODD_NUMBERS,
    average_price=ODD_NUMBERS,
    state=st.sampled_from([None, "sending", "live", "filled", "cancelled", "refused"]),
    at=st.none() | st.integers() | st.floats(),
    replaces=st.none() | st.integers(0, 3) | st.sampled_from(["a"]),
    fill=st.none() | st.tuples(st.integers(0, 5), st.decimals(), st.none() | st.decimals()),
)


@given(st.lists(st.tuples(ODD_FACTS, st.sampled_from(["apply", "answer", "send", "refuse", "lose"])), max_size=30))
def test_no_fact_however_odd_raises_shrinks_what_is_filled_or_reopens_an_order(
    steps: list[tuple[OrderFact, str]],
) -> None:
    orders = Orders()
    seen = dict[int, tuple[OrderView, Decimal, str | None]]()
    for number, (fact, verb) in enumerate(steps):
        request_id = RequestId(number // 2)
        match verb:
            case "apply":
                orders.apply(fact, float(number))
            case "answer":
                orders.apply(fact, float(number), request_id)
            case "send":
                orders.sending(fact, RequestId(number), float(number))
            case "refuse":
                orders.refused(request_id, "no", float(number))
            case _:
                orders.connection_lost(float(number), "closed")
        for view in orders.open():
            assert not view.is_final
            seen.setdefault(id(view), (view, view.filled, None))
        for key, (view, filled, end) in tuple(seen.items()):
            assert view.filled >= filled
            assert end is None or view.state == end
            repr(view)
            seen[key] = (view, view.filled, view.state if view.is_final else None)


# Whose it is ----------------------------------------------------------------------------------------------------------


def test_an_order_is_from_here_if_it_was_sent_through_this_tracker() -> None:
    orders = Orders()
    assert not orders.has_sent()
    orders.apply(OrderFact(order_id=3, client_order_id="theirs", state="live"), 1.0)
    assert not orders.has_sent()
    orders.sending(OrderFact(client_order_id="mine", market="BTCUSDT"), FIRST, 1.0)
    assert orders.has_sent()
    assert orders.is_from_here(None, "mine")
    assert orders.is_from_here(7, "mine"), "the venue may have named it meanwhile"
    orders.apply(OrderFact(order_id=7, client_order_id="mine", market="BTCUSDT", state="live"), 2.0)
    assert orders.is_from_here(7, None)
    assert not orders.is_from_here(8, "mine"), "another order with the same client id"
    assert not orders.is_from_here(3, "theirs")
    assert not orders.is_from_here(None, None)
    assert not orders.is_from_here(99, "")
