"""What the session sends by itself: sign-in and subscriptions, each with the state as its answer."""

import json
from typing import Any

import pytest

from coinex_proto import PayloadError
from coinex_proto.coinflex import BookOrder, OrdersUpdate
from coinex_proto.coinflex._own_commands import Authenticate, UnwatchOrders, UnwatchTicker, WatchOrders, WatchTicker

PAIR: dict[str, Any] = {"base": 1, "counter": 2}
FIGURES: dict[str, Any] = {"last": 1, "bid": None, "ask": 3, "low": None, "high": 5, "volume": 6}


@pytest.mark.parametrize(
    ("command", "method", "is_on"),
    [
        (WatchOrders(**PAIR), "WatchOrders", True),
        (UnwatchOrders(**PAIR), "WatchOrders", False),
        (WatchTicker(**PAIR), "WatchTicker", True),
        (UnwatchTicker(**PAIR), "WatchTicker", False),
    ],
)
def test_a_subscription_is_on_or_off_for_one_market(command: Any, method: str, is_on: bool) -> None:
    assert (command.method, command.params()) == (method, {**PAIR, "watch": is_on})
    assert command.is_once is is_on
    assert (2 in command.already_on) is is_on
    if not is_on:
        assert command.parse(b"{}") is None


def test_the_reply_is_the_state_of_the_market_that_was_named() -> None:
    order = {"id": 1, "quantity": 2, "price": 3, "time": 4}
    assert WatchOrders(**PAIR).parse(json.dumps({"orders": [order]}).encode()) == OrdersUpdate(
        **PAIR, orders=(BookOrder(**order),)
    )
    ticker = WatchTicker(**PAIR).parse(json.dumps(FIGURES).encode())
    assert {name: getattr(ticker, name) for name in (*PAIR, *FIGURES)} == {**PAIR, **FIGURES}


@pytest.mark.parametrize("command", [WatchOrders(**PAIR), WatchTicker(**PAIR)])
@pytest.mark.parametrize("body", [b"{", b"{}", b'{"orders":[{}],"last":"x"}'])
def test_a_reply_that_is_not_as_documented_is_a_payload_error(command: Any, body: bytes) -> None:
    with pytest.raises(PayloadError, match=f"the reply to {command.method}"):
        command.parse(body)


def test_the_sign_in_shows_nothing_but_the_user() -> None:
    login = Authenticate(user_id=7, cookie="biscuit", nonce="n0nce", signature=("rrr", "sss"))
    assert repr(login) == "Authenticate(user_id=7)"
    assert login.params() == {"user_id": 7, "cookie": "biscuit", "nonce": "n0nce", "signature": ("rrr", "sss")}
    assert login.parse(b"{}") is None  # type: ignore[func-returns-value]
