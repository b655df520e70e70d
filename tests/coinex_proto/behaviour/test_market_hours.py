"""A book that stops is lost while its market trades, and no fault while it does not."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from coinex_proto import Lost, Session, Sources, qfex
from tests.coinex_proto.harness.wire import Wire

BOOK = {
    "type": "level2",
    "symbol": "AAPL-USD",
    "time": "2026-11-25T15:00:00Z",
    "bid": [["100", "1"]],
    "ask": [["101", "1"]],
}
OTHER = {"type": "bbo", "symbol": "BTC-USD", "time": "2026-11-25T15:00:00Z", "bid": [["5", "1"]], "ask": [["6", "1"]]}


def after_ten_quiet_minutes(began: datetime) -> tuple[bool, list[str]]:
    """Whether the book is trusted, and what was lost meanwhile; another symbol keeps the connection going."""
    now = 0.0
    sources = Sources(lambda: int((began.timestamp() + now) * 1e9), lambda count: bytes(count))
    session = Session(qfex.mds(), sources)
    book = qfex.Level2("AAPL-USD")
    session.subscribe(book, qfex.Bbo("BTC-USD"), now=now)
    session.next_step(now)
    session.connected(now)
    wire = Wire(session).open(now)
    events = wire.say(now, BOOK, OTHER)
    assert session.trusted(book)
    while now < 600.0:
        now += 5.0
        while (due := session.next_deadline()) is not None and due <= now:
            session.handle_timeout(due)
        events += wire.say(now, OTHER)
        wire.sent_texts()
    return session.trusted(book), [event.why for event in events if isinstance(event, Lost)]


@pytest.mark.parametrize(
    ("began", "is_trusted"),
    [
        (datetime(2026, 11, 25, 15, 0, tzinfo=UTC), False),  # a Wednesday, 10:00 in New York
        (datetime(2026, 11, 28, 15, 0, tzinfo=UTC), True),  # a Saturday
    ],
)
def test_a_quiet_book_is_lost_in_the_markets_hours_only(began: datetime, is_trusted: bool) -> None:
    trusted, lost = after_ten_quiet_minutes(began)
    assert (trusted, bool(lost)) == (is_trusted, not is_trusted)
    assert all("silent for" in why for why in lost)
