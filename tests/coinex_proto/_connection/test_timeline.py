"""The session's time out of two clocks, in literal times."""

from __future__ import annotations

import math

import pytest

from coinex_proto._connection.timeline import JUMP, Timeline

UNIX = 1_800_000_000.0


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
    assert clocks.timeline.peek(clocks.now) == pytest.approx(UNIX + 8 * 3600.0)
    assert clocks.timeline.by_wall() == pytest.approx(UNIX + 8 * 3600.0)
    assert clocks.at(0.0, 8 * 3600.0) == pytest.approx(8 * 3600.0)
    assert clocks.at(1.0, 8 * 3600.0) == pytest.approx(8 * 3600.0 + 1.0)
    assert (clocks.timeline.jumps, clocks.timeline.steps) == (1, 1)
    assert clocks.timeline.stamp(UNIX + 8 * 3600.0) == pytest.approx(UNIX + 8 * 3600.0)


def test_a_wall_clock_that_is_set_back_is_followed_and_time_does_not_go_back() -> None:
    clocks = Clocks()
    clocks.at(0.0, 0.0)
    assert clocks.at(1.0, -180.0) == 1.0
    assert (clocks.timeline.jumps, clocks.timeline.steps) == (0, 1)
    assert clocks.timeline.stamp(UNIX + 1.0) == pytest.approx(UNIX - 179.0)
    assert clocks.timeline.from_stamp(UNIX - 179.0) == pytest.approx(UNIX + 1.0)


def test_less_than_a_jump_is_followed_both_ways_and_is_no_sleep() -> None:
    clocks = Clocks()
    clocks.at(0.0, 0.0)
    assert clocks.at(1.0, JUMP - 0.1) == 1.0
    assert clocks.timeline.stamp(UNIX + 1.0) == pytest.approx(UNIX + 1.0 + JUMP - 0.1)
    assert clocks.at(2.0, 0.0) == 2.0
    assert (clocks.timeline.steps, clocks.timeline.slept) == (0, 0.0)


def test_several_naps_add_up() -> None:
    clocks = Clocks()
    times = [clocks.at(0.0, 10.0 * nap) for nap in range(4)]
    assert times == pytest.approx([0.0, 10.0, 20.0, 30.0])


def test_a_caller_whose_clock_is_no_unix_time_keeps_its_own_in_stamps() -> None:
    clocks = Clocks(now=12.0, ahead=UNIX)
    assert clocks.timeline.at(12.0) == 12.0
    assert clocks.timeline.stamp(12.0) == 12.0
    clocks.ahead += 100.0
    assert clocks.timeline.at(12.0) == pytest.approx(112.0)


def test_a_clock_that_was_wrong_before_the_first_input_is_read_as_it_is_set_now() -> None:
    clocks = Clocks(ahead=180.0)
    assert clocks.timeline.at(UNIX) == UNIX
    assert clocks.timeline.stamp(UNIX) == pytest.approx(UNIX + 180.0)


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
