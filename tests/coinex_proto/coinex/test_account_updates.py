"""What the private updates can do beyond holding fields."""

from typing import Any

import pytest
from attrs import evolve

from coinex_proto.coinex import spot
from coinex_proto.coinex._feeds import BY_PUSH
from coinex_proto.updates import Update
from tests.coinex_proto.coinex.test_feeds import sample

TIMED = {
    "order": ("order", "updated_at"),
    "stop": ("stop", "updated_at"),
    "user_deals": ("created_at",),
    "position": ("position", "updated_at"),
    "balance": ("updated_at",),
}


@pytest.mark.parametrize(("kind", "path"), TIMED.items())
def test_the_venues_time_is_the_milliseconds_of_the_push_in_seconds(kind: str, path: tuple[str, ...]) -> None:
    update: Any = sample(BY_PUSH[f"{kind}.update"])
    stamp: Any = update
    for name in path:
        stamp = getattr(stamp, name)
    assert stamp == 1
    assert update.venue_time == 0.001


@pytest.mark.parametrize("kind", ["balance", "notice"])
def test_a_balance_of_futures_and_a_notice_have_no_time(kind: str) -> None:
    update: Update = sample(BY_PUSH[f"{kind}.update"], is_filled=False)
    assert update.venue_time is None


@pytest.mark.parametrize("kind", [*TIMED, "notice"])
def test_only_orders_and_own_trades_say_something_of_orders(kind: str) -> None:
    update: Update = sample(BY_PUSH[f"{kind}.update"])
    assert update.tells_order == (kind in ("order", "user_deals"))
    assert len(spot().order(update)) == update.tells_order


KEYS = {
    "order": ("order", "BTCUSDT"),
    "stop": ("stop", "BTCUSDT"),
    "user_deals": ("user_deals", "BTCUSDT"),
    "position": ("position", "BTCUSDT"),
    "balance": ("balance", "BTCUSDT"),
    "notice": ("notice", None),
}


@pytest.mark.parametrize("kind", list(KEYS))
def test_an_update_names_its_topic_and_says_what_it_is(kind: str) -> None:
    update: Update = sample(BY_PUSH[f"{kind}.update"])
    assert update.topic_key == KEYS[kind]
    assert update.is_fill is (kind == "user_deals")
    assert bool(update.announces_end) is (kind == "notice")


def test_what_happens_once_has_an_id_by_which_it_is_known_again() -> None:
    order: Any = sample(BY_PUSH["order.update"])
    assert evolve(order, event="finish").occurrence_id == order.order.order_id == 1
    assert evolve(order, event="put").occurrence_id is None
    fill: Any = evolve(sample(BY_PUSH["user_deals.update"]), order_id=7, deal_id=8)
    assert fill.occurrence_id == (7, 8)
