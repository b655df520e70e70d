"""Numbers that are not finite are found in every class that holds numbers."""

from decimal import Decimal
from typing import Any

import pytest
from attrs import NOTHING, evolve, fields_dict

from coinex_proto.coinex import (
    Deal,
    IndexUpdate,
    NoticeInfo,
    NoticeUpdate,
    TradesUpdate,
    account_updates,
    market_updates,
)
from coinex_proto.coinex._finite import finite, finite_trades
from coinex_proto.errors import PayloadError
from coinex_proto.updates import Update

PLAIN: dict[str, Any] = {"int": 1, "str": "x", "Decimal": Decimal("1.5"), "bool": False, "str | int": "x"}
UPDATES = [
    found
    for module in (market_updates, account_updates)
    for found in vars(module).values()
    if isinstance(found, type) and issubclass(found, Update) and found is not Update
]
NESTED = {"Order": account_updates.Order, "StopOrder": account_updates.StopOrder, "Position": account_updates.Position}
NESTED |= {"DepthLevels": market_updates.DepthLevels}


def made(model: type[Any], *, filled: bool) -> Any:
    """An instance, its optional numbers filled or left out."""
    values: dict[str, Any] = {}
    for name, attribute in fields_dict(model).items():
        kind = str(attribute.type)
        if kind in NESTED:
            values[name] = made(NESTED[kind], filled=filled)
        elif kind in PLAIN:
            values[name] = PLAIN[kind]
        elif kind == "NoticeInfo":
            values[name] = NoticeInfo(start_time=1, end_time=2)
        elif kind == "tuple[Deal, ...]":
            values[name] = (made(Deal, filled=filled),)
        elif kind == "Decimal | None" and (filled or attribute.default is NOTHING):
            values[name] = Decimal(0) if filled else None
    return model(**values)


def spoilt(value: Any, bad: Decimal) -> list[Any]:
    """The same with one number spoilt, for each number in it."""
    found = []
    for name, attribute in fields_dict(type(value)).items():
        inner = getattr(value, name)
        if "Decimal" in str(attribute.type):
            found.append(evolve(value, **{name: bad}))
        elif str(attribute.type) in NESTED:
            found += [evolve(value, **{name: part}) for part in spoilt(inner, bad)]
    return found


@pytest.mark.parametrize("model", UPDATES)
@pytest.mark.parametrize("filled", [True, False])
def test_finite_numbers_pass_and_absent_ones_too(model: type[Update], filled: bool) -> None:
    update = made(model, filled=filled)
    assert (finite_trades(update) if isinstance(update, TradesUpdate) else finite(update)) is update


@pytest.mark.parametrize("model", [model for model in UPDATES if model not in (TradesUpdate, NoticeUpdate)])
@pytest.mark.parametrize("bad", [Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity")])
def test_each_number_that_is_not_finite_is_found(model: type[Update], bad: Decimal) -> None:  # D9, D12
    variants = spoilt(made(model, filled=True), bad)
    assert variants
    for variant in variants:
        with pytest.raises(PayloadError, match=model.__name__):
            finite(variant)


@pytest.mark.parametrize("name", ["price", "amount"])
def test_a_trade_that_is_not_finite_is_found_among_others(name: str) -> None:  # D9
    good: Any = made(Deal, filled=True)
    bad: Deal = evolve(good, **{name: Decimal("Infinity")})
    with pytest.raises(PayloadError, match="TradesUpdate"):
        finite_trades(TradesUpdate(market="A", deal_list=(good, bad)))


def test_a_peer_cannot_mark_trades_as_history() -> None:
    update = TradesUpdate(market="A", deal_list=(), is_history=True)
    assert not finite_trades(update).is_history


def test_all_classes_of_updates_are_looked_at() -> None:
    assert len(UPDATES) == 12
    assert IndexUpdate in UPDATES
