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
