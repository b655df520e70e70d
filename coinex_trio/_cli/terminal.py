"""The terminal as rich sees it: colours only where a person looks, and text of the peer never as markup."""

from __future__ import annotations

from decimal import Decimal

from rich.console import Console

from coinex_proto import Event, Topic


def console() -> Console:
    """Standard output. `NO_COLOR`, pipes and the width of the terminal are rich's business; markup and emoji codes are off."""
    return Console(markup=False, emoji=False, highlight=False, soft_wrap=True)


def named(topic: Topic[Event]) -> str:
    """A topic for a line of text: its kind and market."""
    market = topic.key[1]
    return f"{type(topic).__name__} {'of all' if market is None else market}"


def short(number: Decimal | None, digits: int = 8) -> str:
    """A number for a table: without exponent, zeros at the end taken off, at most so many digits after the point."""
    if number is None:
        return "–"
    if not number.is_finite() or abs(number.adjusted()) > 30:
        return str(number)
    text = format(number, f".{digits}f") if -number.as_tuple().exponent > digits else format(number, "f")  # type: ignore[operator]
    return text.rstrip("0").rstrip(".") if "." in text else text
