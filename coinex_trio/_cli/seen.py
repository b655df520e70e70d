"""What a watching terminal knows: the newest of everything, and how the connection is. No drawing here."""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from typing import Final, NamedTuple

from attrs import Factory, define

from coinex_proto import (
    BookChanged,
    BookView,
    Callbacks,
    Closed,
    Event,
    LoginFailed,
    Lost,
    OrderChanged,
    Ready,
    Restored,
    Retrying,
    Statistics,
    SubscribeFailed,
    qfex,
)
from coinex_proto.coinex import (
    BalanceUpdate,
    OrderUpdate,
    PositionUpdate,
    TickerUpdate,
    TradesUpdate,
    UserTradeUpdate,
)
from coinex_proto.ids import OrderId
from coinex_trio._cli.terminal import LARGEST_TIME_MS, named

KEPT_TRADES: Final = 200
KEPT_PRICES: Final = 240
"""Seconds of a spark line, at most one price each."""
RATE_WINDOW: Final = 3.0
"""Seconds over which the message rate is taken."""


class OpenOrder(NamedTuple):
    """An own order that is open, as a query or a push told it."""

    market: str | None
    side: str | None
    price: Decimal | None
    amount: Decimal | None
    remaining: Decimal | None


@define
class Seen:
    """Filled by events, read by screens."""

    stats: Statistics
    tickers: dict[str, TickerUpdate] = Factory(dict)
    books: dict[str, BookView] = Factory(dict)
    trades: deque[tuple[str, int | None, str, str, str]] = Factory(lambda: deque(maxlen=KEPT_TRADES))
    """Market, time (ms), side, price, amount; newest first."""
    prices: dict[str, deque[tuple[int, float]]] = Factory(dict)
    """Of each market, its last price (mid, where there is a book) in each second that had one, and that second."""
    balances: dict[str, BalanceUpdate] = Factory(dict)
    orders: dict[OrderId, OpenOrder] = Factory(dict)
    positions: dict[int, PositionUpdate] = Factory(dict)
    fills: deque[UserTradeUpdate] = Factory(lambda: deque(maxlen=KEPT_TRADES))
    lost: dict[tuple[object, ...], str] = Factory(dict)
    """Why a topic, by its key, is not trusted now."""
    connection: str = "connecting"
    """One word or two on the connection."""
    notes: deque[str] = Factory(lambda: deque(maxlen=3))
    """What a person should know: refusals."""
    lag: float | None = None
    """Seconds between the venue's time of the newest book or trade and its arrival; clocks may differ."""
    _counts: deque[tuple[float, int]] = Factory(deque)
    _takers: Callbacks = Factory(Callbacks)

    def __attrs_post_init__(self) -> None:
        takers = self._takers
        takers.add(TickerUpdate, self._ticker)
        takers.add(BookChanged, self._book)
        takers.add(TradesUpdate, self._trades)
        takers.add(qfex.TradeUpdate, self._qfex_trade)
        takers.add(BalanceUpdate, self._balance)
        takers.add(OrderUpdate, self._order)
        takers.add(OrderChanged, self._order_view)
        takers.add(UserTradeUpdate, self._fill)
        takers.add(PositionUpdate, self._position)
        takers.add(Ready, self._ready)
        takers.add(Closed, self._closed)
        takers.add(Retrying, self._retrying)
        takers.add(Lost, self._lost)
        takers.add(Restored, self._restored)
        takers.add(SubscribeFailed, self._refused)
        takers.add(LoginFailed, self._login_failed)

    def take(self, event: Event) -> None:
        """One event of any kind; those that no screen shows are ignored."""
        self._takers.dispatch(event)

    def rate(self, now: float) -> float:
        """Messages a second over the last seconds; `now` on any clock."""
        self._counts.append((now, self.stats.messages))
        while len(self._counts) > 2 and now - self._counts[0][0] > RATE_WINDOW:
            self._counts.popleft()
        (then, before), (_, messages) = self._counts[0], self._counts[-1]
        return (messages - before) / (now - then) if now > then else 0.0

    # One for each kind of event ---------------------------------------------------------------------------------------

    def _ticker(self, update: TickerUpdate) -> None:
        self.tickers[update.market] = update
        self._priced(update.market, update.last, update.received_at)

    def _book(self, event: BookChanged) -> None:
        self.books[event.market] = event.book
        self._priced(event.market, event.book.unproved.mid, event.book.received_at)
        self._arrived(event.book.received_at, event.book.updated_at_ms)

    def _trades(self, update: TradesUpdate) -> None:
        for deal in reversed(update.deal_list):
            self.trades.appendleft(
                (update.market, deal.created_at, deal.side, format(deal.price, "f"), format(deal.amount, "f"))
            )
        if update.deal_list:
            self._priced(update.market, update.deal_list[0].price, update.received_at)
        if update.deal_list and not update.is_history:
            self._arrived(update.received_at, update.deal_list[0].created_at)

    def _qfex_trade(self, update: qfex.TradeUpdate) -> None:
        side, price, size = update.side.lower(), format(update.price, "f"), format(update.size, "f")
        self.trades.appendleft((update.symbol, int(update.received_at * 1000), side, price, size))
        self._priced(update.symbol, update.price, update.received_at)

    def _priced(self, market: str, price: Decimal | None, at: float | None) -> None:
        if price is None or at is None:
            return
        prices = self.prices.setdefault(market, deque(maxlen=KEPT_PRICES))
        if prices and prices[-1][0] == int(at):
            prices.pop()
        prices.append((int(at), float(price)))

    def _arrived(self, received_at: float | None, at_ms: int | None) -> None:
        if received_at is not None and at_ms is not None and 0 < at_ms <= LARGEST_TIME_MS:
            self.lag = received_at - at_ms / 1000

    def _balance(self, update: BalanceUpdate) -> None:
        self.balances[update.ccy] = update

    def _order(self, update: OrderUpdate) -> None:
        if update.event == "finish":
            self.orders.pop(update.order.order_id, None)
        else:
            of = update.order
            self.orders[of.order_id] = OpenOrder(of.market, of.side, of.price, of.amount, of.unfilled_amount)

    def _order_view(self, event: OrderChanged) -> None:
        of = event.order
        if of.order_id is not None and not of.is_final:
            self.orders[of.order_id] = OpenOrder(of.market, of.side, of.price, of.amount, of.remaining)

    def _fill(self, update: UserTradeUpdate) -> None:
        self.fills.appendleft(update)

    def _position(self, update: PositionUpdate) -> None:
        self.positions[update.position.position_id] = update
        if update.event in ("close", "sys_close", "adl", "liq", None) and not update.position.open_interest:
            del self.positions[update.position.position_id]

    def _ready(self, _: Ready) -> None:
        self.connection = "connected"

    def _closed(self, event: Closed) -> None:
        self.connection = f"closed: {event.reason}"

    def _retrying(self, event: Retrying) -> None:
        self.connection = f"reconnecting, attempt {event.attempt}"

    def _lost(self, event: Lost) -> None:
        self.lost.update((topic.key, event.why) for topic in event.topics)

    def _restored(self, event: Restored) -> None:
        for topic in event.topics:
            self.lost.pop(topic.key, None)

    def _refused(self, event: SubscribeFailed) -> None:
        self.notes.append(f"{named(event.topic)}: {event.error}")

    def _login_failed(self, event: LoginFailed) -> None:
        self.notes.append(str(event.error))
