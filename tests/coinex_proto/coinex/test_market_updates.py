"""What the public updates can do beyond holding fields."""

from decimal import Decimal

import pytest
from attrs import exceptions

from coinex_proto.coinex import (
    BestQuoteUpdate,
    Deal,
    DepthLevels,
    DepthUpdate,
    IndexUpdate,
    PremiumUpdate,
    TickerUpdate,
    TradesUpdate,
)
from coinex_proto.updates import Update, stamp


def trades(*ids: int) -> TradesUpdate:
    deals = [Deal(deal_id=n, created_at=1, side="buy", price=Decimal(1), amount=Decimal(1)) for n in ids]
    return TradesUpdate(market="BTCUSDT", deal_list=tuple(deals))


def test_trades_seen_before_are_taken_out_and_the_rest_keeps_its_order() -> None:
    update = trades(5, 4, 3, 2)
    stamp(update, b"payload", 12.5)
    rest = update.without_trades({4, 2, 99}, is_history=True)
    assert rest.trade_ids == (5, 3)
    assert rest.is_history
    assert (rest.raw, rest.received_at, rest.market) == (b"payload", 12.5, "BTCUSDT")
    assert update.trade_ids == (5, 4, 3, 2)
    assert not update.is_history


def test_nothing_is_left_when_all_trades_were_seen() -> None:
    assert trades(1, 2).without_trades({1, 2}, is_history=False).deal_list == ()


def test_c9_updates_cannot_be_changed() -> None:
    update = IndexUpdate(market="A", index_price=Decimal(1))
    with pytest.raises(exceptions.FrozenInstanceError):
        update.market = "B"  # type: ignore[misc]
    with pytest.raises(exceptions.FrozenInstanceError):
        update.received_at = 5.0
    with pytest.raises(AttributeError):
        update.note = "x"  # type: ignore[attr-defined]


def test_when_and_in_which_payload_it_came_is_no_part_of_an_update() -> None:
    one, two = (IndexUpdate(market="A", index_price=Decimal(1)) for _ in range(2))
    assert (one.received_at, one.raw) == (0.0, b"")
    stamp(one, b"payload", 12.5)
    assert (one.received_at, one.raw) == (12.5, b"payload")
    assert one == two
    assert hash(one) == hash(two)
    assert repr(one) == repr(two)


LEVELS = DepthLevels(checksum=1, updated_at=1_700_000_000_123)
TRADES = trades(5, 4)
TIMED: list[tuple[Update, tuple[str, str], float | None]] = [
    # update, topic, the venue's time
    (TickerUpdate(market="A"), ("state", "A"), None),
    (DepthUpdate(market="A", depth=LEVELS), ("depth", "A"), 1_700_000_000.123),
    (DepthUpdate(market="A", depth=DepthLevels(checksum=1)), ("depth", "A"), None),
    (TRADES, ("deals", "BTCUSDT"), 0.001),
    (trades(), ("deals", "BTCUSDT"), None),
    (IndexUpdate(market="A", index_price=Decimal(1)), ("index", "A"), None),
    (BestQuoteUpdate(market="A", updated_at=1_700_000_000_123), ("bbo", "A"), 1_700_000_000.123),
    (BestQuoteUpdate(market="A"), ("bbo", "A"), None),
    (
        PremiumUpdate(market="A", premium_index=Decimal(1), updated_at=1_700_000_000_123),
        ("premium", "A"),
        1_700_000_000.123,
    ),
]


@pytest.mark.parametrize(("update", "key", "at"), TIMED)
def test_an_update_names_its_topic_and_the_time_that_it_has(
    update: Update, key: tuple[str, str], at: float | None
) -> None:
    assert (update.topic_key, update.venue_time) == (key, at)
    assert update.has_trade_ids is isinstance(update, TradesUpdate)


def test_a_push_of_a_book_is_a_difference_unless_it_says_that_it_is_whole() -> None:
    assert not DepthUpdate(market="A", depth=LEVELS).is_full
    assert (LEVELS.asks, LEVELS.bids) == ((), ())


def test_a_trade_that_is_told_twice_in_one_push_counts_once() -> None:
    assert trades(5, 4, 5).without_trades((), is_history=False).trade_ids == (5, 4)
