"""The terminal as rich sees it: colours only where a person looks, and text of the peer never as markup."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from rich.console import Console

from coinex_proto import Event, Topic
from coinex_proto.numbers import CONTEXT

LARGEST_TIME_MS: Final = 253_402_300_799_000
"""The last second of the year 9999: what a datetime can say."""
LONGEST: Final = 30
"""Digits before or after the point beyond which a number is shown with its exponent."""


def console() -> Console:
    """Standard output. `NO_COLOR`, pipes and the width of the terminal are rich's business; markup and emoji codes are off."""
    return Console(markup=False, emoji=False, highlight=False, soft_wrap=True)


def named(topic: Topic[Event]) -> str:
    """A topic for a line of text: its kind and market."""
    market = topic.key[1]
    return f"{type(topic).__name__} {'of all' if market is None else market}"


def unknown_market(market: str) -> str:
    """What to say of a market that the exchange knows nothing of."""
    shown = market if market.isprintable() else ascii(market)
    hint = (
        f"; names are in capitals: try {shown.upper()}" if market != market.upper() else "; `coinex markets` lists them"
    )
    return f"{shown}: the exchange has no such market{hint}"


def short(number: Decimal | None, digits: int = 8) -> str:
    """A number for a table: without exponent, zeros at the end taken off, at most so many digits after the point."""
    if number is None:
        return "–"
    if not number:
        return "0"
    if not number.is_finite() or abs(number.adjusted()) > LONGEST:
        return str(number)
    if _places(number) > digits:
        number = CONTEXT.quantize(number, Decimal((0, (1,), -digits)))
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def alike(numbers: Sequence[Decimal], digits: int = 8) -> list[str]:
    """The numbers of a column, all with as many digits after the point as the longest of them has."""
    texts = [short(number, digits) for number in numbers]
    places = max((len(text.partition(".")[2]) for text in texts), default=0)
    return [_padded(text, places) if _is_plain(text) else text for text in texts]


def _padded(text: str, places: int) -> str:
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(places, '0')}" if places else whole


def _is_plain(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdigit()


def _places(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0
