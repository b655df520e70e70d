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
