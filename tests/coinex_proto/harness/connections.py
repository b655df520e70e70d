"""What tests of a connection start from: lines in various states, and what happened on them."""

from __future__ import annotations

from typing import Any

from coinex_proto import Closed, Command, Config, Connection, Event, Failed, Ready, RequestId
from tests.coinex_proto.harness.tiny import Tiny
from tests.coinex_proto.harness.wire import Wire, sources

DEFAULT = Config()
PUBLIC = Tiny()
PRIVATE = Tiny(password="pw")


def started(venue: Tiny = PUBLIC, config: Config = DEFAULT) -> Wire:
    connection = Connection(venue, sources(), config)
    connection.start(0.0)
    return Wire(connection)


def ready(venue: Tiny = PUBLIC, config: Config = DEFAULT) -> Wire:
    wire = started(venue, config).open(0.0)
    assert wire.events() == [Ready()]
    return wire


def signed_in(venue: Tiny = PRIVATE) -> Wire:
    wire = started(venue).open(0.0)
    assert wire.say(0.0, {"hello": "n"}, {"ok": "login"}, {"ok": "greet"}) == [Ready()]
    wire.sent()
    return wire


def connection_of(wire: Wire) -> Connection:
    assert isinstance(wire.client, Connection)
    return wire.client


def send(wire: Wire, command: Command[Any], now: float = 0.0) -> RequestId:
    return wire.client.send(command, now)


def serve(wire: Wire, now: float) -> list[Event]:
    wire.client.handle_timeout(now)
    return wire.events()


def only_failure(events: list[Event]) -> Failed:
    (event,) = [event for event in events if isinstance(event, Failed)]
    return event


def closed(events: list[Event]) -> Closed:
    event = events[-1]
    assert isinstance(event, Closed)
    return event


def run_to(wire: Wire, until: float) -> list[Event]:
    """Time passes, and every timer is served when it is due."""
    events: list[Event] = []
    while (due := wire.client.next_deadline()) is not None and due <= until:
        events += serve(wire, due)
    return events
