"""When a line must be proved, in literal times."""

from __future__ import annotations

from coinex_proto import Config
from coinex_proto._connection.heartbeat import CLOCK_EVERY, Heartbeat


def started() -> Heartbeat:
    heartbeat = Heartbeat(Config(ping_interval=20.0, ping_timeout=8.0))
    heartbeat.start(100.0)
    return heartbeat


def test_a_ping_is_due_one_interval_after_our_last_text_whatever_comes_in() -> None:
    heartbeat = started()
    heartbeat.proved(110.0)
    assert heartbeat.due() == 120.0
    heartbeat.texted(111.0)
    assert heartbeat.due() == 130.0


def test_n13_texts_that_nobody_answers_do_not_put_the_ping_off() -> None:
    heartbeat = started()
    heartbeat.texted(119.0)
    assert heartbeat.due() == 120.0


def test_after_a_ping_the_proof_is_due_until_something_whole_comes() -> None:
    heartbeat = started()
    heartbeat.pinged(120.0)
    assert (heartbeat.is_waiting, heartbeat.due(), heartbeat.pinged_at) == (True, 128.0, 120.0)
    heartbeat.texted(121.0)
    assert heartbeat.due() == 128.0
    heartbeat.proved(125.0)
    assert (heartbeat.is_waiting, heartbeat.due(), heartbeat.last_proof_at) == (False, 141.0, 125.0)


def test_the_clock_is_asked_with_the_first_ping_and_then_every_five_minutes() -> None:
    heartbeat = started()
    assert heartbeat.asks_clock(120.0)
    assert not heartbeat.asks_clock(120.0 + CLOCK_EVERY - 1)
    assert heartbeat.asks_clock(120.0 + CLOCK_EVERY)


def test_a_peer_that_answers_pings_lags_while_one_is_unanswered() -> None:
    heartbeat = started()
    heartbeat.pinged(120.0)
    heartbeat.proved(121.0)
    assert not heartbeat.lags()  # perhaps it never answers
    heartbeat.answered(120.0, 122.0)
    heartbeat.pinged(142.0)
    heartbeat.proved(143.0)
    assert heartbeat.lags()
    heartbeat.answered(142.0, 144.0)
    assert (heartbeat.lags(), heartbeat.fresh_at) == (False, 142.0)


def test_a_peer_that_is_known_to_answer_lags_with_the_first_ping() -> None:
    heartbeat = Heartbeat(Config(), answers=True)
    heartbeat.start(100.0)
    assert not heartbeat.lags()
    heartbeat.pinged(120.0)
    assert (heartbeat.lags(), heartbeat.fresh_at) == (True, 100.0)


def test_texts_do_not_put_off_the_ping_that_finds_a_lag() -> None:
    heartbeat = Heartbeat(Config(ping_interval=20.0, ping_timeout=8.0), answers=True)
    heartbeat.start(100.0)
    heartbeat.pinged(120.0)
    heartbeat.texted(125.0)
    heartbeat.proved(130.0)
    assert heartbeat.due() == 140.0


def test_the_answer_to_an_older_ping_leaves_the_later_one_open() -> None:
    heartbeat = Heartbeat(Config(), answers=True)
    heartbeat.start(100.0)
    heartbeat.pinged(120.0)
    heartbeat.pinged(140.0)
    heartbeat.answered(120.0, 150.0)
    assert (heartbeat.lags(), heartbeat.fresh_at) == (True, 120.0)


def test_a_doubt_asks_for_a_ping_at_once_and_ends_with_the_answer_to_a_later_one() -> None:
    heartbeat = started()
    heartbeat.pinged(120.0)
    heartbeat.doubted(125.0)
    found = [heartbeat.is_waiting]
    heartbeat.pinged(125.0)
    heartbeat.proved(126.0)
    assert heartbeat.last_proof_at == 100.0, "what comes may be old"
    assert [*found, heartbeat.is_waiting] == [False, True]
    assert heartbeat.answered(120.0, 126.0) is False
    assert (heartbeat.doubted_at, heartbeat.last_proof_at) == (125.0, 100.0)
    assert heartbeat.answered(125.0, 127.0) is True
    assert (heartbeat.doubted_at, heartbeat.last_proof_at, heartbeat.is_waiting) == (None, 127.0, False)
    assert heartbeat.answered(125.0, 128.0) is False


def test_after_the_second_unanswered_ping_data_is_no_proof_any_more() -> None:
    heartbeat = Heartbeat(Config(ping_interval=20.0, ping_timeout=8.0), answers=True)
    heartbeat.start(100.0)
    heartbeat.pinged(120.0)
    heartbeat.proved(121.0)
    assert not heartbeat.is_waiting
    heartbeat.pinged(140.0)
    heartbeat.proved(141.0)
    assert (heartbeat.is_waiting, heartbeat.due()) == (True, 148.0)
    heartbeat.answered(140.0, 142.0)
    assert (heartbeat.is_waiting, heartbeat.due()) == (False, 160.0)
    heartbeat.proved(143.0)
    assert not heartbeat.is_waiting


def test_a_peer_that_leaves_two_requests_in_a_row_unanswered_has_to_answer_pings_from_now_on() -> None:
    heartbeat = started()
    heartbeat.request_timed_out()
    heartbeat.request_answered()
    heartbeat.request_timed_out()
    assert heartbeat.due() == 120.0
    heartbeat.request_timed_out()
    assert heartbeat.due() < 110.0, "at once"
    heartbeat.pinged(110.0)
    assert heartbeat.lags()
    heartbeat.proved(111.0)
    heartbeat.request_timed_out()
    assert heartbeat.due() == 130.0, "one ping for them all"
    heartbeat.pinged(130.0)
    heartbeat.proved(131.0)
    assert (heartbeat.is_waiting, heartbeat.due()) == (True, 138.0)


def test_a_proof_that_is_due_is_stale_where_only_data_came_and_then_the_last_answer_counts() -> None:
    silent = started()
    silent.proved(119.0)
    silent.pinged(120.0)
    assert (silent.is_stale(), silent.last_proof_at) == (False, 119.0)
    stale = started()
    stale.pinged(120.0)
    stale.answered(120.0, 121.0)
    stale.pinged(141.0)
    stale.proved(141.0)
    assert (stale.is_stale(), stale.last_proof_at) == (True, 120.0)


def test_the_clock_is_asked_with_the_first_ping_wherever_now_began() -> None:
    heartbeat = Heartbeat(Config())
    heartbeat.start(-1000.0)
    assert heartbeat.asks_clock(-980.0)
    assert not heartbeat.asks_clock(-681.0)
    assert heartbeat.asks_clock(-680.0)


def test_a_clock_that_was_set_is_asked_about_with_the_next_ping() -> None:
    heartbeat = started()
    assert [heartbeat.asks_clock(now) for now in (120.0, 140.0)] == [True, False]
    heartbeat.clock_was_set()
    assert [heartbeat.asks_clock(now) for now in (141.0, 161.0)] == [True, False]


def test_a_text_one_interval_after_the_last_ping_does_not_put_the_next_one_off() -> None:
    heartbeat = started()
    heartbeat.proved(119.0)
    heartbeat.texted(120.0)
    assert heartbeat.due() == 120.0
