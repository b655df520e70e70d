"""An answer over HTTP as typed rows, and what cannot be one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from attrs import frozen

from coinex_proto import PayloadError
from coinex_proto.qfex.http._reading import read_json, read_text
from coinex_proto.rows import Row as KeptRow


@frozen(kw_only=True)
class Row:
    name: str
    price: Decimal | None = None


@frozen(kw_only=True)
class Table:
    rows: tuple[Row, ...]
    more: tuple[Row, ...] | None = None
    levels: tuple[tuple[Decimal, ...], ...] = ()


@pytest.mark.parametrize("written", ["1.10", '"1.10"'])
def test_numbers_are_exact_from_numbers_and_from_texts(written: str) -> None:
    (row,) = read_json(Table, f'{{"rows": [{{"name": "a", "price": {written}}}]}}'.encode()).rows
    assert str(row.price) == "1.10"


def test_an_array_that_is_null_is_empty_at_any_depth_unless_it_may_be_none() -> None:
    assert read_json(Table, b'{"rows": null, "more": null, "levels": [null, [1]]}') == Table(
        rows=(), more=None, levels=((), (Decimal(1),))
    )


def test_members_that_nobody_knows_are_left_out() -> None:
    assert read_json(Table, b'{"$schema": "x", "rows": [{"name": "a", "new": null}]}') == Table(rows=(Row(name="a"),))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "not JSON"),
        (b"<html>", "not JSON"),
        (b"[]", "Table: "),
        (b"null", "Table: "),
        (b'{"rows": {}}', "Table: "),
        (b'{"rows": [1]}', "Table: "),
        (b'{"rows": [{"price": 1}]}', "Table: "),
    ],
)
def test_what_is_not_as_documented_is_a_payload_error_with_the_name_of_the_answer(body: bytes, words: str) -> None:
    with pytest.raises(PayloadError, match=words):
        read_json(Table, body)


@pytest.mark.parametrize("number", [b'"NaN"', b'"Infinity"', b'"x"', b"[]"])
def test_a_member_that_a_row_can_do_without_is_none_where_it_cannot_be_read(number: bytes) -> None:
    assert read_json(Table, b'{"rows": [{"name": "a", "price": %s}]}' % number) == Table(rows=(Row(name="a"),))


@pytest.mark.parametrize(("body", "value"), [(b"", None), (b"  \n", None), (b'{"a": 1.5}', {"a": Decimal("1.5")})])
def test_without_a_class_plain_values_are_read_and_nothing_is_none(body: bytes, value: Any) -> None:
    assert read_json(None, body) == value


def test_a_text_is_utf_8() -> None:
    assert read_text("Ä,1\n".encode()) == "Ä,1\n"
    with pytest.raises(PayloadError, match="not UTF-8"):
        read_text(b"\xff")


@frozen(kw_only=True)
class Deal(KeptRow):
    name: str
    price: Decimal | None = None


@frozen(kw_only=True)
class Deals(KeptRow):
    deals: tuple[Deal, ...] = ()
    levels: tuple[tuple[int, ...], ...] | None = None


def test_what_a_row_does_not_know_or_cannot_read_stands_in_its_extra() -> None:
    found = read_json(Deals, b'{"deals": [{"name": "a", "price": "x", "new": 1}], "more": [2]}')
    assert found.extra == {"more": [2]}
    (deal,) = found.deals
    assert (deal.price, deal.extra) == (None, {"price": "x", "new": 1})
    assert read_json(Deals, b'{"deals": []}').extra == {}


def test_within_an_array_that_may_be_none_an_array_that_is_null_is_empty_too() -> None:
    assert read_json(Deals, b'{"levels": [null, [1]]}').levels == ((), (1,))
    assert read_json(Deals, b'{"levels": null}').levels is None
