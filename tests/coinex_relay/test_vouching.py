"""When a relay may send a heartbeat."""

from itertools import pairwise

from coinex_relay.messages import BEAT_EVERY, OLD_AFTER
from coinex_relay.vouching import ALONE_EVERY, Vouching

STEP = BEAT_EVERY


def beats(vouching: Vouching, begin: float, count: int) -> list[float]:
    """When they are sent, asked at their pace, without a word of the server."""
    sent = []
    for place in range(count):
        now = begin + place * STEP
        if vouching.may_beat(now):
            vouching.written(int(now * 100), now)
            sent.append(now)
    return sent


def test_heartbeats_go_on_while_the_server_answers() -> None:
    vouching = Vouching()
    for number in range(100):
        assert vouching.may_beat(number * STEP)
        vouching.written(number, number * STEP)
        vouching.answered(number, number * STEP + 0.01)


def test_without_an_answer_they_end_within_the_time_after_which_data_are_old() -> None:
    sent = beats(Vouching(), 10.0, 20)
    assert sent[-1] <= 10.0 + OLD_AFTER


def test_then_one_alone_tries_now_and_then_so_that_a_lost_answer_does_not_end_them_for_ever() -> None:
    vouching = Vouching()
    sent = beats(vouching, 10.0, 70)
    alone = [at for at in sent if at > 10.0 + OLD_AFTER]
    assert len(alone) >= 3
    assert min(later - earlier for earlier, later in pairwise(alone)) >= ALONE_EVERY
    vouching.answered(int(alone[-1] * 100), alone[-1] + 0.1)
    assert vouching.may_beat(alone[-1] + STEP)


def test_an_answer_that_took_long_does_not_end_the_doubt() -> None:
    vouching = Vouching()
    (*_, last) = beats(vouching, 10.0, 20)
    vouching.answered(int(last * 100), last + 4.0)
    assert vouching.may_beat(last + 4.0)
    vouching.written(1, last + 4.0)
    assert not vouching.may_beat(last + 4.0 + STEP)
    vouching.answered(1, last + 4.0 + STEP)
    assert vouching.may_beat(last + 4.0 + STEP)


def test_what_cannot_be_written_delays_them_as_well() -> None:
    vouching = Vouching()
    vouching.filled(10.0)
    assert vouching.may_beat(10.0)
    assert not vouching.may_beat(10.1 + OLD_AFTER)
    vouching.filled(10.2 + OLD_AFTER)
    vouching.drained()
    assert vouching.may_beat(10.2 + OLD_AFTER)


def test_a_reconnect_waits_for_no_answer_to_what_was_written_before() -> None:
    vouching = Vouching()
    beats(vouching, 10.0, 20)
    vouching.reconnected()
    assert vouching.may_beat(14.0)


def test_there_is_none_while_the_relay_catches_up_with_the_venue() -> None:
    vouching = Vouching()
    vouching.is_catching_up = True
    assert not vouching.may_beat(10.0)
    vouching.is_catching_up = False
    assert vouching.may_beat(10.1)
