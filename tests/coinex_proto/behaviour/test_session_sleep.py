"""A machine that slept, a clock that was set, a sign-in that was forgotten, a feed that stopped: by transcripts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve

from coinex_proto import BookNotTrusted, BookView, Config, Event, Lost, NotReady, Restored, Session, Sources
from tests.coinex_proto.harness.sessions import RETRYING, connected, ladder, price
from tests.coinex_proto.harness.tiny import Ladder, Own, Place, Price, PriceUpdate, Tiny
from tests.coinex_proto.harness.wire import Wire, sources

NIGHT = 8 * 3600.0
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


@pytest.fixture(params=[True, False], ids=["now counts sleep", "now stands still"])
def bed(request: pytest.FixtureRequest) -> Iterator[Bed]:
    yield Bed(counts_sleep=request.param)


def is_trusted(view: BookView) -> bool:
    return view.trusted


def of(events: list[Event], kind: type[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_after_a_night_nothing_is_proved_before_anything_is_done(bed: Bed) -> None:
    bed.sleep(NIGHT)
    assert not bed.session.is_proved(bed.now)
    if not bed.counts_sleep:
        assert not bed.session.trusted(Ladder("A"))


def test_a_live_view_gives_no_numbers_right_after_the_sleep_before_any_step(bed: Bed) -> None:
    view = bed.session.book(Ladder("A"))
    before = view.snapshot()
    bed.sleep(NIGHT)
    assert not view.trusted
    assert "slept" in view.why
    for read in (lambda: view.bids, lambda: view.best_bid, lambda: view.mid):
        with pytest.raises(BookNotTrusted, match="slept"):
            read()
    late = view.snapshot()
    assert not late.trusted
    assert late.why == view.why
    assert view.unproved.bids == before.bids
    assert is_trusted(before), "what stays as it is, is trusted as of then"
    bed.say(price("A"), {"push": ladder("A", {"1": 2})}, {"ok": "ping"})
    assert is_trusted(view)
    assert view.why == ""


def test_a_live_view_with_a_clock_at_hand_sees_a_short_sleep_too() -> None:
    bed = Bed(counts_sleep=False)
    bed.session.read_clock = lambda: bed.now
    view = bed.session.book(Ladder("A"))
    assert is_trusted(view)
    bed.sleep(3.0)
    assert not is_trusted(view)
    assert not bed.session.is_proved(bed.now)


def test_no_command_leaves_before_the_ping_after_the_sleep_is_answered(bed: Bed) -> None:
    bed.sleep(NIGHT)
    with pytest.raises(NotReady, match="slept"):
        bed.session.send(Place(name="late"), bed.now)
    bed.session.subscribe(Price("B"), now=bed.now)
    assert bed.verbs() == ["ping"]
    bed.say({"ok": "ping"})
    assert bed.verbs() == ["watch"]
    bed.session.send(Place(name="in time"), bed.now)
    assert bed.verbs() == ["place"]


def test_what_was_sent_before_the_sleep_and_is_read_after_it_proves_nothing(bed: Bed) -> None:
    bed.sleep(NIGHT)
    events = bed.say(price("A"), {"push": ladder("A", {"1": 2})})
    assert isinstance(events[0], Lost), "before any later data"
    assert not bed.session.trusted(Price("A"))
    assert not bed.session.book(Ladder("A")).trusted
    assert not of(events, Restored)
    (restored,) = of(bed.say({"ok": "ping"}), Restored)
    assert set(restored.topics) == {Price("A"), Ladder("A"), Own()}
    assert restored.until - restored.since == pytest.approx(NIGHT, abs=1.0)
    assert bed.session.trusted(Price("A"), Ladder("A"), Own())
    assert bed.session.book(Ladder("A")).trusted


def test_the_answer_to_a_ping_of_before_is_no_proof(bed: Bed) -> None:
    run_to_ping(bed)
    bed.sleep(NIGHT)
    bed.say({"ok": "ping"})
    assert not bed.session.trusted(Own())
    assert bed.verbs() == ["ping"]
    bed.say({"ok": "ping"})
    assert bed.session.trusted(Own())


def run_to_ping(bed: Bed) -> None:
    while not bed.verbs():
        due = bed.session.next_deadline()
        assert due is not None
        bed.now = max(bed.now, due)
        bed.session.handle_timeout(bed.now)


def test_a_peer_that_is_gone_is_found_out_within_the_time_for_a_ping(bed: Bed) -> None:
    bed.sleep(NIGHT)
    bed.session.handle_timeout(bed.now)
    end = bed.now + 9.0
    while bed.now < end and not bed.session.wants_close:
        due = bed.session.next_deadline()
        assert due is not None
        bed.now = max(bed.now, due)
        bed.session.handle_timeout(bed.now)
    assert bed.session.wants_close
    assert bed.now < end


def test_a_book_that_does_not_fit_any_more_is_not_restored_with_the_line(bed: Bed) -> None:
    bed.sleep(NIGHT)
    bed.say({"push": ladder("A", {"1": 2}, total=7)})
    (restored,) = of(bed.say({"ok": "ping"}), Restored)
    assert set(restored.topics) == {Price("A"), Own()}
    assert not bed.session.book(Ladder("A")).trusted


@pytest.mark.parametrize("step", [180.0, -180.0])
def test_stamps_follow_the_wall_clock_however_it_is_set(step: float) -> None:
    bed = Bed(counts_sleep=False)
    bed.ahead = step
    bed.session.handle_timeout(bed.now)
    bed.say({"ok": "ping"})
    (update,) = of(bed.say(price("A")), PriceUpdate)
    assert update.received_at == pytest.approx(bed.now + step)
    bed.session.unsubscribe(Own(), now=bed.now)
    bed.session.disconnected(bed.now, "reset")
    (lost,) = of(bed.wire.events(), Lost)
    assert lost.since == pytest.approx(bed.now + step, abs=1.0)


def test_a_clock_set_forwards_is_taken_for_a_sleep_and_one_set_back_is_not() -> None:
    forwards, back = Bed(counts_sleep=False), Bed(counts_sleep=False)
    forwards.ahead, back.ahead = 60.0, -60.0
    for bed in (forwards, back):
        bed.session.handle_timeout(bed.now)
    assert (forwards.session.trusted(Own()), back.session.trusted(Own())) == (False, True)
    assert not back.session.clock.is_known, "what was measured against it before is worth nothing"


# The sign-in ----------------------------------------------------------------------------------------------------------


def quiet_for(bed: Bed, seconds: float, answers: dict[str, object]) -> tuple[list[str], list[Event]]:
    """So long nothing comes but answers to what is asked."""
    end, asked, events = bed.now + seconds, list[str](), list[Event]()
    while (due := bed.session.next_deadline()) is not None and due <= end and not bed.session.wants_close:
        bed.now = max(bed.now, due)
        bed.session.handle_timeout(bed.now)
        for verb in bed.verbs():
            asked.append(verb)
            if verb in answers:
                events += bed.say(answers[verb])
        events += bed.wire.events()
    return asked, events


def test_a_private_topic_is_proved_by_a_private_request_once_an_interval_while_nothing_private_comes() -> None:
    bed = Bed(counts_sleep=True)
    asked, _ = quiet_for(bed, 185.0, {"ping": {"ok": "ping"}, "who": {"ok": "who"}})
    assert asked.count("who") == bed.session.stats.private_checks == 3
    assert bed.session.trusted(Own())


def test_the_check_may_be_switched_off_and_needs_a_private_topic() -> None:
    off = Bed(counts_sleep=True, config=evolve(RETRYING, private_check_interval=None))
    public = Bed(counts_sleep=True)
    public.session.unsubscribe(Own(), now=public.now)
    for bed in (off, public):
        asked, _ = quiet_for(bed, 185.0, {"ping": {"ok": "ping"}, "who": {"ok": "who"}})
        assert "who" not in asked


def test_a_check_that_is_refused_twice_ends_the_connection_and_says_since_when_nothing_private_was_proved() -> None:
    bed = Bed(counts_sleep=True)
    signed_in = bed.now
    asked, events = quiet_for(bed, 100.0, {"ping": {"ok": "ping"}, "who": {"error": "no", "of": "who"}})
    assert asked.count("who") == 2
    assert bed.session.wants_close
    assert not bed.session.trusted(Own())
    (lost,) = of(events, Lost)
    assert lost.since == signed_in
    assert "not proved any more" in lost.why


def test_a_sign_in_that_is_forgotten_in_so_many_words_ends_it_at_once() -> None:
    bed = Bed(counts_sleep=True)
    asked, events = quiet_for(bed, 100.0, {"ping": {"ok": "ping"}, "who": {"error": "who", "of": "who"}})
    assert asked.count("who") == 1
    assert "forgotten" in of(events, Lost)[0].why


def test_one_that_is_not_answered_is_asked_again_and_then_given_up() -> None:
    bed = Bed(counts_sleep=True)
    asked, events = quiet_for(bed, 120.0, {"ping": {"ok": "ping"}})
    assert asked.count("who") == 2
    assert of(events, Lost)


def test_a_venue_that_never_takes_the_check_is_not_left_again_and_again() -> None:
    session = Session(Tiny(password="pw"), sources(), RETRYING)
    session.subscribe(Own(), now=0.0)
    now, ended = 0.0, 0
    for _ in range(4):
        wire = connected(session, now) if now == 0.0 else reconnected(session, now)
        wire.say(now, *OPENING[:1])
        for answer in OPENING[1:]:
            wire.say(now, answer)
        end = now + 100.0
        while (due := session.next_deadline()) is not None and due <= end and not session.wants_close:
            now = max(now, due)
            session.handle_timeout(now)
            for each in wire.sent():
                answer_ = {"error": "no", "of": "who"} if each["do"] == "who" else {"ok": each["do"]}
                wire.say(now, answer_)
        if not session.wants_close:
            break
        ended += 1
        session.disconnected(now, "")
        now += 60.0
    assert ended == 2


def reconnected(session: Session, now: float) -> Wire:
    session.next_step(now)
    session.connected(now)
    return Wire(session).open(now)
