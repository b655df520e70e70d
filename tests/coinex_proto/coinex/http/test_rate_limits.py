from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto.coinex.http import HttpCommand, RateLimited, RateLimits, assets, futures, spot, system
from coinex_proto.coinex.http.rate_limits import _count

ORDER = spot.PutOrder(market="BTCUSDT", side="buy", type="limit", amount="1", price="2")
CANCEL = spot.CancelOrder(market="BTCUSDT", order_id=1)
BALANCE = assets.GetSpotBalance()
NOW = 1000.0


def taken_at_once(rate_limits: RateLimits, command: HttpCommand[Any], now: float) -> int:
    count = 0
    while rate_limits.wait(command, now) == 0:
        assert rate_limits.take(command, now) == 0
        count += 1
    return count


@pytest.mark.parametrize(("command", "burst"), [(ORDER, 30), (CANCEL, 60), (BALANCE, 10), (system.Time(), 400)])
def test_a_group_lets_one_second_s_worth_through_at_once(command: HttpCommand[Any], burst: int) -> None:
    assert taken_at_once(RateLimits(), command, NOW) == burst


def test_groups_do_not_share_a_bucket() -> None:
    rate_limits = RateLimits()
    taken_at_once(rate_limits, ORDER, NOW)
    assert rate_limits.wait(CANCEL, NOW) == 0
    assert rate_limits.wait(futures.CancelOrder(market="BTCUSDT", order_id=1), NOW) == 0


def test_a_query_is_told_how_long_to_wait_and_an_order_is_refused() -> None:
    rate_limits = RateLimits()
    taken_at_once(rate_limits, BALANCE, NOW)
    taken_at_once(rate_limits, ORDER, NOW)
    assert rate_limits.take(BALANCE, NOW) == pytest.approx(0.1, rel=1e-3)
    with pytest.raises(RateLimited, match="POST /spot/order: the limit of spot_order") as caught:
        rate_limits.take(ORDER, NOW)
    assert caught.value.retry_after == pytest.approx(1 / 30, rel=1e-3)


def test_a_refused_order_takes_nothing() -> None:
    # Law 7
    rate_limits = RateLimits()
    taken_at_once(rate_limits, ORDER, NOW)
    for _ in range(5):
        with pytest.raises(RateLimited):
            rate_limits.take(ORDER, NOW)
    assert rate_limits.take(ORDER, NOW + 1 / 30) == 0


def test_a_batch_costs_one_unit_for_each_order() -> None:
    rate_limits = RateLimits()
    batch = spot.PutMultiOrder(orders=(ORDER,) * 20)
    assert batch.cost == 20
    assert rate_limits.take(batch, NOW) == 0
    assert taken_at_once(rate_limits, ORDER, NOW) == 10


def test_a_batch_larger_than_the_bucket_leaves_when_it_is_full() -> None:
    rate_limits = RateLimits()
    batch = spot.PutMultiOrder(orders=(ORDER,) * 40)
    assert rate_limits.take(batch, NOW) == 0
    assert rate_limits.wait(ORDER, NOW) == pytest.approx(11 / 30)


def test_all_calls_together_stay_below_the_limit_of_the_address() -> None:
    rate_limits = RateLimits()
    taken_at_once(rate_limits, system.Time(), NOW)
    assert rate_limits.wait(BALANCE, NOW) == pytest.approx(1 / 400, rel=1e-3)


def test_the_venue_s_own_count_is_believed_downwards_only() -> None:
    rate_limits = RateLimits()
    rate_limits.note(BALANCE, [("X-RateLimit-Limit", "10"), ("x-ratelimit-remaining", "3")], NOW)
    assert taken_at_once(rate_limits, BALANCE, NOW) == 3
    rate_limits.note(BALANCE, [("X-RateLimit-Remaining", "9")], NOW)
    assert rate_limits.wait(BALANCE, NOW) > 0


def test_another_limit_than_the_published_one_is_kept_to() -> None:
    rate_limits = RateLimits()
    rate_limits.take(BALANCE, NOW)
    rate_limits.note(BALANCE, [("X-RateLimit-Limit", "2")], NOW)
    assert taken_at_once(rate_limits, BALANCE, NOW) == 2
    assert rate_limits.wait(BALANCE, NOW) == pytest.approx(0.5)


@pytest.mark.parametrize("value", ["", "x", "-1", "nan", "inf", "0"])
def test_a_header_that_is_no_sensible_limit_is_ignored(value: str) -> None:
    rate_limits = RateLimits()
    rate_limits.note(BALANCE, [("X-RateLimit-Limit", value)], NOW)
    assert taken_at_once(rate_limits, BALANCE, NOW) == 10


def test_too_many_requests_empties_the_bucket() -> None:
    rate_limits = RateLimits()
    rate_limits.empty(BALANCE, NOW)
    assert rate_limits.wait(BALANCE, NOW) == pytest.approx(0.1, rel=1e-3)
    assert rate_limits.wait(BALANCE, NOW + 0.11) == 0


def test_the_long_cycles_are_remembered() -> None:
    rate_limits = RateLimits()
    headers = [("X-RateLimit-LongPeriod-1H-Remaining", "900"), ("X-RateLimit-LongPeriod-24H-Remaining", "8000")]
    rate_limits.note(ORDER, [*headers, ("X-RateLimit-LongPeriod-4H-Remaining", "?")], NOW)
    assert rate_limits.long_cycles == {"1H": 900, "24H": 8000}
    rate_limits.note(ORDER, [], NOW)
    assert rate_limits.long_cycles == {"1H": 900, "24H": 8000}


@given(st.lists(st.tuples(st.floats(0, 0.3), st.integers(0, 12)), max_size=60))
def test_no_second_ever_sees_more_than_rate_and_burst(steps: list[tuple[float, int]]) -> None:
    rate_limits, now, sent = RateLimits(), NOW, []
    for pause, remaining in steps:
        now += pause
        if rate_limits.wait(BALANCE, now) == 0:
            rate_limits.take(BALANCE, now)
            sent.append(now)
            rate_limits.note(BALANCE, [("X-RateLimit-Remaining", str(remaining))], now)
    for start in sent:
        assert sum(start <= at < start + 1 for at in sent) <= 20


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0.0),
        ("7", 7.0),
        ("1.5", 1.5),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("x", None),
        ("", None),
        (None, None),
    ],
)
def test_what_a_header_says_is_left_is_a_number_from_0_on_or_as_good_as_absent(
    text: str | None, number: float | None
) -> None:
    assert _count(text) == number


@pytest.mark.parametrize(("limit", "burst"), [("1", 1), ("2", 2), ("0.5", 1)])
def test_a_limit_may_be_as_low_as_the_venue_says(limit: str, burst: int) -> None:
    rate_limits = RateLimits()
    rate_limits.note(BALANCE, [("X-RateLimit-Limit", limit)], NOW)
    assert taken_at_once(rate_limits, BALANCE, NOW) == burst


def test_a_new_limit_gives_nothing_back_that_was_used_of_the_old_one() -> None:
    rate_limits = RateLimits()
    for _ in range(8):
        rate_limits.take(BALANCE, NOW)
    rate_limits.note(BALANCE, [("X-RateLimit-Limit", "20")], NOW)
    assert taken_at_once(rate_limits, BALANCE, NOW) == 2
    assert rate_limits.wait(BALANCE, NOW) == pytest.approx(1 / 20)
