"""Token buckets and sliding windows."""

from __future__ import annotations

from coinex_proto.simulator.hosting.rates import Buckets, Window


def test_a_bucket_holds_one_second_and_refills_evenly() -> None:
    bucket = Buckets().bucket(1, "orders", 10, 100.0)
    assert bucket.take(10, 100.0)
    assert not bucket.take(1, 100.05)
    assert bucket.take(1, 100.1)
    assert not bucket.take(11, 200.0)
    assert bucket.take(10, 200.0)


def test_accounts_and_groups_have_buckets_of_their_own() -> None:
    buckets = Buckets()
    assert buckets.bucket(1, "orders", 5, 0.0).take(5, 0.0)
    assert buckets.bucket(1, "queries", 5, 0.0).take(5, 0.0)
    assert buckets.bucket(2, "orders", 5, 0.0).take(5, 0.0)
    assert not buckets.bucket(1, "orders", 5, 0.0).take(1, 0.0)


def test_a_window_lets_so_many_through_in_any_span() -> None:
    window = Window(2, 10.0)
    assert [window.take(at) for at in (0.0, 5.0, 9.9, 10.0, 10.1, 15.0)] == [True, True, False, True, False, True]
