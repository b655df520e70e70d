"""Timers that are served late."""

from __future__ import annotations

from coinex_proto._connection.late_timers import LateTimers, earliest


def test_a_timer_served_in_time_is_judged() -> None:
    late_timers = LateTimers()
    assert late_timers.shifted(None) is None
    assert late_timers.shifted(10.0) == 10.0
    assert not late_timers.puts_off(10.0, 10.25)


def test_a_timer_served_late_is_put_off_once() -> None:
    late_timers = LateTimers()
    assert late_timers.puts_off(10.0, 12.0)
    assert late_timers.shifted(10.0) == 12.5
    assert late_timers.shifted(11.0) == 12.5
    assert not late_timers.puts_off(12.5, 12.5)
    assert late_timers.until is None, "no timer is put off any more"
    assert late_timers.shifted(20.0) == 20.0


def test_what_was_put_off_is_judged_even_when_served_late_again() -> None:
    late_timers = LateTimers()
    assert late_timers.puts_off(10.0, 12.0)
    assert not late_timers.puts_off(12.5, 99.0)
    assert late_timers.puts_off(100.0, 200.0)


def test_a_later_timer_is_not_moved_by_an_earlier_one_that_was_answered() -> None:
    late_timers = LateTimers()
    assert late_timers.puts_off(10.0, 12.0)
    assert late_timers.shifted(40.0) == 40.0
    assert late_timers.puts_off(40.0, 41.0)


def test_the_earliest_deadline_leaves_out_what_never_comes() -> None:
    assert earliest() is None
    assert earliest(None, None) is None
    assert earliest(None, 3.0, 1.0, None, 2.0) == 1.0
    assert earliest(0.0, None) == 0.0
