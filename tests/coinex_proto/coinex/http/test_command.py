from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from attrs import frozen

from coinex_proto import Command, PayloadError, UsageError
from coinex_proto.coinex.http import Call, HttpCommand, HttpRefused, call, futures, spot, system


def test_a_call_is_a_command_of_the_sdk_and_reads_its_own_answer() -> None:
    command = system.Time()
    assert isinstance(command, Command)
    assert command.parse(b'{"code": 0, "data": {"timestamp": 1642231731234}}').timestamp == 1642231731234


def test_a_call_refuses_an_answer_with_a_code() -> None:
    with pytest.raises(HttpRefused, match="code 4001"):
        system.Time().parse(b'{"code": 4001, "data": {}, "message": ""}')


def test_a_call_refuses_an_answer_that_is_none() -> None:
    with pytest.raises(PayloadError):
        system.Time().parse(b"")


def test_the_cost_is_one_except_for_batches() -> None:
    assert system.Time().cost == 1
    assert spot.CancelBatchOrder(market="A", order_ids=(1, 2, 3)).cost == 3
    assert spot.GetMultiOrderStatus(market="A", order_ids=(1, 2, 3)).cost == 1
    assert call("POST", "/futures/cancel-batch-order", market="A", order_ids=[1, 2]).cost == 2
    assert call("POST", "/futures/cancel-batch-order", market="A").cost == 1


def test_a_free_call_gives_plain_json_with_exact_numbers() -> None:
    command = call("GET", "/futures/ticker", market="BTCUSDT")
    assert command.parse(b'{"code": 0, "data": [{"last": "1.10", "x": 0.1}]}') == [
        {"last": "1.10", "x": Decimal("0.1")}
    ]


def test_a_free_call_leaves_out_what_is_none_and_keeps_the_order() -> None:
    command = call("GET", "/spot/kline", market="A", limit=None, period="1min")
    assert list(command.parameters()) == ["market", "period"]


def test_a_free_call_cannot_be_changed_afterwards() -> None:
    arguments: dict[str, Any] = {"market": "A"}
    command = Call(method="GET", path="/spot/ticker", arguments=arguments)
    arguments["market"] = "B"
    assert command.parameters() == {"market": "A"}
    with pytest.raises(TypeError):
        command.arguments["market"] = "C"  # type: ignore[index]


def test_a_free_call_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(UsageError, match="is a GET, not a POST"):
        call("POST", "/spot/ticker")
    with pytest.raises(UsageError, match="float"):
        call("POST", "/spot/order", amount=0.1)


def test_a_call_says_how_to_find_out_only_where_it_knows() -> None:
    assert call("POST", "/account/settings", cet_discount_enabled=True).question() == ""
    assert call("GET", "/assets/withdraw").question() == ""
    assert system.Time().question() == ""
    closing = futures.ClosePosition(market="BTCUSDT", type="market", client_id="c1")
    assert "resolve_order('c1')" in closing.question()


def test_a_class_without_a_route_or_a_result_is_an_error_of_ours() -> None:
    @frozen(kw_only=True)
    class Nowhere(HttpCommand[None]):
        pass

    with pytest.raises(NotImplementedError, match="Nowhere has no route"):
        _ = Nowhere().route
    with pytest.raises(TypeError, match="does not say what its answer is read as"):
        _Untold().parse(b'{"code": 0}')


@frozen(kw_only=True)
class _Untold(HttpCommand):  # type: ignore[type-arg]
    route = system.Time.route


def test_an_empty_batch_costs_one_and_one_of_ten_costs_ten() -> None:
    for count in (0, 1, 10):
        command = call("POST", "/futures/cancel-batch-order", market="A", order_ids=list(range(count)))
        assert command.cost == max(1, count)
