"""Books and orders as HTML, as notebooks show them. Everything that a venue or a user has said is escaped.

Knows no notebook and needs none. This module must not know any venue.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from html import escape
from typing import Final, Protocol

LEVELS: Final = 10
"""Of each side."""
BID, ASK, GOOD, BAD = "#1a9850", "#d73027", "#1a9850", "#d73027"


class Book(Protocol):
    """As much of a `BookView` as is shown."""

    @property
    def market(self) -> str:
        """The market's name."""
        ...

    @property
    def trusted(self) -> bool:
        """Whether its numbers are proved."""
        ...

    @property
    def why(self) -> str:
        """Why not."""
        ...

    @property
    def unproved(self) -> Book:
        """The same in any state."""
        ...

    @property
    def bids(self) -> Iterable[tuple[Decimal, Decimal]]:
        """Price and size, best first."""
        ...

    @property
    def asks(self) -> Iterable[tuple[Decimal, Decimal]]:
        """As `bids`."""
        ...


class Order(Protocol):
    """As much of an `OrderView` as is shown."""

    @property
    def state(self) -> str:
        """Of `OrderState`."""
        ...


def book_html(book: Book) -> str:
    """The best levels of both sides with a bar for each size, under the market's name and its trust."""
    shown = book.unproved
    asks, bids = tuple(shown.asks)[:LEVELS], tuple(shown.bids)[:LEVELS]
    largest = max((size for _, size in (*asks, *bids)), default=Decimal(0))
    trust, colour = ("trusted", GOOD) if book.trusted else (f"not trusted: {book.why}", BAD)
    rows = [_level(price, size, largest, ASK) for price, size in reversed(asks)]
    rows += [_level(price, size, largest, BID) for price, size in bids]
    return (
        f'<table style="font-variant-numeric:tabular-nums;border-collapse:collapse"><caption style="text-align:left">'
        f'<b>{escape(book.market)}</b> <span style="color:{colour}">{escape(trust)}</span></caption>'
        f"<tr><th>price</th><th>size</th><th></th></tr>{''.join(rows)}</table>"
    )


def _level(price: Decimal, size: Decimal, largest: Decimal, colour: str) -> str:
    width = int(100 * size / largest) if largest else 0
    bar = f'<div style="background:{colour};opacity:.5;height:.8em;width:{width}px"></div>'
    return (
        f'<tr><td style="color:{colour};text-align:right">{price:f}</td>'
        f'<td style="text-align:right">{size:f}</td><td style="width:100px">{bar}</td></tr>'
    )


_ORDER: Final = ("market", "side", "order_type", "price", "amount", "filled", "average_price", "order_id", "why")


def order_html(order: Order) -> str:
    """What is known of an order, a row each; a state that is not certain is red."""
    colour = BAD if order.state in ("unknown", "refused") else GOOD
    rows = [f'<tr><th style="text-align:left">state</th><td style="color:{colour}">{escape(order.state)}</td></tr>']
    for name in _ORDER:
        value = getattr(order, name)
        if value is not None and value != "":
            text = format(value, "f") if isinstance(value, Decimal) else str(value)
            rows.append(f'<tr><th style="text-align:left">{name}</th><td>{escape(text)}</td></tr>')
    return f"<table>{''.join(rows)}</table>"
