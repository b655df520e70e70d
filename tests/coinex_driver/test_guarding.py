"""When a guard acts, by the events of a session and its clock; what it does then stands in test_order_sweep."""

from __future__ import annotations

import math
from decimal import Decimal as D
from typing import Any

import pytest

from coinex_driver.guarding import Guarding
from coinex_driver.order_guard import OrderGuard, OrdersGuarded
from coinex_proto import Lost, OrderFact, RequestId, Restored, Sources, coinex
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


def test_a_callback_that_raised_wakes_the_driver() -> None:
    watched = Watched()
    watched.guarding.raised()
    assert watched.changes == 1
    quiet = Watched(on_error=False)
    quiet.guarding.raised()
    assert quiet.changes == 0


def test_the_users_handler_of_errors_is_called_and_the_guard_hears_of_it() -> None:
    watched = Watched()
    got: list[tuple[object, Exception]] = []
    handle = watched.guarding.handling(lambda event, error: got.append((event, error)))
    error = ValueError("mine")
    handle(Lost(topics=(), since=0.0, why=""), error)
    assert [each for _, each in got] == [error]
    assert watched.guarding.take_due() == "error"


def known(client: Direct, *facts: OrderFact) -> None:
    client.step(lambda session, now: session.apply_facts(*facts, now=now))


LIVE = OrderFact(
    order_id=1, client_order_id="mine", market="BTCUSDT", side="buy", price=D(2), amount=D(3), state="live"
)
UNKNOWN = OrderFact(order_id=2, client_order_id="lost", market="BTCUSDT", side="sell", state="unknown")
ELSEWHERE = OrderFact(order_id=3, client_order_id="else", market="ETHUSDT", side="buy", state="live")


@pytest.mark.parametrize("is_cut", [False, True])
@pytest.mark.parametrize(
    ("options", "ids"),
    [({}, [1, 2]), ({"others": True}, [1, 2, 3]), ({"others": True, "markets": ["BTCUSDT"]}, [1, 2])],
)
def test_a_round_begins_with_the_known_orders_that_are_wanted(
    is_cut: bool, options: dict[str, Any], ids: list[int]
) -> None:
    watched = Watched(**options)
    for number, name in enumerate(("mine", "lost")):
        sent = OrderFact(client_order_id=name, market="BTCUSDT", state="sending")
        watched.client.session.orders.sending(sent, RequestId(number), watched.client.time)
    known(watched.client, LIVE, UNKNOWN, ELSEWHERE)
    once = watched.guarding.begin("exit", SOURCES, is_cut=is_cut)
    report = once.end()
    assert sorted(each.order.order_id or 0 for each in report.orders) == ids
    by_id = {each.order.order_id: each.order for each in report.orders}
    assert (by_id[1].state, by_id[1].client_order_id, by_id[1].price, by_id[1].amount) == ("live", "mine", D(2), D(3))
    assert by_id[2].state == "unknown"
    assert not report.is_listed


def test_a_restored_topic_is_not_lost_any_more_though_others_are() -> None:
    watched = Watched(lost_for=5.0, markets=["BTCUSDT", "ETHUSDT"])
    btc, eth = coinex.Orders("BTCUSDT"), coinex.Orders("ETHUSDT")
    watched.lose(btc)
    watched.restore(eth)
    assert watched.guarding.at == 105.0, "it is the other one that is lost"
    watched.restore(btc)
    assert watched.guarding.at == math.inf


def test_while_a_round_is_under_way_no_other_is_due_and_afterwards_its_cause_is_gone() -> None:
    watched = Watched(lost_for=0.0)
    watched.guarding.raised()
    assert watched.guarding.at == -math.inf
    once = watched.guarding.begin("error", SOURCES)
    watched.lose()
    assert (watched.guarding.at, watched.guarding.take_due()) == (math.inf, None)
    once.end()
    assert watched.guarding.take_due() == "lost", "the callback that raised has been dealt with"


def test_a_round_is_told_as_an_event() -> None:
    watched = Watched()
    got: list[OrdersGuarded] = []
    watched.client.on(OrdersGuarded)(got.append)
    report = watched.guarding.begin("exit", SOURCES).end()
    watched.client.turn()
    assert got == [report]
    cut = watched.guarding.begin("exit", SOURCES, is_cut=True).end()
    watched.client.turn()
    assert got == [report], "a session that was cut is only read"
    assert cut.cause == "exit"
