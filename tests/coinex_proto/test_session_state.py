"""What a session tells about its connection, its clocks and its books, and what others may ask of it between two messages."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from benchmarks.server import acknowledgements, upgrade_response
from benchmarks.stream import gzip_member, server_frame, stream
from coinex_proto import (
    BookChanged,
    Closed,
    Config,
    Lost,
    Open,
    Replied,
    Session,
    Sources,
    Unsubscribed,
    Update,
    UsageError,
    Wait,
    coinex,
)
from coinex_proto.updates import stamp
from tests.coinex_proto.harness.sessions import RETRYING, asked, connected, ladder, price, trades
from tests.coinex_proto.harness.tiny import Do, Ladder, LadderUpdate, Own, Price, PriceUpdate, Time, Tiny, Trade
from tests.coinex_proto.harness.wire import Wire, sources

ASKING = Tiny(clock=Time())
START = 1_700_000_000.0
QUOTE = (
    b'{"method":"bbo.update","data":{"market":"A","updated_at":%d,"best_bid_price":"1","best_bid_size":"1",'
    b'"best_ask_price":"2","best_ask_size":"1"},"id":null}'
)


class Wall:
    """A wall clock that a test sets."""

    def __init__(self, at: float = START) -> None:
        self.at = at

    def sources(self) -> Sources:
        return Sources(lambda: round(self.at * 1e9), sources().random_bytes)


# Holders --------------------------------------------------------------------------------------------------------------


def test_a_topic_is_wanted_until_its_last_holder_lets_go_or_is_released() -> None:
    session, wire = asked()
    session.hold(Price("A"), Price("B"), holder="one", now=1.0)
    session.hold(Price("A"), holder="two", now=1.0)
    wire.say(1.0, {"ok": "watch"}, price("A"), price("B"))
    session.let_go(Price("A"), holder="two", now=2.0)
    assert [status.topic for status in session.topics()] == [Price("A"), Price("B")]
    session.let_go(Price("A"), holder="one", now=3.0)
    assert [status.topic for status in session.topics()] == [Price("B")]
    wire.say(3.0, {"ok": "leave"})
    session.release("one", 4.0)
    assert session.topics() == ()
    wire.sent_texts()
    assert wire.say(4.0, {"ok": "leave"}) == [Unsubscribed(topic=Price("B"))]


def test_what_could_not_be_wanted_is_known_without_wanting_it() -> None:
    session, wire = asked()
    session.check_wanted(Price("A"))
    with pytest.raises(UsageError, match="Authentication required"):
        session.check_wanted(Own())
    assert (session.topics(), wire.sent()) == ((), [])


# The connection -------------------------------------------------------------------------------------------------------


def test_after_a_probe_is_answered_nothing_sent_before_it_can_come() -> None:
    session = Session(Tiny(), sources(), RETRYING)
    session.probe(0.0)
    found = [session.is_probed]  # there is no connection that anything could come from
    wire = connected(session)
    wire.sent()
    found.append(session.is_probed)
    session.probe(5.0)
    assert [each["do"] for each in wire.sent()] == ["ping"]
    found.append(session.is_probed)
    wire.say(6.0, price("A"))
    found.append(session.is_probed)
    wire.say(7.0, {"ok": "ping"})
    assert [*found, session.is_probed] == [True, True, False, False, True]


def test_a_connection_that_closes_need_not_be_probed() -> None:
    session, _ = asked()
    session.probe(5.0)
    session.stop(6.0)
    assert session.is_probed


def test_trust_at_a_time_ends_when_the_connection_was_not_proved_for_as_long_as_a_dead_one_takes() -> None:
    session, wire = asked(Price("A"))
    wire.say(1.0, {"ok": "watch"}, price("A"))
    assert session.trusted_at(29.0, Price("A"))
    assert not session.trusted_at(29.1, Price("A"))
    assert not session.trusted_at(2.0, Price("B"))


def test_the_last_proof_is_dated_by_the_wall_clock_and_is_now_without_a_connection() -> None:
    session = Session(Tiny(), Wall().sources(), RETRYING)
    assert session.proved_at(START) == START
    wire = connected(session, START)
    wire.say(START + 3.0, price("A"))
    assert session.proved_at(START + 9.0) == START + 3.0


def test_wall_time_follows_a_clock_that_was_set() -> None:
    wall = Wall()
    session = Session(Tiny(), wall.sources(), RETRYING)
    connected(session, START)
    wall.at += 0.5  # a small step is followed, and is no sleep
    session.handle_timeout(START)
    assert session.wall_time(START) == START + 0.5


def test_requests_that_wait_are_counted() -> None:
    session = Session(Tiny(), sources(), RETRYING)
    assert session.pending == 0
    wire = connected(session)
    for verb in "ab":
        session.send(Do(verb=verb), 1.0)
    assert session.pending == 2
    wire.say(2.0, {"ok": "a"})
    assert session.pending == 1


def test_a_forced_reconnect_says_goodbye_and_opens_anew() -> None:
    session, wire = asked(Price("A"))
    wire.say(1.0, {"ok": "watch"}, price("A"))
    session.reconnect(2.0)
    assert session.phase.value == "closing"
    wire.sent_texts()
    assert wire.peer.closed is not None
    wire.client.receive_data(wire.peer.send(wire.peer.closed.response()), 2.5)
    assert session.wants_close
    assert not session.is_deaf
    session.disconnected(2.5)
    step = session.next_step(2.5)
    assert isinstance(step, Wait)
    assert session.next_step(step.until) == Open("tiny.test", 443, True)
    session.reconnect(step.until)
    assert not session.is_stopped


def test_a_peer_that_did_not_answer_in_time_is_not_waited_for_at_the_end() -> None:
    session = Session(Tiny(), sources(), RETRYING)
    assert not session.is_deaf
    session.next_step(0.0)
    session.connected(0.0)
    assert not session.is_deaf
    session.handle_timeout(10.0)
    assert (session.wants_close, session.is_deaf) == (True, True)


def test_a_stop_and_a_line_that_is_cut_leave_no_work_behind() -> None:
    session, wire = asked(Price("A"))
    wire.say(1.0, {"ok": "watch"}, price("A"))
    session.disconnected(2.0)
    assert (session.next_deadline(), session.pending, session.data_to_send()) == (None, 0, b"")
    assert not session.is_doubted


def test_s30_a_stop_before_the_upgrade_is_told_at_once() -> None:
    session = Session(Tiny(), sources(), RETRYING)
    session.next_step(0.0)
    session.connected(0.0)
    session.stop(1.0)
    assert isinstance(session.next_event(), Closed)


@pytest.mark.parametrize(("ahead", "is_proved"), [(0.0, True), (1.5, True), (2.0, False), (3600.0, False)])
def test_n26_a_wall_clock_that_ran_ahead_by_two_seconds_is_a_sleep_after_which_nothing_is_proved(
    ahead: float, is_proved: bool
) -> None:
    wall = Wall()
    session = Session(Tiny(), wall.sources(), RETRYING)
    connected(session, START)
    wall.at += ahead
    assert session.is_proved(START) is is_proved


# A read that is cut off -----------------------------------------------------------------------------------------------


def interrupted(error: BaseException) -> tuple[Session, Wire]:
    """A live session whose reader was cut off while it took in a message."""
    session, wire = asked(Price("A"), Ladder("A"))
    wire.say(1.0, {"ok": "watch"}, price("A"), {"ladder": ladder("A", {"1": 1})})
    assert session.trusted()

    def cut(payload: bytes, most: int) -> bytes:
        raise error

    connection = session._connection
    assert connection is not None
    connection.inflate = cut
    with pytest.raises(type(error)):
        session.receive_data(wire.peer.text(price("A")), 2.0)
    return session, wire


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RecursionError()], ids=["ctrl-c", "no stack"])
def test_after_a_read_that_was_cut_off_nothing_is_trusted_until_the_next_connection(error: BaseException) -> None:
    session, _ = interrupted(error)
    view = session.book(Ladder("A"))
    assert not session.trusted()
    assert not session.trusted(Price("A"))
    assert (view.trusted, view.why) == (False, f"taking in a message was cut off by {type(error).__name__}")
    session.disconnected(3.0)
    wire = connected(session, 60.0)
    wire.say(60.0, {"ok": "watch"}, price("A"), {"ladder": ladder("A", {"1": 1})})
    assert session.trusted()
    assert view.trusted


# Clocks ---------------------------------------------------------------------------------------------------------------


def aged(wall: Wall, venue_ahead: float) -> tuple[Session, Wire]:
    """A session that has asked a venue for its time, which is so far ahead."""
    session = Session(ASKING, wall.sources(), RETRYING)
    wire = connected(session, START)
    wall.at += 20.0
    wire.client.handle_timeout(START + 20.0)
    assert {"do": "time"} in wire.sent()
    wire.say(START + 20.0, {"ok": "ping"}, {"ok": "time", "result": int((wall.at + venue_ahead) * 1000)})
    return session, wire


def quoted(received_at: float) -> Update:
    """A push of CoinEx that the venue has dated 25 seconds after the start."""
    (update,) = coinex.spot().decode(QUOTE % round((START + 25.0) * 1000))
    assert isinstance(update, Update)
    stamp(update, b"", received_at)
    return update


def test_the_age_of_an_update_is_by_the_venue_s_clock() -> None:
    wall = Wall()
    session, _ = aged(wall, venue_ahead=7.0)
    assert session.age(quoted(START + 30.0)) == pytest.approx(7.0 + 30.0 - 25.0, abs=0.01)


def test_no_age_is_told_without_a_time_stamp_or_without_knowing_the_venue_s_clock() -> None:
    session, _ = aged(Wall(), venue_ahead=7.0)
    assert session.age(PriceUpdate(market="A", price="1")) is None
    unasked, _ = asked()
    assert unasked.age(quoted(START)) is None
    with pytest.raises(UsageError, match="an update was expected"):
        session.age("BTCUSDT")  # type: ignore[arg-type]


def set_between_connections(session: Session, wall: Wall) -> None:
    session.disconnected(START + 21.0)
    wall.at += 100.0
    connected(session, START + 60.0)


def set_while_connected(session: Session, wall: Wall) -> None:
    wall.at -= 100.0
    session.handle_timeout(START + 21.0)


@pytest.mark.parametrize("set_clock", [set_between_connections, set_while_connected])
def test_what_is_known_of_the_venue_s_clock_is_forgotten_when_ours_was_set(
    set_clock: Callable[[Session, Wall], None],
) -> None:
    wall = Wall()
    session, _ = aged(wall, venue_ahead=7.0)
    assert session.clock.is_known
    set_clock(session, wall)
    assert not session.clock.is_known


# Books and events -----------------------------------------------------------------------------------------------------


def test_the_whole_state_of_a_book_is_told_where_the_venue_s_form_has_one() -> None:
    topic = coinex.Depth("M0USDT")
    session = Session(coinex.spot(), Sources(wall_time_ns=lambda: 0, random_bytes=bytes))
    assert session.whole_update(topic) is None
    assert not session.has_whole_updates(topic)
    session.subscribe(topic, now=0.0)
    session.next_step(0.0)
    session.connected(0.0)
    session.receive_data(upgrade_response(session.data_to_send()), 0.0)
    session.receive_data(acknowledgements(session.data_to_send()), 0.0)
    assert session.has_whole_updates(topic)
    for one in stream(count=3000):
        if one.kind.startswith("depth") and b'"M0USDT"' in one.payload:
            session.receive_data(one.frame, 1.0)
    whole = session.whole_update(topic)
    assert isinstance(whole, coinex.DepthUpdate)
    view = session.book(topic)
    assert (whole.market, whole.is_full) == ("M0USDT", True)
    assert [Decimal(price) for price, _ in whole.depth.bids] == [price for price, _ in view.bids]


def test_a_book_that_does_not_fit_is_lost_before_what_comes_behind_it_in_the_same_read() -> None:
    topic = coinex.Depth("M0USDT", every_read=True)
    session = Session(coinex.spot(), Sources(wall_time_ns=lambda: 0, random_bytes=bytes))
    session.subscribe(topic, now=0.0)
    session.next_step(0.0)
    session.connected(0.0)
    session.receive_data(upgrade_response(session.data_to_send()), 0.0)
    session.receive_data(acknowledgements(session.data_to_send()), 0.0)
    *before, last = [one for one in stream(count=3000) if one.kind.startswith("depth") and b'"M0USDT"' in one.payload]
    for one in before:
        session.receive_data(one.frame, 1.0)
    assert session.trusted(topic)
    while session.next_event() is not None:
        pass
    number = session.send(coinex.Ping(), 2.0)
    wrong = re.sub(rb'"checksum":(-?\d+)', rb'"checksum":1', last.payload)
    answer = b'{"id":%d,"code":0,"message":"OK","data":{"result":"pong"}}' % number
    session.receive_data(b"".join(server_frame(gzip_member(one)) for one in (wrong, answer)), 2.0)
    kinds = [type(event) for event in iter(session.next_event, None)]
    assert kinds.index(Lost) < kinds.index(Replied)


def test_a_book_without_such_a_form_has_no_whole_update() -> None:
    session, wire = asked(Ladder("A"), Price("A"))
    wire.say(1.0, {"ok": "watch"}, {"ladder": ladder("A", {"1": 1})})
    assert [session.whole_update(topic) for topic in (Ladder("A"), Price("A"))] == [None, None]
    assert not session.has_whole_updates(Ladder("A"))


def test_an_update_that_nobody_wants_is_no_event_and_the_book_sees_it_all_the_same() -> None:
    session, wire = asked(Ladder("A"))
    wanted: list[Any] = []
    session.skip_unwanted(lambda kind, key: (kind, key) in wanted)
    wire.say(1.0, {"ladder": ladder("A", {"1": 1})})
    events = wire.say(1.0, {"push": ladder("A", {"3": 1}, whole=False, total=2)})
    assert [type(event) for event in events] == [BookChanged]
    wanted.append((LadderUpdate, ("ladder", "A")))
    events = wire.say(2.0, {"push": ladder("A", {"2": 1}, whole=False, total=3)})
    assert [type(event) for event in events] == [LadderUpdate, BookChanged]


def test_the_queued_events_are_those_that_come_next() -> None:
    session, wire = asked(Price("A"))
    wire.client.receive_data(wire.peer.text({"ok": "watch"}) + wire.peer.text(price("A")), 1.0)
    queued = list(session.queued_events)
    assert len(queued) == 2
    assert wire.events() == queued
    assert not session.queued_events


def test_what_was_delivered_is_known_by_the_venue_s_ids() -> None:
    session, wire = asked(Trade("A"))
    wire.say(1.0, {"ok": "watch trades A"}, trades("A", 2, 1))
    assert [session.delivered.has(("trade", "A"), number) for number in (1, 2, 3)] == [True, True, False]


def test_all_of_a_session_s_books_end_with_the_connection() -> None:
    session, wire = asked(Ladder("A"), config=Config(retry_first=True))
    wire.say(1.0, {"ladder": ladder("A", {"1": 1})})
    assert session.book(Ladder("A")).trusted
    session.disconnected(2.0, "gone")
    assert not session.book(Ladder("A")).trusted
    assert any(isinstance(event, Closed) for event in wire.events())
