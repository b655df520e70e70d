from __future__ import annotations

from typing import Any

import pytest

from coinex_proto import UsageError
from coinex_proto.coinex.http import HttpCommand, futures, spot
from coinex_proto.coinex.http._by_market_type.order import OrderTerms

HALVES: tuple[Any, ...] = (spot, futures)


def commands(half: Any) -> dict[str, type[HttpCommand[Any]]]:
    return {
        name: each
        for name in half.__all__
        if isinstance(each := getattr(half, name), type) and issubclass(each, HttpCommand)
    }


def test_whatever_spot_has_futures_have_too_at_the_same_place_below_their_half() -> None:
    ours, theirs = commands(spot), commands(futures)
    assert set(ours) <= set(theirs)
    for name, kind in ours.items():
        assert str(kind.route).replace("/spot/", "/futures/") == str(theirs[name].route), name


def test_the_other_half_s_command_is_another_command() -> None:
    cancels = [half.CancelOrder(market="BTCUSDT", order_id=1) for half in HALVES]
    assert cancels[0] != cancels[1]


@pytest.mark.parametrize(("half", "market_type"), [(spot, "SPOT"), (futures, "FUTURES")])
def test_a_market_type_that_is_left_out_is_that_of_the_half(half: Any, market_type: str) -> None:
    made = (
        half.EditOrder(market="BTCUSDT", order_id=1, price="2"),
        half.CancelAllOrder(market="BTCUSDT"),
        half.CancelOrderByClientId(client_id="mine"),
        half.ListPendingOrder(),
        half.ListFinishedStopOrder(),
        half.ListUserDeals(market="BTCUSDT"),
    )
    assert {each.parameters()["market_type"] for each in made} == {market_type}


@pytest.mark.parametrize("half", HALVES)
def test_what_an_order_is_described_with_goes_out_in_the_document_s_order(half: Any) -> None:
    for kind in (half.PutOrder, half.PutStopOrder):
        assert issubclass(kind, OrderTerms)
        given = {"market": "A", "side": "buy", "type": "limit", "amount": 1, "price": 2, "is_hide": True}
        stop = {} if kind is half.PutOrder else {"trigger_price": 3}
        watched = {"trigger_price_type": "mark_price"} if stop and half is futures else {}
        sent = list(kind(**given, **stop, **watched, client_id="mine", stp_mode="ct").parameters())
        head = ["market", "market_type", "side", "type", "amount", "price", "client_id", "is_hide", "stp_mode"]
        assert sent == [*head, *stop, *watched]


@pytest.mark.parametrize("half", HALVES)
def test_a_lost_order_is_looked_for_in_its_half(half: Any) -> None:
    order = half.PutOrder(market="A", side="buy", type="limit", amount=1, price=2, client_id="mine")
    assert f"GET /{order.route.module}/pending-order client_id=mine" in order.question()


@pytest.mark.parametrize("half", HALVES)
def test_an_order_that_cannot_be_is_refused_before_it_leaves(half: Any) -> None:
    given = {"market": "A", "side": "buy", "amount": 1}
    with pytest.raises(UsageError, match='type "limit" needs a price'):
        half.PutOrder(**given, type="limit")
    with pytest.raises(UsageError, match="EditOrder changes nothing"):
        half.EditOrder(market="A", order_id=1)


@pytest.mark.parametrize("half", HALVES)
def test_an_order_that_leaves_is_being_sent(half: Any) -> None:
    said = half.PutOrder(market="A", side="buy", type="limit", amount=1, price=2, client_id="mine").order()
    assert (said.state, said.client_order_id, said.market) == ("sending", "mine", "A")


@pytest.mark.parametrize("half", HALVES)
def test_of_a_lost_batch_each_order_is_looked_for(half: Any) -> None:
    made = [half.PutOrder(market="A", side="buy", type="limit", amount=1, price=2, client_id=name) for name in "xyx"]
    question = half.PutMultiOrder(orders=tuple(made)).question()
    assert question == f"{made[0].question()}; {made[1].question()}"
