"""The names of requests, topics and orders."""

from __future__ import annotations

from coinex_proto import OLDEST


def test_oldest_is_one_of_a_kind() -> None:
    assert len({OLDEST, OLDEST}) == 1
    assert type(OLDEST)() != OLDEST
    assert repr(OLDEST) == "OLDEST"
