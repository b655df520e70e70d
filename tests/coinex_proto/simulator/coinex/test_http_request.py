"""Parameters, pages and batches of HTTP requests."""

from __future__ import annotations

import pytest

from coinex_proto.simulator.coinex.error_codes import ApiError
from coinex_proto.simulator.coinex.http_request import ApiRequest, batch, code_and_message
from coinex_proto.simulator.market.refusals import OrderRefused
from tests.coinex_proto.simulator.http_peer import data, place, request
from tests.coinex_proto.simulator.peer import quiet_server


def made(**params: object) -> ApiRequest:
    return ApiRequest(server=quiet_server(), module="spot", params=params, owner=0)


def test_lists_come_newest_first_in_pages() -> None:
    server = quiet_server()
    ids = [
        place(server, side=("buy", "sell")[number % 2], price="65000" if number % 2 else "50000", amount="0.1")[
            "order_id"
        ]
        for number in range(12)
    ]
    answer = request(server, "GET", "/v2/spot/pending-order?market_type=SPOT&page=2&limit=5")[2]
    assert [order["order_id"] for order in answer["data"]] == ids[::-1][5:10]
    assert answer["pagination"] == {"has_next": True, "total": 12}
    sells = data(server, "GET", "/v2/spot/pending-order?market_type=SPOT&side=sell&limit=100")
    assert [order["order_id"] for order in sells] == ids[::-1][::2]


def test_a_parameter_is_read_in_its_form() -> None:
    found = made(text="x", digits="12", number=3, amount="1.50", names="BTCUSDT,NO")
    assert (found.text("text"), found.text("missing", "y")) == ("x", "y")
    assert (found.number("digits"), found.number("number"), found.number("missing", 7)) == (12, 3, 7)
    assert (found.scaled("amount", 2), found.scaled_or_none("missing", 2)) == (150, None)
    assert found.one_of("text", ("x", "y")) == "x"


@pytest.mark.parametrize(
    ("method", "value"),
    [
        ("text", 1),
        ("text", ""),
        ("number", "1.5"),
        ("number", True),
        ("word", "z"),
    ],
)
def test_a_parameter_in_another_form_is_refused_by_its_name(method: str, value: object) -> None:
    found = made(name=value)
    with pytest.raises(ApiError, match="Invalid Parameter: name") as error:
        match method:
            case "text":
                found.text("name")
            case "number":
                found.number("name")
            case _:
                found.one_of("name", ("x", "y"))
    assert error.value.code == 3639


@pytest.mark.parametrize("value", ["0", "1.123", "-1", "1e3", "٣", "x"])
def test_a_number_that_is_none_or_not_above_zero_is_an_invalid_argument(value: str) -> None:
    with pytest.raises(ApiError, match="invalid argument") as error:
        made(name=value).scaled("name", 2)
    assert error.value.code == 4004


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("false", False), (True, True), (False, False)])
def test_a_truth_value_comes_as_a_word_or_as_json(value: object, expected: bool) -> None:
    assert made(name=value).flag("name") is expected


@pytest.mark.parametrize("value", ["", "1", 1, [], None])
def test_anything_else_is_no_truth_value(value: object) -> None:
    with pytest.raises(ApiError, match="Invalid Parameter: name"):
        made(name=value).flag("name")


def test_a_word_in_capitals_may_come_in_small_letters() -> None:
    assert made(name="spot").word("name", ("SPOT", "MARGIN")) == "SPOT"
    with pytest.raises(ApiError, match="Invalid Parameter: name"):
        made(name="spot").word("name", ("FUTURES",))


def test_an_unknown_market_is_refused_and_left_out_of_lists() -> None:
    assert [market.spec.name for market in made(market="BTCUSDT,NO").markets()] == ["BTCUSDT"]
    with pytest.raises(ApiError, match="market NO not found"):
        made(market="NO").market()
    with pytest.raises(ApiError, match="market NO not found"):
        made(market="NO,NEITHER").markets()


def test_each_item_of_a_batch_answers_for_itself() -> None:
    def one(reason: str) -> str:
        if reason:
            raise OrderRefused(reason)
        return "done"

    assert [(row["code"], row["data"]) for row in batch(["", "balance", ""], one)] == [
        (0, "done"),
        (3109, None),
        (0, "done"),
    ]
    assert code_and_message(ApiError(4005, "why")) == (4005, "why")


@pytest.mark.parametrize("name", ["page", "limit"])
def test_pages_are_counted_from_one(name: str) -> None:
    answer = request(quiet_server(), "GET", f"/v2/spot/pending-order?market_type=SPOT&{name}=0")[2]
    assert (answer["code"], answer["message"]) == (3639, f"Invalid Parameter: {name}")
