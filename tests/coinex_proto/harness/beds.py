"""What tests of sleep and of private checks start from: a session that trusts three topics, and clocks that a test moves."""

from __future__ import annotations

from typing import Any

from coinex_proto import Config, Event, Session, Sources
from tests.coinex_proto.harness.sessions import RETRYING, ladder, price
from tests.coinex_proto.harness.tiny import Ladder, Own, Price, Tiny
from tests.coinex_proto.harness.wire import Wire, sources

OPENING: tuple[dict[str, str], ...] = ({"hello": "n"}, {"ok": "login"}, {"ok": "greet"})


class Bed:
    """A session whose two clocks a test moves: `now` is the caller's, `ahead` how far the wall clock is before it."""

    def __init__(self, *, counts_sleep: bool, config: Config = RETRYING) -> None:
        self.now, self.ahead, self.counts_sleep = 1_700_000_000.0, 0.0, counts_sleep
        made = sources()
        self.sources = Sources(lambda: round((self.now + self.ahead) * 1e9), made.random_bytes)
        self.session = Session(Tiny(password="pw"), self.sources, config)
        self.session.next_step(self.now)
        self.session.connected(self.now)
        self.wire = Wire(self.session).open(self.now)
        self.say(OPENING[0])
        for answer in OPENING[1:]:
            self.say(answer)
        self.session.subscribe(Price("A"), Ladder("A"), Own(), now=self.now)
        self.say({"ok": "watch"}, price("A"), {"ladder": ladder("A", {"1": 1})})
        assert self.session.trusted(Price("A"), Ladder("A"), Own())
        self.wire.sent()

    def say(self, *values: object) -> list[Event]:
        return self.wire.say(self.now, *values)

    def sleep(self, seconds: float) -> None:
        if self.counts_sleep:
            self.now += seconds
        else:
            self.ahead += seconds

    def verbs(self) -> list[str]:
        return [each["do"] for each in self.wire.sent()]


def of(events: list[Event], kind: type[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]
