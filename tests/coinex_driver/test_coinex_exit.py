"""Own orders on CoinEx on the way out: which ones are cancelled, for how long, and with which session."""

from __future__ import annotations

import logging
from collections.abc import Callable
from decimal import Decimal as D
from typing import Any

import pytest

from coinex_driver.client_core import ClientCore
from coinex_driver.coinex_exit import alone, cancel_on_exit, copied
from coinex_driver.exit_orders import ExitOrder
from coinex_driver.order_sweep import carry_out
from coinex_proto import Config, OrderFact, Session, Sources, coinex
from tests.coinex_driver.test_order_sweep import MARKET, Venue, row

SOURCES = Sources(wall_time_ns=lambda: 10**18, random_bytes=bytes)


class Left:
    """A client on its way out; the venue has order 1 of it, and the client knows of 2, which has ended."""

    def __init__(self) -> None:
        self.venue = Venue()
        self.core = ClientCore(coinex.spot(), None, Config(), SOURCES, lambda: self.venue.now)
        assert isinstance(self.core.session, Session)
        self.venue.session = self.core.session
        self.venue.orders[1] = row(1)
        self.order = self.venue.knows(1)
        self.venue.knows(2, state="filled")

    def cancel(self, step: Callable[..., Any], *, is_cut: bool) -> tuple[ExitOrder, ...]:
        ended: list[tuple[ExitOrder, ...]] = []

        def actions() -> Any:
            ended.append((yield from cancel_on_exit(self.core, "spot", step, SOURCES, 3.0, is_cut=is_cut)))

        carry_out(actions(), self.venue.do)
        return ended[0]


def unusable(*_: object) -> Any:
    raise AssertionError("the session was left in the middle of a step")


@pytest.mark.parametrize("is_cut", [False, True], ids=["in order", "in the middle of a step"])
def test_what_is_known_to_be_open_is_cancelled_and_told(is_cut: bool, caplog: pytest.LogCaptureFixture) -> None:
    left = Left()
    with caplog.at_level(logging.INFO):
        ended = left.cancel(unusable if is_cut else left.venue.step, is_cut=is_cut)
    assert [(one.order.order_id, one.outcome, one.why) for one in ended] == [(1, "cancelled", "")]
    assert left.venue.orders == {}
    assert left.order.state == ("live" if is_cut else "cancelled"), "a session that was cut is only read"
    assert "1 of 1 own orders have ended on the way out" in caplog.text


@pytest.mark.parametrize("is_cut", [False, True], ids=["in order", "in the middle of a step"])
def test_a_venue_that_is_silent_keeps_nobody_longer_than_the_time(is_cut: bool) -> None:
    left = Left()
    left.venue.spoil = lambda _: "silence"
    began = left.venue.now
    (ended,) = left.cancel(unusable if is_cut else left.venue.step, is_cut=is_cut)
    assert ended.outcome == "unknown"
    assert left.venue.now == began + 3.0


def test_a_session_alone_knows_nothing_and_has_the_time_of_the_client() -> None:
    left = Left()
    step = alone("spot", SOURCES, left.core)
    assert step(lambda session, now: (session.orders.open(), now)) == ((), left.venue.now)
    assert step(lambda session, _: session) is step(lambda session, _: session)
    assert step(lambda session, _: session) is not left.core.session


def test_orders_are_the_same_in_the_other_session_and_what_was_on_its_way_is_unknown_there() -> None:
    left = Left()
    session = left.venue.session
    fact = OrderFact(
        order_id=3,
        client_order_id="mine",
        market=MARKET,
        side="buy",
        price=D("99.5"),
        amount=D(2),
        filled=D("0.5"),
        state="live",
    )
    session.apply_facts(fact, now=left.venue.now)
    session.apply_facts(OrderFact(client_order_id="sent", market=MARKET, state="sending"), now=left.venue.now)
    orders = session.orders.open()
    found = copied(orders, alone("spot", SOURCES, left.core))
    assert len(found) == len(orders) == 3
    for one, other in zip(found, orders, strict=True):
        assert one is not other
        for name in ("order_id", "client_order_id", "market", "side", "price", "amount", "filled"):
            assert getattr(one, name) == getattr(other, name), name
    assert [one.state for one in found] == ["live", "live", "unknown"]
