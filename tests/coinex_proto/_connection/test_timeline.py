"""The session's time out of two clocks, in literal times."""

from __future__ import annotations

import math
from typing import Any

import pytest

from coinex_proto._connection.timeline import JUMP, Timeline

UNIX = 1_800_000_000.0


def about(expected: Any) -> Any:
    """To the microsecond: what pytest takes for equal by itself is half an hour at times like these."""
    return pytest.approx(expected, rel=0, abs=1e-6)


class Clocks:
    def __init__(self, now: float = UNIX, ahead: float = 0.0) -> None:
        self.now, self.ahead = now, ahead
        self.timeline = Timeline(lambda: round((self.now + self.ahead) * 1e9))

    def at(self, seconds: float, ahead: float) -> float:
        """So many seconds after the start, the wall clock so far ahead; gives the time of the session, from the start."""
        self.now, self.ahead = UNIX + seconds, ahead
        return self.timeline.at(self.now) - UNIX


def test_while_both_clocks_go_on_together_it_is_the_callers() -> None:
    clocks = Clocks()
    assert [clocks.at(second, 0.0) for second in (0.0, 1.0, 3600.0)] == [0.0, 1.0, 3600.0]
    assert (clocks.timeline.jumps, clocks.timeline.steps, clocks.timeline.slept) == (0, 0, 0.0)


def test_what_the_wall_clock_runs_ahead_in_a_jump_is_sleep_and_counts() -> None:
    clocks = Clocks()
    clocks.at(0.0, 0.0)
    assert clocks.timeline.peek(clocks.now) == UNIX
    clocks.ahead = 8 * 3600.0
    assert clocks.timeline.peek(clocks.now) == about(UNIX + 8 * 3600.0)
    assert clocks.timeline.by_wall() == about(UNIX + 8 * 3600.0)
    assert clocks.at(0.0, 8 * 3600.0) == about(8 * 3600.0)
    assert clocks.at(1.0, 8 * 3600.0) == about(8 * 3600.0 + 1.0)
    assert (clocks.timeline.jumps, clocks.timeline.steps) == (1, 1)
    assert clocks.timeline.stamp(UNIX + 8 * 3600.0) == about(UNIX + 8 * 3600.0)


def test_a_wall_clock_that_is_set_back_is_followed_and_time_does_not_go_back() -> None:
    clocks = Clocks()
    clocks.at(0.0, 0.0)
    assert clocks.at(1.0, -180.0) == 1.0
    assert (clocks.timeline.jumps, clocks.timeline.steps) == (0, 1)
    assert clocks.timeline.stamp(UNIX + 1.0) == about(UNIX - 179.0)
    assert clocks.timeline.from_stamp(UNIX - 179.0) == about(UNIX + 1.0)


def test_less_than_a_jump_is_followed_both_ways_and_is_no_sleep() -> None:
    clocks = Clocks()
    clocks.at(0.0, 0.0)
    assert clocks.at(1.0, JUMP - 0.1) == 1.0
    assert clocks.timeline.stamp(UNIX + 1.0) == about(UNIX + 1.0 + JUMP - 0.1)
    assert clocks.at(2.0, 0.0) == 2.0
    assert (clocks.timeline.steps, clocks.timeline.slept) == (0, 0.0)


def test_several_naps_add_up() -> None:
    clocks = Clocks()
    times = [clocks.at(0.0, 10.0 * nap) for nap in range(4)]
    assert times == about([0.0, 10.0, 20.0, 30.0])


def test_a_caller_whose_clock_is_no_unix_time_keeps_its_own_in_stamps() -> None:
    clocks = Clocks(now=12.0, ahead=UNIX)
    assert clocks.timeline.at(12.0) == 12.0
    assert clocks.timeline.stamp(12.0) == 12.0
    clocks.ahead += 100.0
    assert clocks.timeline.at(12.0) == about(112.0)


def test_a_clock_that_was_wrong_before_the_first_input_is_read_as_it_is_set_now() -> None:
    clocks = Clocks(ahead=180.0)
    assert clocks.timeline.at(UNIX) == UNIX
    assert clocks.timeline.stamp(UNIX) == about(UNIX + 180.0)


def test_a_wall_clock_that_does_not_move_says_nothing() -> None:
    timeline = Timeline(lambda: 5)
    assert [timeline.at(now) for now in (0.0, 1.0, 1e6)] == [0.0, 1.0, 1e6]
    assert timeline.steps == 0


@pytest.mark.parametrize("slept", [0.1 + JUMP, 1e3 / 3, 8 * 3600.1])
def test_a_time_of_the_session_is_reached_at_the_callers_time_for_it(slept: float) -> None:
    clocks = Clocks()
    clocks.at(0.0, 0.0)
    clocks.at(0.0, slept)
    for due in (UNIX + slept + 0.1 * each for each in range(100)):
        assert clocks.timeline.for_caller(due) + clocks.timeline.slept >= due
        assert clocks.timeline.for_caller(due) == about(due - slept)
    assert clocks.timeline.for_caller(float("-inf")) == float("-inf")


def test_exactly_a_jump_is_one() -> None:
    clocks = Clocks()
    clocks.at(0.0, 0.0)
    assert clocks.at(1.0, JUMP) == 1.0 + JUMP
    assert (clocks.timeline.jumps, clocks.timeline.steps, clocks.timeline.slept) == (1, 1, JUMP)
    clocks = Clocks()
    clocks.at(0.0, 0.0)
    clocks.now, clocks.ahead = UNIX + 1.0, JUMP
    assert clocks.timeline.peek(clocks.now) == UNIX + 1.0 + JUMP


def test_before_the_first_input_the_wall_clock_says_no_time() -> None:
    clocks = Clocks()
    assert clocks.timeline.by_wall() == -math.inf
    assert clocks.timeline.peek(5.0) == 5.0


@pytest.mark.parametrize(
    ("up_time", "ahead", "slept"), [(12.0, 0.0, 0.0), (12.0, 1.5, 0.0), (12.0, -90.0, 0.0), (12.0, 3600.0, 3600.0)]
)
def test_a_caller_who_counts_from_the_start_of_the_machine_has_unix_time_as_the_wall_clock_is_set(
    up_time: float, ahead: float, slept: float
) -> None:
    clocks = Clocks(now=up_time, ahead=UNIX)
    assert clocks.timeline.at(up_time) == up_time
    clocks.now, clocks.ahead = up_time + 5.0, UNIX + ahead
    assert clocks.timeline.peek(clocks.now) == about(up_time + 5.0 + slept)
    time = clocks.timeline.at(clocks.now)
    assert time == about(up_time + 5.0 + slept)
    assert clocks.timeline.unix(time) == about(UNIX + up_time + 5.0 + ahead)
    assert clocks.timeline.by_wall() == about(time)
    assert clocks.timeline.from_stamp(clocks.timeline.stamp(time)) == about(time)
    assert clocks.timeline.stamp(time) == about(up_time + 5.0 + ahead)


def test_before_the_first_input_unix_time_is_what_was_given() -> None:
    assert Clocks().timeline.unix(UNIX) == UNIX


def test_a_clock_of_unix_time_keeps_the_difference_that_it_began_with() -> None:
    clocks = Clocks(ahead=180.0)
    clocks.timeline.at(UNIX)
    assert clocks.timeline.unix(UNIX) == about(UNIX + 180.0)
    assert clocks.timeline.by_wall() == about(UNIX)
    assert clocks.at(5.0, 180.0) == 5.0
    assert (clocks.timeline.steps, clocks.timeline.unix(UNIX + 5.0)) == (0, about(UNIX + 185.0))


def test_two_clocks_that_were_read_one_after_the_other_are_not_moved() -> None:
    clocks = Clocks(ahead=0.0005)
    clocks.timeline.at(UNIX)
    assert clocks.timeline.stamp(UNIX) == UNIX
    assert clocks.at(1.0, 0.0009) == 1.0
    assert clocks.timeline.stamp(UNIX + 1.0) == UNIX + 1.0


def test_without_sleep_the_callers_time_is_the_sessions_own() -> None:
    clocks = Clocks()
    clocks.at(0.0, 0.0)
    clocks.at(1.0, -90.0)
    assert clocks.timeline.for_caller(UNIX + 0.1) == UNIX + 0.1


def test_to_peek_keeps_nothing_and_counts_what_was_slept_and_set_before() -> None:
    clocks = Clocks(ahead=180.0)
    clocks.timeline.at(UNIX)
    assert clocks.timeline.peek(UNIX) == UNIX
    clocks.ahead += 3600.0
    for _ in range(2):
        assert clocks.timeline.peek(UNIX) == about(UNIX + 3600.0)
    assert clocks.timeline.jumps == 0
    clocks.timeline.at(UNIX)
    clocks.ahead += 1.0
    assert clocks.timeline.peek(UNIX) == about(UNIX + 3600.0)
    clocks.ahead += 100.0
    assert clocks.timeline.peek(UNIX) == about(UNIX + 3701.0)
    assert clocks.timeline.by_wall() == about(UNIX + 3701.0)
