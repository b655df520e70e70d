"""The order book of CoinFLEX: kept order by order, shown by price level.

There is neither checksum nor sequence number. What proves it is the connection (TCP loses nothing), a snapshot that is atomic
with the subscription, and that every trade must fit what is known of its orders. Replies and notices are not in step, so
notices wait for the snapshot. Source: CoinFLEX API v1, WatchOrders, "state a client can keep".
"""

from __future__ import annotations

from typing import Final, NamedTuple, final

from coinex_proto.books.book import Levels
from coinex_proto.books.ladder import Ladder
from coinex_proto.coinflex._command import MAX_INTEGER
from coinex_proto.coinflex.assets import text_of
from coinex_proto.coinflex.market_updates import (
    BookOrder,
    OrderClosed,
    OrderModified,
    OrderOpened,
    OrdersMatched,
    OrdersUpdate,
)
from coinex_proto.errors import PayloadError
from coinex_proto.updates import Update

SNAPSHOT_ORDERS: Final = 1000
"""A snapshot holds so many orders of each side at most; what lies behind the last of them is not known."""
MOST_WAITING: Final = 10_000
"""Notices kept for a snapshot that does not come."""
PRICE_PLACES: Final = 4

_WAITING: Final = "waiting for the snapshot"
_MISSED: Final = "a notice could not be read"
_TOO_MANY: Final = "too many notices before the snapshot"
_DOES_NOT_FIT: Final = "a trade does not fit the orders that are known: a notice was missed"
_NO_TRADE: Final = "a notice tells of a trade that cannot have been"
_USED_UP: Final = "the known part of one side is used up: more than 1,000 orders stood there"


class _Known(NamedTuple):
    """One order of the book."""

    quantity: int
    """Positive: bid, negative: ask."""
    price: int


@final
class _Side:
    """One side: units at each price, and their texts in the order of prices."""

    __slots__ = ("_known_to", "_sign", "_units", "ladder")

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self.ladder = Ladder(is_highest_best=sign > 0)
        self.clear()

    def clear(self) -> None:
        self._units: dict[int, int] = {}
        self._known_to: int | None = None
        self.ladder.clear()

    def begin(self, orders: list[BookOrder]) -> None:
        """How far a snapshot reaches: all the way, or to before its worst price when it may have been cut there."""
        prices = [order.price for order in orders]
        if len(prices) >= SNAPSHOT_ORDERS:
            self._known_to = min(prices) if self._sign > 0 else max(prices)

    @property
    def is_used_up(self) -> bool:
        """Nothing is left of what was known, and there was more."""
        return self._known_to is not None and not self.ladder

    def add(self, price: int, units: int, places: int) -> None:
        """So many units more (or less) at this price."""
        if self._known_to is not None and (price - self._known_to) * self._sign <= 0:
            return
        size = self._units.get(price, 0) + units
        if size:
            self._units[price] = size
        else:
            self._units.pop(price, None)
        self.ladder.change([(text_of(price, PRICE_PLACES), text_of(size, places))])


@final
class CoinflexBook:
    """One market's book."""

    __slots__ = (
        "_asks",
        "_bids",
        "_orders",
        "_places",
        "_updated_at_ms",
        "_waiting",
        "_why",
        "checks_failed",
        "checks_passed",
        "due",
    )

    def __init__(self, *, amount_places: int) -> None:
        """`amount_places`: decimals of the base asset."""
        self._places = amount_places
        self.checks_passed: int = 0
        self.checks_failed: int = 0
        self.due: float | None = None
        """No proof is ever owed: there are no snapshots but the first."""
        self._bids = _Side(1)
        self._asks = _Side(-1)
        self.reset()

    def reset(self) -> None:
        """Nothing known before counts any more."""
        self._bids.clear()
        self._asks.clear()
        self._orders: dict[int, _Known] = {}
        self._waiting: list[Update] = []
        self._why = _WAITING
        """Why it is not proved; empty while it is."""
        self._updated_at_ms: int | None = None

    def missed(self) -> None:
        """A notice could not be read: nothing is proved before the topic is subscribed again."""
        self._lose(_MISSED)

    def levels(self) -> Levels:
        """An immutable copy of both sides, the orders of one price added up."""
        return Levels(self._bids.ladder.levels(), self._asks.ladder.levels(), self._updated_at_ms)

    def apply(self, update: Update) -> str | None:
        """Take in one update of the market; None: the book is proved.

        Before the snapshot notices wait for it; after something that does not fit, for a new one.
        """
        try:
            if isinstance(update, OrdersUpdate):
                self._begin(update)
            elif self._why:
                self._wait(update)
            else:
                self._take(update)
                self._check_horizon()
        except PayloadError as problem:
            self._lose(str(problem))
        return self._why or None

    # The snapshot -----------------------------------------------------------------------------------------------------

    def _begin(self, snapshot: OrdersUpdate) -> None:
        if self._why and self._why != _WAITING:
            return
        waiting = self._waiting
        self.reset()
        self._bids.begin([order for order in snapshot.orders if order.quantity > 0])
        self._asks.begin([order for order in snapshot.orders if order.quantity < 0])
        for order in snapshot.orders:
            self._put(order.id, order.quantity, order.price)
        self._why = ""
        for notice in waiting:
            self._replay(notice)
        self._check_horizon()

    def _replay(self, notice: Update) -> None:
        """A notice from before the snapshot's arrival.

        Notices of own orders come also before the book is watched, so that this one may be older than the snapshot: then it tells
        of the other order what is long past. A trade only ever lowers.
        """
        if isinstance(notice, OrdersMatched):
            _check_trade(notice)
            for order_id, left in ((notice.bid, notice.bid_rem), (notice.ask, notice.ask_rem)):
                known = self._orders.get(order_id) if order_id is not None else None
                if known is not None and order_id is not None and left is not None and left < abs(known.quantity):
                    self._put(order_id, left if known.quantity > 0 else -left, known.price)
            self._see(notice.time)
        else:
            self._take(notice)

    def _wait(self, notice: Update) -> None:
        if self._why == _WAITING and len(self._waiting) >= MOST_WAITING:
            self._lose(_TOO_MANY)
        elif self._why == _WAITING:
            self._waiting.append(notice)

    def _lose(self, why: str) -> None:
        """Not to be believed until the topic is subscribed again."""
        if why == _DOES_NOT_FIT:
            self.checks_failed += 1
        self._waiting.clear()
        self._why = why

    # Notices ----------------------------------------------------------------------------------------------------------

    def _take(self, notice: Update) -> None:
        if isinstance(notice, (OrderOpened, OrderModified)):
            self._put(notice.id, notice.quantity, notice.price)
            self._see(notice.time)
        elif isinstance(notice, OrdersMatched):
            _check_trade(notice)
            if self._fits(notice.bid, notice.bid_rem, notice.quantity) and self._fits(
                notice.ask, notice.ask_rem, -notice.quantity
            ):
                self.checks_passed += 1
                self._trade(notice.bid, notice.bid_rem)
                self._trade(notice.ask, notice.ask_rem)
                self._see(notice.time)
            else:
                self._lose(_DOES_NOT_FIT)
        elif isinstance(notice, OrderClosed):
            self._remove(notice.id)
            self._see(notice.time_closed)

    def _fits(self, order_id: int | None, left: int | None, traded: int) -> bool:
        """Whether this order can have traded so much, an ask so much below zero: fees may take a little more, never less."""
        known = self._orders.get(order_id) if order_id is not None else None
        if known is None or left is None:
            return True
        return known.quantity * traded > 0 and left <= abs(known.quantity) - abs(traded)

    def _trade(self, order_id: int | None, left: int | None) -> None:
        known = self._orders.get(order_id) if order_id is not None else None
        if order_id is not None and known is not None and left is not None:
            self._put(order_id, left if known.quantity > 0 else -left, known.price)

    def _put(self, order_id: int, quantity: int, price: int) -> None:
        """An order stands there now, with nothing left perhaps: it goes with its own OrderClosed."""
        if price <= 0:
            raise PayloadError("an order with a price of zero or less")
        if max(price, abs(quantity)) > MAX_INTEGER:
            raise PayloadError("an order with a number of more than 63 bits")
        self._remove(order_id)
        self._orders[order_id] = _Known(quantity, price)
        self._side(quantity).add(price, abs(quantity), self._places)

    def _remove(self, order_id: int) -> None:
        known = self._orders.pop(order_id, None)
        if known is not None:
            self._side(known.quantity).add(known.price, -abs(known.quantity), self._places)

    def _side(self, quantity: int) -> _Side:
        return self._bids if quantity > 0 else self._asks

    def _see(self, time: int | None) -> None:
        """The venue's time only goes on: what a notice tells may be older than the last, or not tell any."""
        if time is None:
            return
        milliseconds = time // 1000
        if self._updated_at_ms is None or milliseconds > self._updated_at_ms:
            self._updated_at_ms = milliseconds

    def _check_horizon(self) -> None:
        if not self._why and (self._bids.is_used_up or self._asks.is_used_up):
            self._lose(_USED_UP)


def _check_trade(notice: OrdersMatched) -> None:
    """Raises `PayloadError` for amounts that no trade has, and for a limit order without its rest."""
    for order_id, left in ((notice.bid, notice.bid_rem), (notice.ask, notice.ask_rem)):
        if notice.quantity <= 0 or (left is not None and left < 0) or (order_id is not None and left is None):
            raise PayloadError(_NO_TRADE)
