"""Numbers as HTTP prints them: without zeros that say nothing.

Recorded answers of the live venue have "61000", "70855.3" and "0" where its sockets have all the decimals of the market
(ccxt pull request 22283 and the answers that ccxt 4.5 quotes).  Applied to whole answers, so that no handler can forget it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

NUMBERS: Final = frozenset(
    (
        "ath_margin_size", "ath_position_amount", "available", "avg_entry_price", "bkr_price", "close", "close_avbl",
        "cml_position_value", "frozen", "funding_value", "high", "index_price", "insurance_fund_size", "last", "last_filled_price",
        "liq_price", "low", "maintenance_margin_value", "margin", "margin_avbl", "margin_change", "mark_price",
        "max_position_value", "open", "position_margin_rate", "price", "realized_pnl", "settle_price", "settle_value",
        "stop_loss_price", "take_profit_price", "transferrable", "trigger_price", "unrealized_pnl",
    )
)  # fmt: skip
"""Fields that other parts of the exchange hand over with all their decimals."""


def unpadded(data: object) -> object:
    """The same data, new where something had to change: numbers without zeros at their end."""
    if isinstance(data, Mapping):
        return {
            name: short(value) if name in NUMBERS and isinstance(value, str) else unpadded(value)
            for name, value in data.items()
        }
    if isinstance(data, Sequence) and not isinstance(data, str):
        return [unpadded(one) for one in data]
    return data


def short(number: str) -> str:
    """A decimal text without zeros at its end: "61000.00" is "61000"."""
    return number.rstrip("0").rstrip(".") if "." in number else number
