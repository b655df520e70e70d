"""A peer between the venue and us that cannot vouch for topics any more (`Interrupted`)."""

from collections.abc import Sequence
from typing import Any

from benchmarks.server import acknowledgements, upgrade_response
from benchmarks.stream import server_frame, stream
from coinex_proto import BookChanged, Event, Lost, Restored, Session, Sources, coinex
from coinex_proto.dialect import Inbound, Interrupted

BOOK, TRADES = coinex.Depth("M0USDT"), coinex.Trades("M0USDT")
SAID = Interrupted(concerns=(BOOK.key, ("nobody", "ASKED")), why="the relay is gone")


class Between:
    """CoinEx spot whose peer says `!` for an interruption."""

    def __init__(self) -> None:
        self._venue = coinex.spot()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._venue, name)

    def decode(self, payload: bytes) -> Sequence[Inbound]:
        return (SAID,) if payload == b"!" else self._venue.decode(payload)


def live_session() -> tuple[Session, list[Event]]:
    session = Session(Between(), Sources(wall_time_ns=lambda: 0, random_bytes=bytes))
    session.subscribe(BOOK, TRADES, now=0.0)
    session.next_step(0.0)
    session.connected(0.0)
    session.receive_data(upgrade_response(session.data_to_send()), 0.0)
    session.receive_data(acknowledgements(session.data_to_send()), 0.0)
    return session, events(session)


def events(session: Session) -> list[Event]:
    found = []
    while (event := session.next_event()) is not None:
        found.append(event)
    return found


def pushes(kind: str) -> list[bytes]:
    return [one.frame for one in stream(count=3000) if one.kind == kind and b'"M0USDT"' in one.payload]


def test_the_named_topics_are_lost_at_once_and_a_book_comes_back_with_the_next_whole_one() -> None:
    session, _ = live_session()
    whole, difference = pushes("depth full"), pushes("depth difference")
    session.receive_data(whole[0], 1.0)
    assert session.trusted(BOOK)
    view = session.book(BOOK)
    events(session)
    session.receive_data(server_frame(b"!"), 2.0)
    (lost,) = events(session)
    assert lost == Lost(topics=(BOOK,), since=1.0, why="the relay is gone")
    assert not view.trusted
    session.receive_data(difference[0], 3.0)
    assert not [event for event in events(session) if isinstance(event, (BookChanged, Restored))]
    session.receive_data(whole[1], 4.0)
    assert [type(event) for event in events(session) if not isinstance(event, coinex.DepthUpdate)] == [
        Restored,
        BookChanged,
    ]
    assert view.trusted


def test_a_topic_that_was_not_live_is_not_told_and_others_are_left_alone() -> None:
    session, _ = live_session()
    session.receive_data(pushes("deals")[0], 1.0)
    events(session)
    session.receive_data(server_frame(b"!"), 2.0)
    assert events(session) == []
    assert session.trusted(TRADES)
