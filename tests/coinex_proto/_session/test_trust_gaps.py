"""What is not seen, or seen twice: trades, sequence numbers, unreadable pushes, recovered updates, late words of orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import pytest
from attrs import frozen

from coinex_proto import (
    Inbound,
    Lost,
    OrderChanged,
    Restored,
    Session,
    Topic,
    Unrecognised,
)
from tests.coinex_proto.harness.sessions import asked, connected, ladder, price, trades
from tests.coinex_proto.harness.tiny import Ladder, Price, PriceUpdate, Tiny, Trade, TradeUpdate
from tests.coinex_proto.harness.wire import Wire

A = Ladder("A")


def book_of(*levels: tuple[str, int]) -> dict[str, Any]:
    return {"ladder": ladder("A", dict(levels))}


def push(levels: dict[str, int], *, whole: bool = False, total: int | None = None) -> dict[str, Any]:
    return {"push": ladder("A", levels, whole=whole, total=total)}


def names(events: Sequence[Any]) -> list[str]:
    return [type(event).__name__ for event in events]


def test_markets_that_a_peer_invents_under_all_markets_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coinex_proto._session.trust.MAX_KEYS", 50)
    monkeypatch.setattr("coinex_proto._session.delivered.MAX_KEYS", 50)
    session, wire = asked(Price(), Trade(), venue=Counting())
    wire.say(1.0, *(trades(f"T{i}", 1) for i in range(200)), *({**price(f"P{i}"), "n": i} for i in range(200)))
    counts = session.stats.updates_by_topic
    assert len(counts) <= 52
    assert counts.total() == 400
    trust = session._trust
    assert max(len(trust.delivered._by_key), len(trust._sequences)) <= 52
    wire.say(2.0, trades("T199", 2, 1))
    assert session.stats.duplicates == 1


# Trades ---------------------------------------------------------------------------------------------------------------


def ids(wire: Wire, now: float, *numbers: int) -> tuple[tuple[int, ...], bool] | None:
    events = [event for event in wire.say(now, trades("A", *numbers)) if isinstance(event, TradeUpdate)]
    return (events[0].ids, events[0].is_history) if events else None


def test_trades_seen_before_are_taken_out_and_the_first_push_is_history() -> None:
    session, wire = asked(Trade("A"))
    assert ids(wire, 1.0, 2, 1) == ((2, 1), True)
    assert ids(wire, 2.0, 3) == ((3,), False)
    session.disconnected(3.0)
    wire = connected(session, 10.0)
    assert ids(wire, 11.0, 4, 3, 2) == ((4,), True)
    assert ids(wire, 12.0, 4) is None
    assert ids(wire, 12.0, 5, 4) == ((5,), False)
    assert session.stats.duplicates == 4


def test_trades_without_the_old_ones_keep_their_stamp() -> None:
    _, wire = asked(Trade("A"))
    wire.say(1.0, trades("A", 1))
    (event,) = wire.say(2.0, trades("A", 2, 1))
    assert isinstance(event, TradeUpdate)
    assert (event.ids, event.received_at, event.raw) == ((2,), 2.0, b'{"trades": [2, 1], "market": "A"}')


def test_a_history_without_news_still_comes() -> None:
    session, wire = asked(Trade("A"))
    ids(wire, 1.0, 1)
    session.disconnected(3.0)
    wire = connected(session, 10.0)
    assert ids(wire, 11.0, 1) == ((), True)
    assert session.trusted(Trade("A"))


def test_only_so_many_trades_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coinex_proto._session.delivered.KEPT", 0)
    _, wire = asked(Trade("A"))
    ids(wire, 1.0, *range(300, 0, -1))
    assert ids(wire, 2.0, 300, 45) is None
    assert ids(wire, 3.0, 44) == ((44,), False)


def test_trades_of_a_topic_that_was_given_up_are_forgotten() -> None:
    session, wire = asked(Trade("A"))
    ids(wire, 1.0, 1)
    session.unsubscribe(Trade("A"), now=2.0)
    session.subscribe(Trade("A"), now=2.0)
    assert ids(wire, 3.0, 1) == ((1,), True)


def test_trades_of_one_market_go_on_under_all_markets() -> None:
    session, wire = asked(Trade(), Trade("A"))
    assert ids(wire, 1.0, 2, 1) == ((2, 1), True)
    session.unsubscribe(Trade("A"), now=2.0)
    assert ids(wire, 3.0, 3, 2) == ((3,), False)
    session.subscribe(Trade("A"), now=4.0)
    assert ids(wire, 5.0, 4) == ((4,), False)


# Sequence numbers -----------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Numbered(PriceUpdate):
    has_sequence: ClassVar[bool] = True
    sequence: int | None = None


class Counting(Tiny):
    def _decode(self, value: dict[str, Any]) -> Sequence[Inbound]:
        match value:
            case {"price": str(at), "market": str(market), **rest}:
                return (Numbered(market=market, price=at, sequence=rest.get("n")),)
        return super()._decode(value)


def numbered(*pairs: tuple[str, int | None]) -> tuple[dict[str, Any], ...]:
    return tuple({**price(market), "n": number} for market, number in pairs)


def gaps(*pairs: tuple[str, int | None]) -> int:
    session, wire = asked(Price("A"), Price("B"), venue=Counting())
    wire.say(1.0, {"ok": "watch"}, *numbered(*pairs))
    return session.stats.gaps


def test_a_jump_in_the_numbers_is_a_gap() -> None:
    _, wire = asked(Price("A"), venue=Counting())
    wire.say(1.0, {"ok": "watch"}, *numbered(("A", 1)))
    lost, restored, update = wire.say(2.0, *numbered(("A", 3)))
    assert lost == Lost(topics=(Price("A"),), since=1.0, why="a gap in the sequence numbers")
    assert restored == Restored(topics=(Price("A"),), since=1.0, until=2.0, why="a gap in the sequence numbers")
    assert isinstance(update, Numbered)


@pytest.mark.parametrize(
    ("pairs", "count"),
    [
        ((("A", 1), ("A", 2), ("A", 3)), 0),
        ((("A", 1), ("B", 2), ("A", 3), ("B", 4)), 0),  # along the connection
        ((("A", 1), ("B", 1), ("A", 2), ("B", 2)), 0),  # along each topic
        ((("A", 5), ("A", 1)), 0),
        ((("A", 1), ("A", None), ("A", 2)), 0),
        ((("A", 1), ("A", 3), ("A", 9)), 2),
    ],
)
def test_numbers_may_count_along_the_connection_or_along_each_topic(
    pairs: tuple[tuple[str, int | None], ...], count: int
) -> None:
    assert gaps(*pairs) == count


# Pushes that could not be read ------------------------------------------------------------------------------------------


class Telling(Tiny):
    """Says which topic an unreadable push concerns."""

    def _decode(self, value: dict[str, Any]) -> Sequence[Inbound]:
        match value:
            case {"bad": list(concerns)}:
                return (Unrecognised(raw=b"", why="bad", concerns=tuple(concerns)),)
        return super()._decode(value)


UNREAD = "a push could not be read"


def unread(*concerns: str | None) -> tuple[list[Topic[Any]], list[Topic[Any]], Session]:
    """What is lost, and what is back, when such a push cannot be read: of two prices and a book that are live."""
    session, wire = asked(Price("A"), Price("B"), A, venue=Telling())
    wire.say(1.0, {"ok": "watch"}, price("A"), price("B"), book_of(("1", 5)))
    wire.sent()
    assert session.trusted()
    events = wire.say(2.0, {"bad": list(concerns)})
    assert isinstance(events[0], Unrecognised)
    lost = [topic for event in events if isinstance(event, Lost) for topic in event.topics]
    back = [topic for event in events if isinstance(event, Restored) for topic in event.topics]
    assert all(event.why == UNREAD and event.since == 1.0 for event in events if isinstance(event, (Lost, Restored)))
    return lost, back, session


def test_d16_a_topic_whose_push_could_not_be_read_has_a_hole() -> None:
    lost, back, session = unread("price", "A")
    assert (lost, back) == ([Price("A")], [])
    assert not session.trusted(Price("A"))
    assert unread("price", None)[:2] == ([Price("A"), Price("B")], [Price("A"), Price("B")])
    assert unread("trade", "A")[:2] == ([], [])


def test_d16_a_book_whose_push_could_not_be_read_waits_for_its_proof() -> None:
    lost, back, session = unread("ladder", "A")
    assert (lost, back) == ([A], [])
    assert not session.book(A).trusted
    assert session.next_deadline() == 7.0


def test_a_message_that_cannot_be_inflated_puts_everything_in_doubt() -> None:
    session, wire = asked(Price("A"), A)
    wire.say(1.0, {"ok": "watch"}, price("A"), book_of(("1", 5)))
    wire.client.receive_data(wire.peer.binary(b"\x1f\x8b\x08broken"), 2.0)
    _, lost, restored = wire.events()
    assert isinstance(lost, Lost)
    assert isinstance(restored, Restored)
    assert (lost.topics, restored.topics) == ((Price("A"), A), (Price("A"),))
    assert not session.trusted(A)


def test_what_is_missing_of_one_market_is_missing_of_all() -> None:
    _, wire = asked(Price(), venue=Telling())
    wire.say(1.0, {"ok": "watch"}, price("A"))
    assert names(wire.say(2.0, {"bad": ["price", "Z"]})) == ["Unrecognised", "Lost", "Restored"]
    assert names(wire.say(3.0, {"bad": ["price", "Z"]})) == ["Unrecognised"]
    assert names(wire.say(4.0, {"bad": ["price", "Y"]})) == ["Unrecognised", "Lost", "Restored"]


# Recovered updates ------------------------------------------------------------------------------------------------------


def recovered(session: Session, *numbers: int) -> list[tuple[int, ...]]:
    session.recover(TradeUpdate(market="A", ids=numbers), now=50.0)
    return [event.ids for event in iter(session.next_event, None) if isinstance(event, TradeUpdate)]


def test_recovered_trades_come_once_and_not_again_by_push() -> None:
    session, wire = asked(Trade("A"))
    ids(wire, 1.0, 5)
    assert recovered(session, 5, 4, 3) == [(4, 3)]
    assert recovered(session, 4, 3) == []
    assert ids(wire, 51.0, 6, 4) == ((6,), False)


def test_recovered_updates_that_nobody_wants_are_dropped() -> None:
    session, _ = asked(Price("A"))
    assert recovered(session, 1) == []
    wanted = PriceUpdate(market="A", price="1")
    assert session.recover(wanted, PriceUpdate(market="B", price="1"), now=1.0) == (wanted,)
    assert not session.trusted(Price("A"))


def test_recovered_trades_are_forgotten_before_those_that_were_pushed() -> None:
    session, wire = asked(Trade("A"))
    ids(wire, 1.0, *range(1300, 1044, -1))
    recovered(session, *range(300, 0, -1))
    assert ids(wire, 2.0, 1301, 1300, 1046) == ((1301,), False)


# Orders ---------------------------------------------------------------------------------------------------------------


def test_updates_of_orders_reach_the_tracker_even_when_nobody_wants_the_topic() -> None:
    session, wire = asked(Price("A"), venue=Tiny(password="pw"))
    wire.say(0.0, {"hello": "n"}, {"ok": "login"}, {"ok": "greet"})
    (event,) = wire.say(1.0, {"order": {"name": "x", "state": "live"}})
    assert isinstance(event, OrderChanged)
    assert session.orders.find(client_order_id="x") is not None
    assert session.stats.late_pushes == 1
