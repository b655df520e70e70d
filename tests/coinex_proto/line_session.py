"""What tests of a session start from: a session with its line open, and a venue that answers."""

from __future__ import annotations

from typing import Any

from coinex_proto import Config, Event, Open, Ready, Session, Topic
from tests.coinex_proto.line import Line, sources
from tests.coinex_proto.tiny import Tiny

RETRYING = Config(retry_first=True)
PUBLIC = Tiny()


def connected(session: Session, now: float = 0.0) -> Line:
    """A new connection, upgraded."""
    assert session.next_step(now) == Open("tiny.test", 443, True)
    session.connected(now)
    return Line(session).open(now)


def asked(*topics: Topic[Any], config: Config = RETRYING, venue: Tiny = PUBLIC) -> tuple[Session, Line]:
    """A session on a ready line that has just asked for these topics; what it sent is still to be read."""
    session = Session(venue, sources(), config)
    session.subscribe(*topics, now=0.0)
    line = connected(session)
    if venue.password is None:
        assert line.events() == [Ready()]
    return session, line


def run_to(line: Line, until: float) -> list[Event]:
    """Time passes, and every timer is served when it is due."""
    events: list[Event] = []
    while (due := line.client.next_deadline()) is not None and due <= until:
        line.client.handle_timeout(due)
        events += line.events()
    return events


def reconnected(session: Session, now: float) -> Line:
    """The line breaks, and a new one is opened when it is time."""
    session.disconnected(now)
    while session.next_event() is not None:
        pass
    return connected(session, now + 60.0)


def price(market: str, at: str = "1") -> dict[str, str]:
    return {"price": at, "market": market}


def trades(market: str, *ids: int) -> dict[str, Any]:
    return {"trades": list(ids), "market": market}


def ladder(market: str, levels: dict[str, int], *, whole: bool = True, total: int | None = None) -> dict[str, Any]:
    said = sum(levels.values()) if total is None else total
    return {"market": market, "whole": whole, "levels": [[p, str(s)] for p, s in levels.items()], "total": str(said)}
