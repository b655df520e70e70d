"""What the private updates can do beyond holding fields."""

from typing import Any

import pytest

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
