"""Trust without a session: updates, and what each proves."""

from __future__ import annotations

import pytest

from coinex_proto._connection.agenda import Item
from coinex_proto._session import trust as module
from coinex_proto._session.subscription_states import Proof
from coinex_proto._session.trust import HISTORY_WITHIN
from tests.coinex_proto._session.alone import Alone, price, trades
from tests.coinex_proto.harness.tiny import (
    OrderUpdate,
    Own,
    Price,
    Trade,
)


def test_an_update_that_nobody_wants_is_counted_and_dropped() -> None:
    alone = Alone()
    assert alone.take(price(), 1.0) == []
    assert (alone.stats.late_pushes, dict(alone.stats.updates_by_topic)) == (1, {})


def test_updates_are_counted_by_market_up_to_a_number_of_markets_and_then_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "MAX_KEYS", 1)
    alone = Alone()
    alone.want(Price())
    for market in "ABAC":
        alone.take(price(market), 1.0)
    assert dict(alone.stats.updates_by_topic) == {("price", "A"): 2, ("price", None): 2}


def test_a_public_topic_is_live_with_an_update_and_tells_whoever_waits_for_its_start() -> None:
    alone = Alone()
    known = alone.want(Price("A"))
    assert alone.take(price(), 1.0) == ["PriceUpdate"]
    assert (known.is_live, known.live_at, known.last_update_at, known.awaited_since) == (True, 1.0, 1.0, 1.0)
    assert alone.agenda.take(Item.STARTED)
    alone.take(price(), 2.0)
    assert (known.live_at, known.last_update_at, known.awaited_since) == (1.0, 2.0, 1.0)
    assert not alone.agenda.take(Item.STARTED)


def test_an_update_that_was_not_asked_for_or_is_private_proves_nothing() -> None:
    alone = Alone()
    own, public = alone.want(Own()), alone.want(Price("A"))
    alone.trust.withdraw([public.subscription], 0.5, "")
    assert alone.take(OrderUpdate(name="a", state="live"), 1.0) == ["OrderUpdate"]
    assert alone.take(price(), 1.0) == ["PriceUpdate"]
    assert (own.proof, public.proof) == (Proof.EXPECTED, Proof.UNEXPECTED)


def test_trades_that_were_delivered_before_prove_their_topic_all_the_same() -> None:
    alone = Alone()
    alone.live(Trade("A"))
    assert alone.take(trades(1), 1.0) == ["trades (1,) of the past"]
    alone.trust.lose([alone.subscriptions.by_key["trade", "A"].verification], 1.5, "doubt")
    alone.told()
    assert alone.take(trades(1), 2.0) == ["restored trade/A 1.5 to 2"]
    known = alone.subscriptions.by_key["trade", "A"].verification
    assert (known.is_live, known.last_update_at) == (True, 2.0)
    assert alone.take(trades(1), 3.0) == []
    assert known.last_update_at == 3.0


def test_trades_that_were_delivered_before_do_not_prove_a_topic_that_was_not_asked_for() -> None:
    alone = Alone()
    known = alone.live(Trade("A"))
    alone.take(trades(1), 1.0)
    alone.trust.withdraw([known.subscription], 1.5, "")
    alone.take(trades(1), 2.0)
    assert known.proof is Proof.UNEXPECTED


@pytest.mark.parametrize(("after", "is_history"), [(HISTORY_WITHIN, True), (HISTORY_WITHIN + 0.1, False)])
def test_the_first_trades_of_a_market_are_the_past_unless_all_markets_are_live_for_long(
    after: float, is_history: bool
) -> None:
    alone = Alone()
    alone.live(Trade(), 5.0)
    assert alone.take(trades(1, market="N"), 5.0 + after) == ["trades (1,)" + " of the past" * is_history]
    alone.live(Trade("M"), 5.0)
    alone.subscriptions.remove(alone.subscriptions.by_key["trade", None])
    assert alone.take(trades(1, market="M"), 500.0) == ["trades (1,) of the past"]


def test_all_markets_that_are_lost_are_not_live_for_long() -> None:
    alone = Alone()
    known = alone.live(Trade(), 0.0)
    alone.trust.lose([known], 1.0, "doubt")
    alone.told()
    assert "trades (1,) of the past" in alone.take(trades(1, market="N"), 500.0)
