"""Whether a price and a quantity fit a symbol."""

from __future__ import annotations

import decimal
from decimal import Decimal as D
from typing import Any

import pytest

from coinex_proto import UsageError
from coinex_proto.qfex.http.public import Instrument, Refdata
from coinex_proto.qfex.http.reference import ReferenceData

HOURS = {"tz": "America/New_York", "monday": {"open": "09:30", "close": "16:00"}, "tuesday": {}, "note": "x"}


def data(**fields: Any) -> ReferenceData:
    known: dict[str, Any] = {"symbol": "A-USD", "status": "ACTIVE", "tick_size": D("0.05"), "lot_size": D("0.1")}
    bounds = {"min_price": D(1), "max_price": D(100), "min_quantity": D("0.2"), "max_quantity": D(50)}
    return ReferenceData(Refdata(data=(Instrument(**{**known, **bounds, **fields}),)))


@pytest.mark.parametrize(("price", "quantity"), [("1", "0.2"), ("100", "50"), ("1.05", "0.3"), (None, None)])
def test_what_fits_passes_to_the_very_bounds(price: str | None, quantity: str | None) -> None:
    data().check("A-USD", price=None if price is None else D(price), quantity=None if quantity is None else D(quantity))


@pytest.mark.parametrize(
    ("price", "quantity", "words"),
    [
        ("1.02", "1", r"A-USD: price 1\.02 is no multiple of the tick size 0\.05; next to it are 1\.00 or 1\.05"),
        ("2", "0.25", r"A-USD: quantity 0\.25 is no multiple of the lot size 0\.1; next to it are 0\.2 or 0\.3"),
        ("0.95", "1", r"A-USD: price 0\.95 is below the least, 1"),
        ("100.05", "1", r"A-USD: price 100\.05 is above the most, 100"),
        ("2", "0.1", r"A-USD: quantity 0\.1 is below the least, 0\.2"),
        ("2", "50.1", r"A-USD: quantity 50\.1 is above the most, 50"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(price: str, quantity: str, words: str) -> None:
    with decimal.localcontext(decimal.Context(prec=2, traps=[])), pytest.raises(UsageError, match=words):
        data().check("A-USD", price=D(price), quantity=D(quantity))


def test_a_symbol_that_is_not_known_and_bounds_that_are_not_said_are_not_checked() -> None:
    data().check("NEW-USD", price=D("0.001"), quantity=D("0.001"))
    free = data(min_price=None, max_price=None, min_quantity=None, max_quantity=None, tick_size=D(0), lot_size=D(0))
    free.check("A-USD", price=D("0.001"), quantity=D(1000000))
    data(max_price=D(0)).check("A-USD", price=D(500), quantity=D(1))


def test_the_hours_of_a_market_are_said_for_people() -> None:
    assert data(market_hours=HOURS, status="CLOSED").hours_of("A-USD") == (
        "A-USD is CLOSED; it trades monday 09:30-16:00, tuesday None-None (America/New_York)"
    )
    assert data(market_hours=None).hours_of("A-USD") == "A-USD is ACTIVE; it trades at hours that are not known ()"
    assert data().hours_of("B-USD") == "the market hours of B-USD are not known"
