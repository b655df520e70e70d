"""What a venue says, stamped with when and in which payload it came."""

from __future__ import annotations

import copy
import pickle
from decimal import Decimal

import attrs
import msgspec
import pytest
from attrs import field, frozen

from coinex_proto import Event, Unrecognised, Update
from coinex_proto.updates import mark_self_trade, recovered, stamp, stamp_all
from tests.coinex_proto.harness.tiny import PriceUpdate


def test_an_update_that_came_from_nowhere_has_no_stamp() -> None:
    update = PriceUpdate(market="A", price="1")
    assert (update.received_at, update.raw) == (0.0, b"")
    with pytest.raises(AttributeError, match="no attribute 'other'"):
        _ = update.other  # type: ignore[attr-defined]


def test_the_stamp_is_neither_shown_nor_compared() -> None:
    update = PriceUpdate(market="A", price="1")
    stamp(update, b"raw bytes", 5.0)
    assert (update.received_at, update.raw) == (5.0, b"raw bytes")
    assert update == PriceUpdate(market="A", price="1")
    assert repr(update) == "PriceUpdate(market='A', price='1')"
    assert hash(update) == hash(PriceUpdate(market="A", price="1"))


def test_what_the_peer_sends_under_the_stamps_names_changes_nothing() -> None:
    update = msgspec.json.decode(b'{"market":"A","price":"1","raw":"x","received_at":9}', type=PriceUpdate)
    assert (update.received_at, update.raw) == (0.0, b"")


def test_c9_updates_never_change() -> None:
    update = PriceUpdate(market="A", price="1")
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        update.price = "2"  # type: ignore[misc]
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        update.raw = b""


def test_updates_can_be_copied_and_pickled() -> None:
    update = PriceUpdate(market="A", price="1")
    stamp(update, b"raw", 5.0)
    for twin in (copy.copy(update), pickle.loads(pickle.dumps(update))):
        assert twin == update
        assert (twin.received_at, twin.raw) == (5.0, b"raw")


def test_an_update_of_a_query_and_a_trade_with_oneself_say_so_in_copies_too() -> None:
    plain, told = PriceUpdate(market="A", price="1"), PriceUpdate(market="A", price="1")
    assert (plain.is_recovered, plain.is_self_trade) == (False, False)
    recovered(told, 5.0)
    assert (told.is_recovered, told.received_at, told.is_self_trade) == (True, 5.0, False)
    mark_self_trade(told)
    for twin in (copy.copy(told), pickle.loads(pickle.dumps(told))):
        assert (twin.is_recovered, twin.is_self_trade, twin.received_at) == (True, True, 5.0)
    assert not copy.copy(plain).is_recovered


def test_an_update_promises_nothing_unless_its_class_says_so() -> None:
    update = PriceUpdate(market="A", price="1")
    assert (update.has_sequence, update.is_merged, update.tells_order) == (False, False, False)
    assert (update.has_trade_ids, update.announces_end, update.is_fill) == (False, False, False)
    assert (update.identity, update.occurrence_id, update.venue_time) == (None, None, None)
    assert not update.is_whole_order_list


def test_whoever_makes_an_update_by_hand_may_say_when_and_in_what_it_came() -> None:
    update = PriceUpdate(market="A", price="1")
    object.__setattr__(update, "received_at", 12.5)
    object.__setattr__(update, "raw", b"{}")
    assert (update.received_at, update.raw) == (12.5, b"{}")


def test_of_one_payload_all_updates_are_stamped_or_nothing_is() -> None:
    one, two = PriceUpdate(market="A", price="1"), PriceUpdate(market="B", price="1")
    assert stamp_all((one, two), b"raw", 5.0)
    assert [(each.raw, each.received_at) for each in (one, two)] == [(b"raw", 5.0)] * 2
    other = PriceUpdate(market="C", price="1")
    assert not stamp_all((other, Unrecognised(raw=b"", why="?")), b"raw", 5.0)
    assert (other.raw, other.received_at) == (b"", 0.0)
    assert stamp_all((), b"raw", 5.0)


def test_an_event_with_words_of_its_own_is_shown_in_them() -> None:
    @frozen(kw_only=True)
    class Worded(Event):
        number: int = 0

        def __repr__(self) -> str:
            return f"number {self.number}"

    assert repr(Worded(number=5)) == "number 5"


def test_an_update_must_say_where_it_belongs() -> None:
    @frozen(kw_only=True)
    class Homeless(Update):
        pass

    with pytest.raises(NotImplementedError, match="Homeless has no topic key"):
        _ = Homeless().topic_key


@frozen(kw_only=True)
class Quoted(Event):
    best: Decimal
    sizes: tuple[Decimal, ...] = ()
    note: str = ""
    secret: str = field(default="", repr=False)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("0.00000000", "0.00000000"),
        ("0E-8", "0.00000000"),
        ("0.0000001", "0.0000001"),
        ("6.00E+4", "60000"),
        ("-1.5E-9", "-0.0000000015"),
        ("1.50", "1.50"),
        ("1E+300", "1E+300"),
    ],
)
def test_a_printed_event_shows_plain_numbers(number: str, shown: str) -> None:
    value = Decimal(number)
    event = Quoted(best=value, sizes=(value,), note="Decimal('1.2.3E+4')", secret="s")
    assert (
        str(event)
        == repr(event)
        == f"Quoted(best=Decimal('{shown}'), sizes=(Decimal('{shown}'),), note=\"Decimal('1.2.3E+4')\")"
    )
