"""Reference data in use: whether a price and a quantity fit a symbol, before anything is sent.

Source: OpenAPI files of the venue, `refdata`: tick and lot sizes, and the bounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import final

from coinex_proto.errors import UsageError
from coinex_proto.numbers import CONTEXT
from coinex_proto.qfex.http.public import Instrument, Refdata


@final
class ReferenceData:
    """The instruments by symbol, as they were when they were fetched."""

    def __init__(self, refdata: Refdata) -> None:
        self.instruments: Mapping[str, Instrument] = {one.symbol: one for one in refdata.data}

    def check(self, symbol: str, *, price: Decimal | None, quantity: Decimal | None) -> None:
        """Raises `UsageError`, with the exact tick, lot or bound in it, for what the venue would reject.

        A symbol that it does not know is not checked: it may be newer than the data. So is what was not said.
        """
        known = self.instruments.get(symbol)
        if known is None:
            return
        _check(symbol, "price", price, known.tick_size, "tick size", known.min_price, known.max_price)
        _check(symbol, "quantity", quantity, known.lot_size, "lot size", known.min_quantity, known.max_quantity)

    def hours_of(self, symbol: str) -> str:
        """When this symbol trades, for people."""
        known = self.instruments.get(symbol)
        return f"the market hours of {symbol} are not known" if known is None else _said(known)


def _said(known: Instrument) -> str:
    hours = known.market_hours or {}
    days = ", ".join(f"{day} {_span(span)}" for day, span in hours.items() if isinstance(span, Mapping))
    return (
        f"{known.symbol} is {known.status}; it trades {days or 'at hours that are not known'} ({hours.get('tz', '')})"
    )


def _span(span: Mapping[str, object]) -> str:
    return f"{span.get('open')}-{span.get('close')}"


def _check(
    symbol: str,
    what: str,
    value: Decimal | None,
    step: Decimal,
    step_name: str,
    least: Decimal | None,
    most: Decimal | None,
) -> None:
    if value is None:
        return
    if step > 0 and CONTEXT.remainder(value, step):
        below = CONTEXT.multiply(CONTEXT.divide_int(value, step), step)
        near = f"{below:f} or {CONTEXT.add(below, step):f}"
        raise UsageError(
            f"{symbol}: {what} {value:f} is no multiple of the {step_name} {step:f}; next to it are {near}"
        )
    if least is not None and value < least:
        raise UsageError(f"{symbol}: {what} {value:f} is below the least, {least:f}")
    if most and value > most:
        raise UsageError(f"{symbol}: {what} {value:f} is above the most, {most:f}")
