"""What the exchange did: every own order from its first moment to its last, and every book that it has had."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final, Literal, final

from attrs import frozen

from coinex_proto.numbers import CONTEXT
from coinex_proto.simulator.hosting.venue_server import VenueServer
from coinex_proto.simulator.market.events import Fill
from coinex_proto.simulator.market.futures import Position
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.matching import Order
from coinex_proto.simulator.market.stops import StopOrder

REMEMBERED: Final = 45.0
"""Seconds: a book that is trusted is at most as old as the longest time without a proof (ping interval and time-out)."""
LEVELS: Final = 5

Levels = tuple[tuple[Decimal, Decimal], ...]


@frozen(kw_only=True)
class OwnOrder:
    """An order of the account as the exchange knows it, whether any client knows of it or not."""

    order_id: int | str
    client_order_id: str
    market: str
    side: Literal["buy", "sell"]
    price: Decimal
    """0 for a market order."""
    amount: Decimal
    filled: Decimal
    state: Literal["live", "filled", "cancelled"]
    placed_at: float
    """Unix seconds."""


@final
class Record:
    """Listens at the exchange of one server."""

    def __init__(self, server: VenueServer[Any], name_of: Callable[[Order], tuple[int | str, str]]) -> None:
        """`name_of`: the venue's id and the client's id of an order."""
        self._server = server
        self._name_of = name_of
        self._orders: dict[int, Order] = {}
        self._books: dict[str, dict[tuple[Levels, Levels], float]] = {}
        self.fills = 0
        server.exchange.listeners.append(self)

    def orders(self) -> Iterator[OwnOrder]:
        """Every own order there ever was, oldest first."""
        return map(self._own, self._orders.values())

    def note_books(self, now: float) -> None:
        """The books as they are when something goes out."""
        for market in self._server.exchange.markets.values():
            seen = self._books.setdefault(market.spec.name, {})
            seen[_levels(market, "buy"), _levels(market, "sell")] = now
            if len(seen) > 2000:
                self._books[market.spec.name] = {book: at for book, at in seen.items() if now - at < REMEMBERED}

    def has_had_book(self, name: str, bids: Levels, asks: Levels, now: float) -> bool:
        """Whether the best levels of this market were these, a short while ago at most; of any, by a name not known here."""
        self.note_books(now)
        books = [self._books[name]] if name in self._books else self._books.values()
        wanted = bids[:LEVELS], asks[:LEVELS]
        return any(now - book[wanted] <= REMEMBERED for book in books if wanted in book)

    # What the exchange reports -------------------------------------------------------------------------------------

    def order_changed(self, order: Order, event: str) -> None:
        if order.owner == self._server.owner:
            self._orders[order.order_id] = order

    def filled(self, fill: Fill) -> None:
        if fill.order.owner == self._server.owner:
            self._orders[fill.order.order_id] = fill.order
            self.fills += 1

    def top_changed(self, market: Market) -> None: ...

    def stop_changed(self, stop: StopOrder, event: str) -> None: ...

    def position_changed(self, position: Position, event: str) -> None: ...

    def balance_changed(self, owner: int, wallet: str, currency: str) -> None: ...

    def _own(self, order: Order) -> OwnOrder:
        spec = self._server.exchange.markets[order.market].spec
        order_id, client_id = self._name_of(order)
        places = spec.amount_places
        return OwnOrder(
            order_id=order_id,
            client_order_id=client_id,
            market=spec.name,
            side=order.side,
            price=CONTEXT.scaleb(Decimal(order.price), -spec.price_places),
            amount=CONTEXT.scaleb(
                Decimal(order.left + order.filled if not order.spends_quote else order.filled), -places
            ),
            filled=CONTEXT.scaleb(Decimal(order.filled), -places),
            state="live" if not order.finish else "filled" if order.finish == "filled" else "cancelled",
            placed_at=order.created_ms / 1000,
        )


def _levels(market: Market, side: Literal["buy", "sell"]) -> Levels:
    return tuple((Decimal(price), Decimal(size)) for price, size in market.levels(side, LEVELS))
