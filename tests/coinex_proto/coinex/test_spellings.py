"""A model filled from any of its spellings, by what it says at its attributes."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import field, fields, frozen

from coinex_proto.coinex import account_updates
from coinex_proto.coinex._spellings import list_of, object_of
from coinex_proto.errors import PayloadError
from coinex_proto.fitting import MAY_BE_NULL, also_spelt, fitted


@frozen(kw_only=True)
class Row:
    size: Decimal = field(metadata=also_spelt("amount"))
    last: Decimal | None = None
    count: int | None = None
    note: str = ""


@frozen(kw_only=True)
class Book:
    rows: tuple[Row, ...] = field(metadata=MAY_BE_NULL)
    is_full: bool = field(default=False, metadata=MAY_BE_NULL)
    best: Row


BEST = {"size": "1"}


def in_any_spelling(model: Any, value: Any) -> Any:
    return fitted(model, value)[0]


@pytest.mark.parametrize(
    "value", [{"size": "1"}, {"amount": "1"}, {"size": "1", "amount": "2"}, {"amount": "2", "size": 1}]
)
def test_todays_name_counts_and_the_other_stands_in_for_it(value: Any) -> None:
    assert in_any_spelling(Row, value) == Row(size=Decimal(1))


def test_an_empty_text_is_an_absent_number_where_one_may_be_absent() -> None:
    assert in_any_spelling(Row, {"size": "1", "last": "", "count": "", "note": ""}) == Row(size=Decimal(1))
    with pytest.raises(PayloadError):
        in_any_spelling(Row, {"size": ""})


@pytest.mark.parametrize("value", [{"rows": None}, {"rows": None, "is_full": None}, {"rows": [], "is_full": False}])
def test_a_list_or_flag_may_be_null(value: Any) -> None:
    assert in_any_spelling(Book, {**value, "best": BEST}) == Book(rows=(), best=Row(size=Decimal(1)))


def test_models_within_a_model_have_spellings_of_their_own() -> None:
    found = in_any_spelling(Book, {"rows": [{"amount": "2", "more": 1}], "best": {"amount": "3"}, "is_full": True})
    assert (found.rows[0].size, found.best.size, found.is_full) == (Decimal(2), Decimal(3), True)


@pytest.mark.parametrize("value", [{"best": 5, "rows": []}, {"best": BEST, "rows": 5}, {"best": BEST, "rows": [5]}, []])
def test_what_is_no_object_or_list_is_refused(value: Any) -> None:
    with pytest.raises(PayloadError, match="expected"):
        in_any_spelling(Book, value)


def test_objects_and_lists_pass_as_they_are() -> None:
    assert object_of(BEST) is BEST
    assert list_of(some := [1]) is some


@pytest.mark.parametrize("model", [account_updates.Order, account_updates.Position, account_updates.NoticeInfo])
def test_the_typed_pass_cannot_succeed_without_a_name_that_has_another(model: Any) -> None:
    assert any(attribute.metadata and attribute.default is not None for attribute in fields(model))
