"""When a guard acts, by the events of a session and its clock; what it does then stands in test_order_sweep."""

from __future__ import annotations

import math
from typing import Any

import pytest

from coinex_driver.guarding import Guarding
from coinex_driver.order_guard import OrderGuard, OrdersGuarded
from coinex_proto import Lost, Restored, Sources, coinex
from tests.coinex_driver.direct import Direct

KEYS = coinex.Credentials("a" * 32, "s" * 40)
ALL = coinex.Orders()
SOURCES = Sources(wall_time_ns=lambda: 10**18, random_bytes=bytes)


class Watched:
    """A guarding beside a client that never connects; losses are noted by hand."""

    def __init__(self, **options: Any) -> None:
        self.client = Direct(coinex.spot(credentials=KEYS))
        self.changes = 0
        self.guarding = Guarding(OrderGuard(**options), self.client.core, "spot", self.client.step, self.changed)
        self.guarding.watch()

    def changed(self) -> None:
        self.changes += 1

    def lose(self, *topics: Any) -> None:
        event = Lost(topics=topics or (ALL,), since=self.client.time, why="gone")
        self.client.step(lambda session, now: session.note(event, now))

    def restore(self, *topics: Any) -> None:
        event = Restored(topics=topics or (ALL,), since=0.0, until=self.client.time, why="back")
        self.client.step(lambda session, now: session.note(event, now))


def test_it_acts_when_own_orders_have_been_lost_for_so_long() -> None:
    watched = Watched(lost_for=5.0)
    assert watched.guarding.at == math.inf
    watched.lose()
    assert (watched.guarding.at, watched.changes) == (105.0, 1)
    watched.client.time = 104.0
    watched.lose()
    assert watched.guarding.at == 105.0, "the first loss counts"
    assert watched.guarding.take_due() is None
    watched.client.time = 105.0
    assert watched.guarding.take_due() == "lost"
    assert watched.guarding.take_due() is None, "one round at a time"


def test_what_is_restored_or_of_no_concern_is_no_alarm() -> None:
    watched = Watched(lost_for=5.0, markets=["BTCUSDT", "ETHUSDT"])
    btc, eth = coinex.Orders("BTCUSDT"), coinex.Orders("ETHUSDT")
    watched.lose(coinex.Ticker("BTCUSDT"), coinex.Orders("XRPUSDT"))
    assert watched.guarding.at == math.inf
    watched.lose(btc, eth)
    watched.restore(btc)
    assert watched.guarding.at == 105.0
    watched.restore(eth)
    assert watched.guarding.at == math.inf


def test_without_lost_for_no_loss_is_an_alarm() -> None:
    watched = Watched(lost_for=None)
    watched.lose()
    assert watched.guarding.at == math.inf


def test_a_callback_that_raised_is_one_at_once_if_it_is_asked_for() -> None:
    watched = Watched()
    watched.guarding.raised()
    assert watched.guarding.at == -math.inf
    assert watched.guarding.take_due() == "error"
    quiet = Watched(on_error=False)
    quiet.guarding.raised()
    assert quiet.guarding.at == math.inf


@pytest.mark.parametrize("is_listed", [True, False])
def test_what_may_still_stand_is_tried_again_while_the_orders_are_lost(is_listed: bool) -> None:
    watched = Watched(lost_for=0.0)
    watched.lose()
    assert watched.guarding.take_due() == "lost"
    watched.guarding.ended(OrdersGuarded(cause="lost", orders=(), is_listed=is_listed))
    assert watched.guarding.at == (math.inf if is_listed else 101.0)


def test_a_client_that_stops_has_no_alarm_any_more() -> None:
    watched = Watched()
    watched.guarding.raised()
    watched.client.stop()
    assert watched.guarding.at == math.inf
    assert watched.guarding.take_due() is None


def test_on_the_way_out_a_client_that_was_ready_is_guarded() -> None:
    watched = Watched()
    assert watched.guarding.cause_at_exit() is None
    watched.client.core.was_ready = True
    assert watched.guarding.cause_at_exit() == "exit"
    watched.guarding.raised()
    assert watched.guarding.cause_at_exit() == "error"
    careless = Watched(on_exit=False)
    careless.client.core.was_ready = True
    assert careless.guarding.cause_at_exit() is None


def test_a_round_of_a_client_that_has_sent_nothing_asks_nothing() -> None:
    watched = Watched()
    once = watched.guarding.begin("exit", SOURCES)
    assert list(once.actions()) == []
    assert once.end() == OrdersGuarded(cause="exit", orders=(), is_listed=True)
