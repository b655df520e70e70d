"""The table of requests: every row pinned, every command with a row, every row with a command."""

from typing import Any

import pytest

from coinex_proto import qfex
from coinex_proto.ids import RequestId
from coinex_proto.qfex._trade import commands, own_commands, queries
from coinex_proto.qfex._trade.command import TradeCommand
from coinex_proto.qfex._trade.requests import (
    REQUESTS,
    key_of_echo,
    keys_of_message,
    keys_of_request,
    request_type,
)

TRADE = qfex.trade(qfex.HmacCredentials("a", "b"))
ROWS = {
    # name: bucket, weight, may be delayed, answer is optional
    "auth": ("orders", 0.0, True, False),
    "subscribe": ("orders", 0.1, True, False),
    "unsubscribe": ("orders", 0.1, True, False),
    "cancel_on_disconnect": ("orders", 0.1, True, True),
    "add_order": ("orders", 1.0, False, False),
    "close_position": ("orders", 1.0, False, False),
    "modify_order": ("orders", 1.0, False, False),
    "cancel_order": ("cancels", 1.0, False, False),
    "cancel_all_orders": ("cancels", 2.0, False, False),
    "modify_stop_order": ("orders", 1.0, False, False),
    "cancel_stop_order": ("cancels", 1.0, False, False),
    "add_twap": ("orders", 1.0, False, False),
    "set_user_leverage": ("orders", 0.1, False, False),
    "get_order": ("orders", 2.0, True, False),
    "get_user_orders": ("orders", 5.0, True, False),
    "get_user_trades": ("orders", 0.5, True, False),
    "get_user_leverage": ("orders", 0.1, True, False),
    "get_available_leverage_levels": ("orders", 0.1, True, False),
}


def test_every_row_is_pinned() -> None:
    assert list(REQUESTS) == list(ROWS)


@pytest.mark.parametrize("name", list(ROWS))
def test_a_row_says_bucket_weight_and_whether_it_may_be_delayed(name: str) -> None:
    row = request_type(name)
    assert (row.bucket, row.weight, row.may_wait, row.is_reply_optional) == ROWS[name]


def command_classes() -> set[type[TradeCommand[Any]]]:
    return {
        kind
        for module in (commands, own_commands, queries)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, TradeCommand) and kind is not TradeCommand
    }


def test_every_command_has_a_row_of_its_own_and_every_row_a_command() -> None:
    assert sorted(kind.type for kind in command_classes()) == sorted(REQUESTS)


def test_every_command_that_is_not_the_sessions_own_is_exported() -> None:
    own = {kind for kind in command_classes() if kind.__module__ == own_commands.__name__}
    assert {kind.__name__ for kind in command_classes() - own} <= set(qfex.__all__)
    assert not {kind.__name__ for kind in own} & set(qfex.__all__)


@pytest.mark.parametrize("name", [name for name in ROWS if name not in ("auth", "cancel_on_disconnect")])
def test_a_raw_request_is_limited_as_the_command_of_its_name(name: str) -> None:
    outgoing = TRADE.encode(qfex.Raw(name, {}), RequestId(1))
    assert (outgoing.bucket, outgoing.weight, outgoing.may_wait, outgoing.is_reply_optional) == ROWS[name]


@pytest.mark.parametrize(("name", "bucket"), [("of_next_year", "orders"), ("cancel_of_next_year", "cancels")])
def test_a_request_that_nobody_knows_may_trade(name: str, bucket: str) -> None:
    outgoing = TRADE.encode(qfex.Raw(name), RequestId(1))
    assert (outgoing.bucket, outgoing.weight, outgoing.may_wait) == (bucket, 1.0, False)
    assert outgoing.keys == ((name,),)


@pytest.mark.parametrize("name", list(ROWS))
def test_the_echo_of_any_request_can_be_looked_up(name: str) -> None:
    odd: tuple[Any, ...] = (
        {},
        None,
        [],
        {"channels": 7},
        {"order_id": [], "channels": [{}]},
        {"quantity": "x", "price": True},
    )
    for params in odd:
        for key in keys_of_message({"type": name, "params": params}):
            hash(key)


def test_an_echo_has_the_very_own_key_of_its_request() -> None:
    params = {"order_id": "1", "symbol": "A-USD"}
    assert key_of_echo({"type": "get_order", "params": params}) == keys_of_request("get_order", params)[:1]
    assert key_of_echo({"type": "get_user_orders"}) == (("get_user_orders",),)
    assert keys_of_message({"type": 7}) == (("",),)
