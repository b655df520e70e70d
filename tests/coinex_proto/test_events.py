"""Events: what they show, how they compare, what a wire member cannot reach."""

from __future__ import annotations

from typing import Any

import pytest

from coinex_proto import (
    BookChanged,
    BookView,
    CloseReason,
    Event,
    OrderFact,
    Replied,
    RequestId,
    Restored,
    Unrecognised,
)
from coinex_proto.events import ABNORMAL_CLOSURE, OrdersGuarded, OrdersQueried, Retrying
from coinex_proto.orders.exit_order import ExitOrder
from coinex_proto.orders.tracker import Orders
from tests.coinex_proto.harness.tiny import Do, Ladder, LadderBook


def test_a_payload_is_not_shown() -> None:
    assert repr(Unrecognised(raw=b"S3CRET", why="junk")) == "Unrecognised(why='junk', concerns=None)"


def test_a_reason_reads_as_text_and_code() -> None:
    assert str(CloseReason(code=1000, text="closed by us")) == "closed by us (1000)"
    assert str(CloseReason(code=1006, text="")) == "1006"


def test_a_changed_book_belongs_to_its_topic() -> None:
    topic = Ladder("A")
    changed = BookChanged(topic=topic, market="A", book=BookView(topic, LadderBook()).snapshot())
    assert changed.topic_key == ("ladder", "A")
    assert isinstance(changed, Event)


def test_requests_are_numbered_by_plain_integers() -> None:
    assert RequestId(7) == 7
    assert Do(verb="a") == Do(verb="a")


def test_the_code_of_a_connection_that_ended_without_a_word() -> None:
    assert ABNORMAL_CLOSURE == 1006, "RFC 6455 7.4.1"


def test_a_next_attempt_is_the_same_whatever_ended_the_last_one() -> None:
    assert Retrying(attempt=1, at=5.0, why="reset") == Retrying(attempt=1, at=5.0)
    assert Retrying(attempt=1, at=5.0) != Retrying(attempt=2, at=5.0)


def test_an_event_says_no_more_than_it_was_told() -> None:
    assert Replied(request_id=RequestId(1), command=Do(verb="a"), result=None).was_answered
    assert Restored(topics=(), since=1.0, until=2.0, why="").unknown_orders == 0
    assert OrdersQueried() == OrdersQueried(orders=(), is_whole_list=False)


@pytest.mark.parametrize(
    ("outcomes", "is_listed", "is_clear"),
    [
        ((), True, True),
        (("cancelled", "filled", "refused"), True, True),
        (("cancelled", "unknown"), True, False),
        (("cancelled",), False, False),
    ],
)
def test_a_guard_is_done_when_the_venue_lists_nothing_more_and_no_outcome_is_open(
    outcomes: tuple[Any, ...], is_listed: bool, is_clear: bool
) -> None:
    view = Orders().sending(OrderFact(state="sending"), RequestId(1), 1.0).snapshot()
    orders = tuple(ExitOrder(order=view, outcome=outcome) for outcome in outcomes)
    assert OrdersGuarded(cause="exit", orders=orders, is_listed=is_listed).is_clear is is_clear
    assert not any(order.is_stop for order in orders)
