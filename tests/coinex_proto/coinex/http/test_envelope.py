from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinex_proto import PayloadError
from coinex_proto.coinex.http import Batch, BatchItem, Page, assets, futures, spot
from coinex_proto.coinex.http._envelope import Envelope, open_envelope, rows_of

ORDER = {
    "order_id": "13400",
    "market": "CETUSDT",
    "market_type": "SPOT",
    "side": "buy",
    "type": "limit",
    "amount": "10000",
    "unfilled_amount": "1",
    "filled_amount": "9999",
}


def envelope(data: Any, pagination: Any = None) -> Envelope:
    return Envelope(code=0, message="OK", data=data, pagination=pagination)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'"x"',
        b"\xff\xfe",
        b'{"code": "0"}',
        b'{"code": true}',
        b'{"data": {}}',
        b"[" * 100_000,
        b'{"code": 0, "data": NaN}',
    ],
)
def test_a_body_that_is_no_envelope_is_a_payload_error(body: bytes) -> None:
    with pytest.raises(PayloadError):
        open_envelope(body)


@given(st.binary(max_size=200))
def test_no_body_makes_the_reader_fail_otherwise(body: bytes) -> None:
    try:
        open_envelope(body)
    except PayloadError:
        return


def test_fractions_stay_exact() -> None:
    found = open_envelope(b'{"code": 0, "data": {"x": 0.10000000000000000001, "y": 1e-7}}')
    assert found.data == {"x": Decimal("0.10000000000000000001"), "y": Decimal("1E-7")}


def test_the_misspelt_pagination_is_read() -> None:
    assert open_envelope(b'{"code": 0, "data": [], "paginatation": {"total": 0}}').pagination == {"total": 0}


def test_a_message_that_is_no_text_is_none() -> None:
    assert open_envelope(b'{"code": 1, "message": null}').message == ""


def test_digits_in_text_are_an_int() -> None:
    found = rows_of(spot.SpotOrder, envelope(ORDER))
    assert found.order_id == 13400


def test_a_missing_number_is_none_and_not_zero() -> None:
    found = rows_of(spot.SpotOrder, envelope({**ORDER, "price": ""}))
    assert (found.price, found.base_fee, found.client_id) == (None, None, None)


def test_other_spellings_are_read_as_the_documented_one() -> None:
    found = rows_of(spot.SpotOrder, envelope({**ORDER, "last_fill_amount": "3", "last_fill_price": "1.10"}))
    assert (found.last_filled_amount, found.last_filled_price) == (Decimal(3), Decimal("1.10"))


def test_the_documented_spelling_wins_over_another() -> None:
    found = rows_of(spot.SpotOrder, envelope({**ORDER, "last_filled_amount": "3", "last_fill_amount": "4"}))
    assert found.last_filled_amount == Decimal(3)


def test_unknown_members_are_ignored() -> None:
    assert rows_of(spot.SpotOrder, envelope({**ORDER, "news": {"a": [1]}})).market == "CETUSDT"


@pytest.mark.parametrize("text", ["NaN", "sNaN", "Infinity", "-inf"])
def test_a_number_that_is_not_finite_is_refused(text: str) -> None:
    with pytest.raises(PayloadError, match="finite"):
        rows_of(spot.SpotOrder, envelope({**ORDER, "amount": text}))


def test_a_number_that_is_not_finite_is_refused_deep_inside_too() -> None:
    row = {"market": "A", "level": [{"amount": "NaN", "leverage": "1", "maintenance_margin_rate": "1"}]}
    row["level"][0]["min_initial_margin_rate"] = "1"  # type: ignore[index]
    with pytest.raises(PayloadError, match=r"PositionLevels: .*not finite - at `\$\.level\[0\]\.amount`"):
        rows_of(tuple[futures.PositionLevels, ...], envelope([row]))


@pytest.mark.parametrize("data", [None, {}, [], "x", {**ORDER, "amount": "ten"}, {**ORDER, "order_id": 1.5}])
def test_data_that_does_not_fit_a_model_is_a_payload_error(data: Any) -> None:
    with pytest.raises(PayloadError, match="SpotOrder"):
        rows_of(spot.SpotOrder, envelope(data))


@pytest.mark.parametrize("kind", [tuple[assets.SpotBalance, ...], Page[spot.SpotOrder], Batch[spot.SpotOrder]])
def test_an_object_where_a_list_belongs_is_a_payload_error(kind: object) -> None:
    with pytest.raises(PayloadError, match="must be a list, dict came"):
        rows_of(kind, envelope({}))


def test_nothing_is_read_where_nothing_is_promised() -> None:
    assert rows_of(type(None), envelope({"anything": 1})) is None


def test_a_page_without_pagination_says_that_it_does_not_know() -> None:
    assert rows_of(Page[spot.SpotOrder], envelope([ORDER])).has_next is None


@pytest.mark.parametrize("pagination", [None, [], {"has_next": 1, "total": "7"}, {"has_next": None, "total": True}])
def test_a_pagination_that_is_none_counts_as_unknown(pagination: Any) -> None:
    page = rows_of(Page[spot.SpotOrder], envelope([], pagination))
    assert (page.rows, page.has_next, page.total) == ((), None, None)


def test_a_batch_has_one_element_for_each_in_order_wrapped_or_bare() -> None:
    wrapped = {"code": 0, "message": "OK ", "data": ORDER}
    failed = {"code": 3109, "message": "balance not enough", "data": None}
    bare = {**ORDER, "order_id": 7}
    first, second, third = rows_of(Batch[spot.SpotOrder], envelope([wrapped, failed, bare]))
    assert first == BatchItem(code=0, message="OK", data=first.data)
    assert first.data is not None
    assert first.is_ok
    assert (second.is_ok, second.code, second.message, second.data) == (False, 3109, "balance not enough", None)
    assert third.is_ok
    assert third.data.order_id == 7


def test_a_failed_element_may_have_an_empty_object_as_data() -> None:
    (only,) = rows_of(Batch[spot.StopId], envelope([{"code": 4001, "data": {}}]))
    assert (only.code, only.message, only.data) == (4001, "", None)


@pytest.mark.parametrize("element", [None, [], {}, {"code": "0", "data": ORDER}, {"code": 0, "data": {}}])
def test_an_element_that_cannot_be_read_is_a_payload_error(element: Any) -> None:
    with pytest.raises(PayloadError):
        rows_of(Batch[spot.SpotOrder], envelope([element]))


def test_an_element_of_a_batch_that_failed_may_leave_its_data_out() -> None:
    (only,) = rows_of(Batch[spot.SpotOrder], envelope([{"code": 3109, "message": "balance"}]))
    assert only == BatchItem(code=3109, message="balance")
