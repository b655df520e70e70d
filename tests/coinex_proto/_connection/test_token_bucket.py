"""Token buckets: pace, bursts, and no rounding that keeps anybody waiting for nothing."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto._connection.token_bucket import Bucket
from coinex_proto.config import Rate
from coinex_proto.errors import UsageError


def test_a_new_bucket_gives_its_burst_at_once_and_then_makes_wait() -> None:
    bucket = Bucket(Rate(10.0, 3.0))
    for _ in range(3):
        assert bucket.wait(1.0, 100.0) == 0.0
        bucket.take(1.0, 100.0)
    assert bucket.wait(1.0, 100.0) == pytest.approx(0.1)
    assert bucket.wait(2.0, 100.0) == pytest.approx(0.2)


def test_asking_takes_nothing() -> None:
    bucket = Bucket(Rate(1.0, 1.0))
    assert [bucket.wait(1.0, 5.0) for _ in range(3)] == [0.0, 0.0, 0.0]


def test_a_long_pause_fills_no_more_than_the_burst() -> None:
    bucket = Bucket(Rate(10.0, 2.0))
    bucket.take(2.0, 0.0)
    bucket.take(2.0, 1_000.0)
    assert bucket.wait(1.0, 1_000.0) == pytest.approx(0.1)


def test_a_weight_above_the_burst_needs_a_full_bucket_and_leaves_a_debt() -> None:
    bucket = Bucket(Rate(10.0, 2.0))
    assert bucket.wait(5.0, 0.0) == 0.0
    bucket.take(1.0, 0.0)
    assert bucket.wait(5.0, 0.0) == pytest.approx(0.1)
    bucket.take(5.0, 0.1)
    assert bucket.wait(1.0, 0.1) == pytest.approx(0.4)
    assert bucket.wait(2.0, 0.1) == pytest.approx(0.5)


def test_what_is_taken_too_early_is_waited_for_later() -> None:
    bucket = Bucket(Rate(1.0, 1.0))
    bucket.take(1.0, 0.0)
    bucket.take(1.0, 0.0)
    assert bucket.wait(1.0, 0.0) == pytest.approx(2.0)


def test_a_closed_bucket_gives_nothing_before_its_time_and_is_empty_then() -> None:
    bucket = Bucket(Rate(10.0, 5.0))
    bucket.close(2.0)
    assert bucket.wait(1.0, 0.0) == pytest.approx(2.1)
    assert bucket.wait(5.0, 2.0) == pytest.approx(0.5)
    bucket.close(1.0)
    assert bucket.wait(1.0, 0.0) == pytest.approx(2.1)


def test_no_weight_never_waits() -> None:
    bucket = Bucket(Rate(1.0, 1.0))
    bucket.take(9.0, 0.0)
    bucket.take(0.0, 0.0)
    assert bucket.wait(0.0, 0.0) == 0.0
    assert bucket.wait(1.0, 0.0) == pytest.approx(9.0)


@pytest.mark.parametrize("rate", [Rate(0.0, 1.0), Rate(-1.0, 1.0), Rate(math.inf, 1.0), Rate(1.0, -1.0)])
def test_a_rate_that_never_refills_is_refused(rate: Rate) -> None:
    with pytest.raises(UsageError, match="per_second"):
        Bucket(rate)


@pytest.mark.parametrize(
    ("rate", "now", "taken"), [(Rate(3.0, 2.0), 0.1, 2), (Rate(3.0, 3.0), 0.9, 5), (Rate(7.0, 2.0), 0.1, 3)]
)
def test_a_sum_that_rounds_to_just_before_the_moment_is_no_reason_to_wait_again(
    rate: Rate, now: float, taken: int
) -> None:
    bucket = Bucket(rate)
    for _ in range(taken):
        bucket.take(1.0, now)
    assert bucket.wait(1.0, now) > 0.0
    assert bucket.wait(1.0, now + bucket.wait(1.0, now)) == 0.0


@given(
    rate=st.builds(
        Rate,
        st.floats(min_value=1e-3, max_value=1e6, allow_nan=False),
        st.floats(min_value=0.0, max_value=1e6, allow_nan=False),
    ),
    start=st.floats(min_value=0.0, max_value=1e11, allow_nan=False),
    weights=st.lists(st.floats(min_value=1e-3, max_value=1e4), min_size=1, max_size=20),
    asked=st.floats(min_value=1e-3, max_value=1e4),
)
def test_after_exactly_the_time_given_there_is_no_more_waiting(
    rate: Rate, start: float, weights: list[float], asked: float
) -> None:
    bucket = Bucket(rate)
    for weight in weights:
        bucket.take(weight, start)
    seconds = bucket.wait(asked, start)
    assert seconds == 0.0 or start + seconds > start
    assert bucket.wait(asked, start + seconds) == 0.0


@given(
    steps=st.lists(
        st.tuples(st.floats(min_value=0.0, max_value=3.0), st.floats(min_value=0.1, max_value=3.0)), max_size=60
    )
)
def test_whoever_waits_never_gets_more_than_rate_and_burst_allow(steps: list[tuple[float, float]]) -> None:
    rate, now = Rate(2.0, 4.0), 1_700_000_000.0
    start = now
    bucket, taken = Bucket(rate), 0.0
    for pause, weight in steps:
        now += pause
        now += bucket.wait(weight, now)
        bucket.take(weight, now)
        taken += weight
        assert taken <= rate.burst + rate.per_second * (now - start) + 1e-3
