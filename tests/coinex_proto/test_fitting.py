"""The second reading: every member of every model, removed, nulled, emptied and mistyped."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from types import NoneType
from typing import Any, get_args

import attrs
import msgspec
import pytest

from coinex_proto.errors import PayloadError
from coinex_proto.fitting import ESSENTIAL, MAY_BE_NULL, also_spelt, essential_members, fitted
from tests.coinex_proto.models import MODELS, choices, hints_of, members, sample

each_model = pytest.mark.parametrize(
    "model", MODELS, ids=lambda model: f"{model.__module__.split('.')[1]}-{model.__name__}"
)


def essential(model: Any) -> Iterator[Any]:
    return (one for one in members(model) if one.name in MODELS[model].split())


def others(model: Any) -> Iterator[Any]:
    return (one for one in members(model) if one.name not in MODELS[model].split())


def odd(hint: Any) -> object:
    """What no member of this type can be."""
    return [[]] if choices(hint)[0] is not Any else None


@each_model
def test_the_whole_sample_fits_and_nothing_is_left_out(model: Any) -> None:
    if model.__name__ == "Asset":
        assert fitted(model, sample(model))[0].scale == 100
        return
    found, left_out = fitted(model, sample(model))
    assert isinstance(found, model)
    assert left_out == ()


@each_model
def test_what_is_essential_is_what_is_said_here(model: Any) -> None:
    listed = {one.name for one in members(model) if "each alone" in one.metadata}
    assert essential_members(model) - listed == set(MODELS[model].split())


@each_model
def test_an_essential_member_of_another_type_makes_it_unreadable_and_is_named(model: Any) -> None:
    hints = hints_of(model)
    for one in essential(model):
        with pytest.raises(PayloadError, match=rf"at `\$\.{one.name}"):
            fitted(
                model,
                {**sample(model), one.name: {"odd": {}} if "tuple" in str(hints[one.name]) else odd(hints[one.name])},
            )


@each_model
def test_an_essential_member_that_is_always_sent_cannot_be_missing_or_null(model: Any) -> None:
    for one in essential(model):
        if one.default is not attrs.NOTHING or NoneType in get_args(hints_of(model)[one.name]):
            continue
        whole = sample(model)
        del whole[one.name]
        with pytest.raises(PayloadError, match=rf"at `\$\.{one.name}`"):
            fitted(model, whole)
        if "may be null" not in one.metadata:
            with pytest.raises(PayloadError, match=rf"at `\$\.{one.name}`"):
                fitted(model, {**whole, one.name: None})


@each_model
@pytest.mark.parametrize("worse", ["missing", None, "", [[]], {"odd": 1}, True, "NaN"], ids=repr)
def test_any_other_member_costs_that_member_only(model: Any, worse: object) -> None:
    hints = hints_of(model)
    expected, _ = fitted(model, sample(model))
    for one in others(model):
        kinds = choices(hints[one.name])
        if (worse is True and bool in kinds) or (isinstance(worse, str) and str in kinds and worse != "missing"):
            continue  # it fits
        whole = {**sample(model), one.name: worse}
        if worse == "missing":
            del whole[one.name]
        found, left_out = fitted(model, whole)
        emptied = () if "each alone" in one.metadata else None
        value = getattr(found, one.name)
        assert value == emptied or (worse == "missing" and value == one.default), one.name
        assert attrs.evolve(found, **{one.name: getattr(expected, one.name)}) == expected, one.name
        if worse not in (None, "missing"):
            assert len(left_out) == 1, one.name
            assert left_out[0].startswith(f"$.{one.name}"), one.name


@each_model
def test_the_typed_pass_takes_what_is_missing_or_null_of_a_member_it_can_do_without(model: Any) -> None:
    decode = msgspec.json.Decoder(model, strict=False).decode
    for one in others(model):
        if one.default is attrs.NOTHING or "each alone" in one.metadata:
            continue  # it may stand there under another name, or is null for an empty list: the second reading looks
        whole = sample(model)
        assert getattr(decode(msgspec.json.encode({**whole, one.name: None})), one.name) is None
        del whole[one.name]
        assert getattr(decode(msgspec.json.encode(whole)), one.name) == one.default


# The rules one by one ---------------------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Inner:
    price: Decimal
    note: str | None = None


@attrs.frozen(kw_only=True)
class Outer:
    id: int
    level: tuple[str, str] = ("", "")
    best: Inner | None = None
    rows: tuple[Inner, ...] = attrs.field(default=(), metadata=MAY_BE_NULL)
    size: Decimal | None = attrs.field(default=None, metadata=ESSENTIAL)
    created_at: int | None = None
    count: int | None = None


def outer(**sent: object) -> Outer:
    return fitted(Outer, {"id": 1, **sent})[0]


def test_what_stands_behind_the_documented_entries_of_a_level_is_left_aside() -> None:
    assert outer(level=["1", "2", 4, {}]).level == ("1", "2")
    assert outer(level=[1, Decimal("2.50")]).level == ("1", "2.50")
    with pytest.raises(PayloadError, match=r"expected a list of 2, got 1 - at `\$.level`"):
        outer(level=["1"])


@pytest.mark.parametrize(
    ("sent", "time", "count"),
    [
        (Decimal("1800000000123.0"), 1800000000123, 1800000000123),
        (Decimal("1800000000123.5"), 1800000000123, None),
        ("1800000000123.5", 1800000000123, None),
        (Decimal("1.8E+12"), 1800000000000, 1800000000000),
        ("16.7", 16, None),
        (Decimal("1E+30"), 10**30, 10**30),
        (Decimal("1E+31"), None, None),
        (Decimal("1E+999999999"), None, None),
        ("1E+999999999", None, None),
        ("1_000", None, None),
        ("x" * 10**6, None, None),
        (10**400, 10**400, 10**400),
        (True, None, None),
    ],
    ids=lambda value: str(value)[:20],
)
def test_whole_numbers_and_times_in_other_forms(sent: object, time: int | None, count: int | None) -> None:
    assert (outer(created_at=sent).created_at, outer(count=sent).count) == (time, count)


def test_a_part_that_cannot_be_read_is_left_out_whole_and_once() -> None:
    found, left_out = fitted(Outer, {"id": 1, "best": {"price": "x", "note": 5}, "count": []})
    assert (found.best, left_out) == (None, ("$.best", "$.count"))
    found, left_out = fitted(Outer, {"id": 1, "rows": [{"price": "1", "note": 5}]})
    assert (found.rows, left_out) == ((Inner(price=Decimal(1)),), ("$.rows[0].note",))


def test_a_part_that_may_be_null_loses_what_cannot_be_read_of_it_and_no_more() -> None:
    found, left_out = fitted(Outer, {"id": 1, "best": {"price": "1", "note": 5}})
    assert (found.best, left_out) == (Inner(price=Decimal(1)), ("$.best.note",))


@attrs.frozen(kw_only=True)
class Renamed:
    size: Decimal = attrs.field(metadata=also_spelt("qty"))
    note: str = "none"


def test_a_member_is_found_under_its_other_name_and_today_s_counts_where_both_are_sent() -> None:
    assert fitted(Renamed, {"qty": "2"}) == (Renamed(size=Decimal(2)), ())
    assert fitted(Renamed, {"qty": "2", "size": "3", "note": "x"})[0] == Renamed(size=Decimal(3), note="x")
    with pytest.raises(PayloadError, match=r"missing - at `\$\.size`"):
        fitted(Renamed, {"note": "x"})


def test_null_and_empty_stand_for_an_absent_essential_number_and_nothing_else_does() -> None:
    assert outer(size=None).size is None
    assert outer(size="").size is None
    with pytest.raises(PayloadError, match="size"):
        outer(size="x")


def test_members_nobody_knows_are_left_aside() -> None:
    assert outer(brand_new={"a": [1]}) == Outer(id=1)
