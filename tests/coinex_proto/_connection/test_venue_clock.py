"""The estimate of the venue's clock: the best of the last round trips, and nothing that a peer could abuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto._connection.venue_clock import MAX_AGE, SAMPLES, SIGNING_LIMIT_NS, Clock

MS = 10**6
SECOND = 10**9
WALL = 1_700_000_000 * SECOND


def observe(clock: Clock, *, ahead_ms: int, round_trip_ms: int, now: float) -> bool:
    """A round trip with equal ways there and back to a venue whose clock is ahead."""
    sent = WALL + round(now * SECOND)
    received = sent + round_trip_ms * MS
    return clock.observe(sent, received, (sent + received) // 2 // MS + ahead_ms, now)


def test_nothing_is_known_at_first() -> None:
    clock = Clock()
    assert not clock.is_known
    assert (clock.offset_ns, clock.error_ns, clock.signing_offset_ns) == (0, None, 0)


def test_one_round_trip_bounds_the_offset_by_its_half() -> None:
    clock = Clock()
    assert observe(clock, ahead_ms=250, round_trip_ms=40, now=0.0)
    assert clock.is_known
    assert clock.error_ns == 21 * MS
    assert abs(clock.offset_ns - 250 * MS) <= MS


def test_the_quickest_round_trip_wins() -> None:
    clock = Clock()
    observe(clock, ahead_ms=100, round_trip_ms=200, now=0.0)
    observe(clock, ahead_ms=110, round_trip_ms=10, now=1.0)
    observe(clock, ahead_ms=130, round_trip_ms=300, now=2.0)
    assert abs(clock.offset_ns - 110 * MS) <= MS
    assert clock.error_ns == 6 * MS


def test_a_clock_that_was_set_is_noticed_whatever_the_time_counts_from() -> None:
    for now in (0.0, 1.7e9):
        clock = Clock()
        observe(clock, ahead_ms=0, round_trip_ms=2, now=now)
        observe(clock, ahead_ms=1000, round_trip_ms=50, now=now + 1.0)
        assert abs(clock.offset_ns - 1000 * MS) <= MS


@pytest.mark.parametrize(("ahead_ms", "is_contradicted"), [(90, False), (-90, False), (130, True), (-130, True)])
def test_two_clocks_may_drift_apart_by_200_ppm_and_no_more(ahead_ms: int, is_contradicted: bool) -> None:
    clock = Clock()
    observe(clock, ahead_ms=0, round_trip_ms=2, now=0.0)
    observe(clock, ahead_ms=ahead_ms, round_trip_ms=20, now=500.0)
    assert abs(clock.offset_ns - (ahead_ms if is_contradicted else 0) * MS) <= MS


def test_what_was_measured_against_a_clock_that_was_set_is_forgotten() -> None:
    clock = Clock()
    observe(clock, ahead_ms=100, round_trip_ms=2, now=0.0)
    clock.forget()
    assert (clock.is_known, clock.offset_ns, clock.error_ns) == (False, 0, None)
    observe(clock, ahead_ms=-100, round_trip_ms=20, now=1.0)
    assert abs(clock.offset_ns + 100 * MS) <= MS


def test_the_first_and_the_last_millisecond_that_a_venue_may_tell() -> None:
    said = {told: Clock().observe(WALL, WALL, told, 0.0) for told in (0, 1, 253_402_300_799_999, 253_402_300_800_000)}
    assert list(said.values()) == [False, True, True, False]


def test_of_equally_quick_round_trips_the_newest_wins() -> None:
    clock = Clock()
    observe(clock, ahead_ms=100, round_trip_ms=20, now=0.0)
    observe(clock, ahead_ms=104, round_trip_ms=20, now=1.0)
    assert abs(clock.offset_ns - 104 * MS) <= MS


def test_only_the_last_round_trips_count() -> None:
    clock = Clock()
    observe(clock, ahead_ms=100, round_trip_ms=2, now=0.0)
    for second in range(1, SAMPLES + 1):
        observe(clock, ahead_ms=105, round_trip_ms=50, now=float(second))
    assert clock.error_ns == 26 * MS


def test_a_round_trip_of_long_ago_does_not_count() -> None:
    clock = Clock()
    observe(clock, ahead_ms=100, round_trip_ms=2, now=0.0)
    observe(clock, ahead_ms=105, round_trip_ms=50, now=MAX_AGE + 1.0)
    assert clock.error_ns == 26 * MS


def test_s5_a_clock_that_was_set_makes_the_old_round_trips_void() -> None:
    clock = Clock()
    observe(clock, ahead_ms=0, round_trip_ms=2, now=0.0)
    observe(clock, ahead_ms=3_600_000, round_trip_ms=50, now=1.0)
    assert abs(clock.offset_ns - 3_600 * SECOND) <= 26 * MS


@pytest.mark.parametrize("hours", [-10_000, -1, 1, 10_000])
def test_s16_signing_never_follows_the_venue_by_more_than_five_minutes(hours: int) -> None:
    clock = Clock()
    assert observe(clock, ahead_ms=hours * 3_600_000, round_trip_ms=10, now=0.0)
    assert abs(clock.signing_offset_ns) == SIGNING_LIMIT_NS == 300 * SECOND
    assert abs(clock.offset_ns) > SIGNING_LIMIT_NS


def test_s4_a_small_skew_is_corrected_in_full() -> None:
    clock = Clock()
    observe(clock, ahead_ms=-90_000, round_trip_ms=10, now=0.0)
    assert clock.signing_offset_ns == clock.offset_ns
    assert abs(clock.offset_ns + 90 * SECOND) <= 6 * MS


@pytest.mark.parametrize("server_ms", [0, -1, 10**18, True, "1700000000000", 1.7e12, None])
def test_a_time_that_cannot_be_is_refused(server_ms: int) -> None:
    clock = Clock()
    observe(clock, ahead_ms=5, round_trip_ms=10, now=0.0)
    before = (clock.offset_ns, clock.error_ns)
    assert clock.observe(WALL, WALL + MS, server_ms, 1.0) is False
    assert (clock.offset_ns, clock.error_ns) == before


@pytest.mark.parametrize("received", [WALL - 1, WALL + 61 * SECOND])
def test_a_round_trip_that_cannot_be_is_refused(received: int) -> None:
    clock = Clock()
    assert clock.observe(WALL, received, WALL // MS, 0.0) is False
    assert not clock.is_known


@given(
    offset_ns=st.integers(min_value=-(10**12), max_value=10**12),
    trips=st.lists(
        st.tuples(st.integers(min_value=0, max_value=10**9), st.integers(min_value=0, max_value=10**9)),
        min_size=1,
        max_size=20,
    ),
)
def test_the_true_offset_is_always_within_the_error(offset_ns: int, trips: list[tuple[int, int]]) -> None:
    clock = Clock()
    for second, (there, back) in enumerate(trips):
        sent = WALL + second * SECOND
        server_ms = (sent + there + offset_ns) // MS
        assert clock.observe(sent, sent + there + back, server_ms, float(second))
        assert clock.error_ns is not None
        assert abs(clock.offset_ns - offset_ns) <= clock.error_ns
