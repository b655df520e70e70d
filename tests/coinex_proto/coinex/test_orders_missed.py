"""Which own orders were in a push that cannot be read: as much as can be seen."""

from __future__ import annotations

import json
from typing import Any

import pytest

from coinex_proto.coinex._orders_missed import orders_missed, orders_of_unknown

ORDER = {"order_id": 7, "market": "BTCUSDT", "client_id": "mine", "price": []}


def written(value: object) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize("kind", ["order", "user_deals"])
def test_a_push_of_own_orders_names_the_order(kind: str) -> None:
    for data in (ORDER, {"event": "put", "order": ORDER}):
        found = orders_missed(kind, written(data))
        assert found is not None
        assert (found.topic, found.market) == ((kind, "BTCUSDT"), "BTCUSDT")
        assert (found.order_id, found.client_order_id) == (7, "mine")


@pytest.mark.parametrize("kind", ["stop", "depth", "balance", "order_of_next_year"])
def test_another_push_tells_of_no_order(kind: str) -> None:
    assert orders_missed(kind, written(ORDER)) is None


@pytest.mark.parametrize("data", [b"{", b"7", b"[]", b"null", written({"order": 7})])
def test_of_what_shows_nothing_any_own_order_may_have_been_told(data: bytes) -> None:
    found = orders_missed("order", data)
    assert found is not None
    assert found.topic == ("order", None)
    assert (found.market, found.order_id, found.client_order_id) == (None, None, None)
    assert orders_of_unknown(data) is None


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (7, 7),
        ("7", 7),
        ("9" * 19, int("9" * 19)),
        ("9" * 20, None),
        ("", None),
        ("-7", None),
        ("\u0667", None),
        ("7.0", None),
        (7.0, None),
        (True, None),
        (None, None),
    ],
)
def test_an_id_is_a_whole_number_or_its_text(sent: Any, read: int | None) -> None:
    found = orders_missed("order", written({**ORDER, "order_id": sent}))
    assert found is not None
    assert found.order_id == read
    unknown = orders_of_unknown(written({**ORDER, "order_id": sent}))
    assert (unknown is None) is (read is None)
    if unknown is not None:
        assert (unknown.topic, unknown.order_id) == (("order", "BTCUSDT"), read)


@pytest.mark.parametrize("text", ["", 7, None, []])
def test_what_is_no_name_is_none(text: object) -> None:
    found = orders_missed("order", written({"order_id": 7, "market": text, "client_id": text}))
    assert found is not None
    assert (found.topic, found.market, found.client_order_id) == (("order", None), None, None)
