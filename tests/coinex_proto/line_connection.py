"""What tests of a connection start from: lines in various states, and what happened on them."""

from __future__ import annotations

from typing import Any

from coinex_proto import Closed, Command, Config, Connection, Event, Failed, Ready, RequestId
from tests.coinex_proto.line import Line, sources
from tests.coinex_proto.tiny import Tiny

DEFAULT = Config()
PUBLIC = Tiny()
PRIVATE = Tiny(password="pw")


def started(venue: Tiny = PUBLIC, config: Config = DEFAULT) -> Line:
    connection = Connection(venue, sources(), config)
    connection.start(0.0)
    return Line(connection)


def ready(venue: Tiny = PUBLIC, config: Config = DEFAULT) -> Line:
    line = started(venue, config).open(0.0)
    assert line.events() == [Ready()]
    return line


def signed_in(venue: Tiny = PRIVATE) -> Line:
    line = started(venue).open(0.0)
    assert line.say(0.0, {"hello": "n"}, {"ok": "login"}, {"ok": "greet"}) == [Ready()]
    line.sent()
    return line


def connection_of(line: Line) -> Connection:
    assert isinstance(line.client, Connection)
    return line.client


def send(line: Line, command: Command[Any], now: float = 0.0) -> RequestId:
    return line.client.send(command, now)


def serve(line: Line, now: float) -> list[Event]:
    line.client.handle_timeout(now)
    return line.events()


def only_failure(events: list[Event]) -> Failed:
    (event,) = [event for event in events if isinstance(event, Failed)]
    return event


def closed(events: list[Event]) -> Closed:
    event = events[-1]
    assert isinstance(event, Closed)
    return event


def run_to(line: Line, until: float) -> list[Event]:
    """Time passes, and every timer is served when it is due."""
    events: list[Event] = []
    while (due := line.client.next_deadline()) is not None and due <= until:
        events += serve(line, due)
    return events
