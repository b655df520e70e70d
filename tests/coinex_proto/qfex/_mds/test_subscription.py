"""The wire form of a subscription, and the keys that find its acknowledgement."""

from decimal import Decimal
from typing import Any

import pytest

from coinex_proto.qfex._mds.subscription import MarketSubscription, keys_of, names_in


def test_intervals_and_sig_figs_are_left_out_where_there_are_none() -> None:
    plain = MarketSubscription(type="subscribe", channels=("bbo",), symbols=("A-USD",))
    assert plain.message() == {"type": "subscribe", "channels": ("bbo",), "symbols": ("A-USD",)}
    more = MarketSubscription(
        type="unsubscribe", channels=("candle",), symbols=("*",), intervals=("1DAY",), sig_figs=(2,)
    )
    assert more.message()["intervals"] == ("1DAY",)
    assert more.message()["sig_figs"] == (2,)
    assert plain.parse(b"anything") is None  # type: ignore[func-returns-value]


def test_the_whole_request_is_its_first_key_and_each_symbol_one_more() -> None:
    first, *parts = keys_of({"type": "subscribe", "channels": ["bbo"], "symbols": ["A", "B"]})
    assert first == ("subscribe", frozenset({"bbo"}), frozenset({"A", "B"}), frozenset(), frozenset())
    assert set(parts) == {("subscribe", "bbo", symbol, frozenset(), frozenset()) for symbol in ("A", "B")}


@pytest.mark.parametrize("echo", [{"sig_figs": [0]}, {"sig_figs": [Decimal("0.0")]}, {"sig_figs": None}, {}])
def test_an_echo_of_the_default_is_the_same_request(echo: dict[str, Any]) -> None:
    base = {"type": "subscribe", "channels": ["level2"], "symbols": ["A"]}
    assert keys_of({**base, **echo}) == keys_of(base)


@pytest.mark.parametrize(
    ("value", "names"),
    [
        (["a", 1], {"a", "1"}),
        ([Decimal("1.0")], {"1"}),
        ([Decimal("2.0")], {"2"}),
        ([Decimal("3.0")], {"3.0"}),
        ([Decimal("2.5")], {"2.5"}),
        ([2.0], {"2.0"}),
        ("a", set()),
        (None, set()),
        ({}, set()),
    ],
)
def test_only_a_list_has_names(value: object, names: set[str]) -> None:
    assert names_in(value) == names
