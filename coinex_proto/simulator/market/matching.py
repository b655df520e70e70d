"""The order book of one market: price-time priority, nothing else.

It knows no account, no fee and no clock.  The exchange takes the next maker of a taker, settles the trade, and takes
the maker's lots out of the book.  Prices are ticks, amounts lots (see amounts.py).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final, Literal

from attrs import NOTHING, define, field, fields

Side = Literal["buy", "sell"]
OTHER: Final[dict[Side, Side]] = {"buy": "sell", "sell": "buy"}


@define(eq=False, kw_only=True, slots=False)
class Order:
    """One order, live or finished.  The exchange alone changes it."""

    order_id: int
    owner: int
    market: str
    side: Side
    kind: str
    """limit, market, maker_only, ioc or fok."""
    price: int
    """Ticks; 0 for a market order."""
    amount: int
    """Lots; of a market buy that spends quote currency: units of quote currency."""
    left: int
    """What is unfilled, in the measure of `amount`."""
    spends_quote: bool = False
    stp: str = ""
    """Self-trade prevention: ct, cm, both, or empty."""
    client_id: str = ""
    stop_id: int = 0
    is_hidden: bool = False
    is_quote: bool = False
    """Of the makers of the crowd, who keep so many of them."""
    rests: bool = False
    """It stands in the book."""
    reduces: bool = False
    """Futures: may only close; what the position no longer covers is cancelled."""
    finish: str = ""
    """Why it is gone from the book: filled or canceled; empty while it lives."""
    frozen: int = 0
    """Units of currency that are held for it."""
    closing: int = 0
    """Futures: lots of the position that it is about to close."""
    filled: int = 0
    """Lots."""
    filled_value: int = 0
    """Units of quote currency."""
    base_fee: int = 0
    quote_fee: int = 0
    realized: int = 0
    """Futures: units won or lost by what it closed, without fees."""
    last_lots: int = 0
    last_price: int = 0
    maker_rate: int = 0
    taker_rate: int = 0
    created_ms: int = 0
    updated_ms: int = 0

    @property
    def limit(self) -> int | None:
        """The worst price that it takes; None for any."""
        return None if self.kind == "market" else self.price


class Quote(Order):
    """A limit order of the crowd, which are most orders by far: what it leaves as it is stands on the class."""

    kind = "limit"

    def __init__(
        self,
        order_id: int,
        owner: int,
        market: str,
        side: Side,
        price: int,
        lots: int,
        rates: tuple[int, int],
        now_ms: int,
    ) -> None:
        self.order_id = order_id
        self.owner = owner
        self.market = market
        self.side: Side = side
        self.price = price
        self.amount: int = lots
        self.left: int = lots
        self.maker_rate: int
        self.taker_rate: int
        self.maker_rate, self.taker_rate = rates
        self.created_ms: int = now_ms
        self.updated_ms: int = now_ms


for _field in fields(Order):
    if _field.default is not NOTHING:
        setattr(Quote, _field.name, _field.default)
Quote.is_quote = True


@define(eq=False)
class Level:
    """All orders of one price, oldest first."""

    price: int
    lots: int = 0
    """What the public book shows."""
    orders: list[Order] = field(factory=list)
    price_text: str = ""
    """As printed, once it has been."""
    text: str = ""
    """Price and size as printed; kept by whoever prints, cleared on every change."""


class HalfBook:
    """One side, best price first."""

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self._keys: list[int] = []
        self.ranked: list[Level] = []
        """All levels, best first: the same order as the keys."""
        self.quotes: int = 0
        """Orders of the crowd's makers that rest here."""
        self.has_hidden: bool = False
        """Since a hidden order has rested here a level may show nothing."""
        self.revision: int = 0
        """Grows with every change."""

    def add(self, order: Order) -> None:
        """Rest an order behind those of its price."""
        self.revision += 1
        order.rests = True
        shown, price, keys = order.left, order.price, self._keys
        if order.is_hidden:
            self.has_hidden, shown = True, 0
        if order.is_quote:
            self.quotes += 1
        key = price * self._sign
        at = bisect_left(keys, key)
        if at == len(keys) or keys[at] != key:
            keys.insert(at, key)
            self.ranked.insert(at, Level(price, shown, [order]))
        else:
            level = self.ranked[at]
            level.orders.append(order)
            level.lots += shown
            level.text = ""

    def take(self, order: Order, lots: int) -> None:
        """Take lots of this order away; the order goes when nothing is left of it.  Comes before `order.left` changes."""
        self.revision += 1
        at, level = 0, self.ranked[0]
        if level.price != order.price:
            at = bisect_left(self._keys, order.price * self._sign)
            level = self.ranked[at]
        if not order.is_hidden:
            level.lots -= lots
            level.text = ""
        if lots == order.left:
            order.rests = False
            if order.is_quote:
                self.quotes -= 1
            if len(level.orders) == 1:
                del self._keys[at], self.ranked[at]
            else:
                level.orders.remove(order)

    def best(self) -> Level | None:
        return self.ranked[0] if self.ranked else None

    def __iter__(self) -> Iterator[Level]:
        return iter(self.ranked)


class Book:
    """Both sides of a market."""

    def __init__(self) -> None:
        self.bids: HalfBook = HalfBook(-1)
        self.asks: HalfBook = HalfBook(1)
        self.sides: dict[Side, HalfBook] = {"buy": self.bids, "sell": self.asks}

    @property
    def orders(self) -> dict[int, Order]:
        """All that rest, by id, oldest first: gathered for whoever asks."""
        resting = (order for side in self.sides.values() for level in side for order in level.orders)
        return {order.order_id: order for order in sorted(resting, key=lambda order: order.order_id)}

    def add(self, order: Order) -> None:
        self.sides[order.side].add(order)

    def take(self, order: Order, lots: int) -> None:
        """Remove lots of a resting order from the book, and count them off the order."""
        self.sides[order.side].take(order, lots)
        order.left -= lots

    def remove(self, order: Order) -> None:
        """Take what is left of a resting order out of the book, leaving `order.left` as the unfilled rest."""
        self.sides[order.side].take(order, order.left)

    def next_maker(self, side: Side, limit: int | None) -> Order | None:
        """The order that a taker of this side meets first; None when nobody trades at `limit` or better."""
        ranked = self.asks.ranked if side == "buy" else self.bids.ranked
        if not ranked:
            return None
        best = ranked[0]
        if limit is not None and (best.price > limit if side == "buy" else best.price < limit):
            return None
        return best.orders[0]

    def makers(self, side: Side, limit: int | None) -> Iterator[Order]:
        """All orders that a taker of this side could meet, in the order of meeting them."""
        for level in self.sides[OTHER[side]]:
            if limit is not None and not _reaches(side, limit, level.price):
                return
            yield from level.orders

    def partners(self, taker: Order) -> Iterator[Order]:
        """Those of them that this taker would trade with, as its self-trade prevention has it."""
        for maker in self.makers(taker.side, taker.limit):
            if taker.stp and maker.owner == taker.owner:
                if taker.stp == "cm":
                    continue
                return
            yield maker

    def can_fill(self, taker: Order) -> bool:
        """Whether a taker could trade all of its lots at its price or better."""
        lots = taker.left
        for maker in self.partners(taker):
            lots -= maker.left
            if lots <= 0:
                return True
        return False


def _reaches(side: Side, limit: int, price: int) -> bool:
    return price <= limit if side == "buy" else price >= limit
