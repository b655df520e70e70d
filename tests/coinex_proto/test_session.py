"""Transcripts through a session on the tiny venue: what goes in, what comes out, in order."""

from __future__ import annotations

from coinex_proto import Config, Open, Ready, Session, Stop, Subscribed, Wait
from tests.coinex_proto.line import Line, sources
from tests.coinex_proto.tiny import Own, Price, PriceUpdate, Tiny, login


def connected(session: Session, now: float = 0.0) -> Line:
    assert session.next_step(now) == Open("tiny.test", 443, True)
    session.connected(now)
    return Line(session).open(now)


def test_a_public_topic_is_live_with_its_first_push() -> None:
    session = Session(Tiny(), sources())
    session.subscribe(Price("A"), now=0.0)
    line = connected(session)
    assert line.events() == [Ready()]
    assert line.sent() == [{"do": "watch", "markets": ["A"]}]
    assert line.say(1.0, {"ok": "watch"}) == [Subscribed(topic=Price("A"))]
    assert not session.trusted(Price("A"))
    assert line.say(2.0, {"price": "1", "market": "A"}) == [PriceUpdate(market="A", price="1")]
    assert session.trusted(Price("A"))


def test_a_private_topic_waits_for_the_login() -> None:
    session = Session(Tiny(password="pw"), sources())
    session.subscribe(Own(), now=0.0)
    line = connected(session)
    assert line.events() == []
    assert line.sent() == []
    assert line.say(1.0, {"hello": "n"}) == []
    assert line.sent() == [login("n")]
    assert line.say(1.0, {"ok": "login"}) == []
    assert line.sent() == [{"do": "greet"}]
    assert line.say(1.0, {"ok": "greet"}) == [Ready(), Subscribed(topic=Own())]
    assert session.trusted()


def test_the_end_of_the_line_is_retried() -> None:
    session = Session(Tiny(), sources(), Config(retry_first=True))
    connected(session)
    session.disconnected(1.0)
    step = session.next_step(1.0)
    assert isinstance(step, Wait)
    assert isinstance(session.next_step(step.until), Open)
    session.stop(step.until)
    assert session.next_step(step.until) == Stop()
