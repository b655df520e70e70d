"""Whether what the server sends is of now."""

import math

from coinex_relay.messages import OLD_AFTER
from coinex_relay.probe import LATE, PROBE_EVERY, Probe


def test_a_probe_leaves_at_once_and_then_every_second_and_not_before_the_last_one_is_back() -> None:
    probe = Probe()
    assert probe.next(10.0) == 1
    assert probe.next(12.0) is None
    probe.answered(1, 12.0)
    assert probe.next(12.0) == 2
    probe.answered(2, 12.1)
    assert probe.next(12.2) is None
    assert probe.next_deadline() == 12.0 + PROBE_EVERY


def test_one_that_is_not_back_in_time_fails_once_and_the_next_in_time_ends_it() -> None:
    probe = Probe()
    probe.next(10.0)
    assert not probe.has_failed(10.0 + OLD_AFTER - 0.01)
    assert probe.next_deadline() == 10.0 + OLD_AFTER
    assert probe.has_failed(10.0 + OLD_AFTER)
    assert not probe.has_failed(13.0)
    assert probe.next_deadline() == math.inf
    probe.answered(1, 15.0)
    assert probe.is_late
    assert probe.next(15.0) == 2
    probe.answered(2, 15.0 + OLD_AFTER / 2)
    assert not probe.is_late


def test_asked_late_it_waits_once_for_what_has_come_meanwhile_to_be_read() -> None:
    probe = Probe()
    probe.next(10.0)
    assert not probe.has_failed(15.0)
    assert probe.next_deadline() == 15.0 + LATE
    probe.answered(1, 15.05)
    assert not probe.has_failed(16.0)
    assert not probe.is_late
    probe.next(16.0)
    assert not probe.has_failed(20.0)
    assert probe.has_failed(20.0 + LATE)


def test_an_answer_to_an_earlier_one_counts_for_nothing() -> None:
    probe = Probe()
    probe.next(10.0)
    probe.answered(1, 10.1)
    probe.next(11.0)
    probe.answered(1, 11.1)
    assert probe.has_failed(11.0 + OLD_AFTER)


def test_an_answer_that_took_just_the_time_there_is_was_in_time() -> None:
    probe = Probe()
    probe.next(0.0)
    assert probe.has_failed(OLD_AFTER)
    probe.answered(1, OLD_AFTER)
    assert not probe.is_late
