"""Events as lines of text, for pipes and logs: one line an event, one a trade."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from coinex_proto import (
    BookChanged,
    Callbacks,
    Closed,
    Event,
    LoginFailed,
    Lost,
    OrderChanged,
    Ready,
    Restored,
    Retrying,
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
from coinex_trio._cli.terminal import named, short

E = TypeVar("E", bound=Event)


def _ticker(update: TickerUpdate) -> Iterator[str]:
    yield f"ticker {update.market} last {short(update.last)} high {short(update.high)} low {short(update.low)}"


def _book(event: BookChanged) -> Iterator[str]:
    book = event.book
    best = [f"{short(level[0])} ({short(level[1])})" if level else "none" for level in (book.best_bid, book.best_ask)]
    yield f"book {event.market} bid {best[0]} ask {best[1]} spread {short(book.spread)}"


def _trades(update: TradesUpdate) -> Iterator[str]:
    for deal in reversed(update.deal_list):
        old = " (before we watched)" if update.is_history else ""
        yield f"trade {update.market} {deal.side} {short(deal.amount)} at {short(deal.price)}{old}"


def _qfex_trade(update: qfex.TradeUpdate) -> Iterator[str]:
    yield f"trade {update.symbol} {update.side.lower()} {short(update.size)} at {short(update.price)}"


def _balance(update: BalanceUpdate) -> Iterator[str]:
    yield f"balance {update.ccy} available {short(update.available)} frozen {short(update.frozen)}"


def _order(update: OrderUpdate) -> Iterator[str]:
    of = update.order
    rest = f"{short(of.amount)} at {short(of.price)}, {short(of.unfilled_amount)} open"
    yield f"order {of.order_id} {update.event} {of.market} {of.side} {rest}"


def _order_view(event: OrderChanged) -> Iterator[str]:
    of = event.order
    rest = f"{short(of.amount)} at {short(of.price)}, {short(of.remaining)} open"
    yield f"order {of.order_id} {of.state} {of.market} {of.side} {rest}"


def _own_trade(update: UserTradeUpdate) -> Iterator[str]:
    yield f"own trade {update.market} {update.side} {short(update.amount)} at {short(update.price)} as {update.role}"


def _position(update: PositionUpdate) -> Iterator[str]:
    of = update.position
    yield f"position {of.market} {'' if update.event is None else update.event} {of.side} {short(of.open_interest)} from {short(of.avg_entry_price)}"


def _ready(_: Ready) -> Iterator[str]:
    yield "connected"


def _closed(event: Closed) -> Iterator[str]:
    yield f"closed: {event.reason}"


def _retrying(event: Retrying) -> Iterator[str]:
    yield f"reconnecting, attempt {event.attempt}"


def _lost(event: Lost) -> Iterator[str]:
    yield f"not trusted: {', '.join(map(named, event.topics))}: {event.why}"


def _restored(event: Restored) -> Iterator[str]:
    gap = f"not seen from {_clock(event.since)} to {_clock(event.until)}"
    yield f"trusted again: {', '.join(map(named, event.topics))}, {gap}"


def _refused(event: SubscribeFailed) -> Iterator[str]:
    yield f"refused: {named(event.topic)}: {event.error}"


def _login_failed(event: LoginFailed) -> Iterator[str]:
    yield str(event.error)


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S.%f")[:-3]


def lines(write: Callable[[str], object]) -> Callbacks:
    """What writes the lines of each event that is dispatched to it, printable whatever the peer has put in."""
    writers = Callbacks()

    def write_each(kind: type[E], lines_of: Callable[[E], Iterator[str]]) -> None:
        def take(event: E) -> None:
            for text in lines_of(event):
                write("".join(character if character.isprintable() else "�" for character in text))

        writers.add(kind, take)

    write_each(TickerUpdate, _ticker)
    write_each(BookChanged, _book)
    write_each(TradesUpdate, _trades)
    write_each(qfex.TradeUpdate, _qfex_trade)
    write_each(BalanceUpdate, _balance)
    write_each(OrderUpdate, _order)
    write_each(OrderChanged, _order_view)
    write_each(UserTradeUpdate, _own_trade)
    write_each(PositionUpdate, _position)
    write_each(Ready, _ready)
    write_each(Closed, _closed)
    write_each(Retrying, _retrying)
    write_each(Lost, _lost)
    write_each(Restored, _restored)
    write_each(SubscribeFailed, _refused)
    write_each(LoginFailed, _login_failed)
    return writers
