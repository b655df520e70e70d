"""A machine that slept, a clock that was set, a sign-in that was forgotten, a feed that stopped: by transcripts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from coinex_proto import BookNotTrusted, BookView, Lost, NotReady, Restored
from tests.coinex_proto.harness.beds import Bed, of
from tests.coinex_proto.harness.sessions import ladder, price
from tests.coinex_proto.harness.tiny import Ladder, Own, Place, Price, PriceUpdate

NIGHT = 8 * 3600.0


@pytest.fixture(params=[True, False], ids=["now counts sleep", "now stands still"])
def bed(request: pytest.FixtureRequest) -> Iterator[Bed]:
    yield Bed(counts_sleep=request.param)


def is_trusted(view: BookView) -> bool:
    return view.trusted


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
    assert update.received_at == pytest.approx(bed.now + step, abs=1e-3)
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
