"""What tests of a session start from: a session with its line open, and a venue that answers."""

from __future__ import annotations

from typing import Any

from coinex_proto import Config, Event, Open, Ready, Session, Topic
from tests.coinex_proto.harness.tiny import Tiny
from tests.coinex_proto.harness.wire import Wire, sources

RETRYING = Config(retry_first=True)
PUBLIC = Tiny()


def connected(session: Session, now: float = 0.0) -> Wire:
    """A new connection, upgraded."""
    step = session.next_step(now)
    assert step == Open("tiny.test", 443, True)
    session.connected(now)
    return Wire(session).open(now)


def asked(*topics: Topic[Any], config: Config = RETRYING, venue: Tiny = PUBLIC) -> tuple[Session, Wire]:
    """A session on a ready line that has just asked for these topics; what it sent is still to be read."""
    session = Session(venue, sources(), config)
    session.subscribe(*topics, now=0.0)
    wire = connected(session)
    if venue.password is None:
        assert wire.events() == [Ready()]
    return session, wire


def run_to(wire: Wire, until: float) -> list[Event]:
    """Time passes, and every timer is served when it is due."""
    events: list[Event] = []
    while (due := wire.client.next_deadline()) is not None and due <= until:
        wire.client.handle_timeout(due)
        events += wire.events()
    return events


def reconnected(session: Session, now: float) -> Wire:
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
