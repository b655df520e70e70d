"""The events of a recording as rows of the tables. The names of a venue's fields stand here and nowhere else in this package."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final

from coinex_proto import BookChanged, Lost, Update
from coinex_proto.recording import RecordingGap
from coinex_recorder.book_changes import MS, BookRows
from coinex_recorder.reading import replay
from coinex_recorder.tables import GAPS, QUOTES, TICKERS, TRADES, Row, Rows


def rows(path: str | os.PathLike[str], *, snapshot_every: float = 60.0, any_version: bool = False) -> Iterator[Rows]:
    """The rows of all tables in order of their coming.

    Changes of books are the differences between two proved books. The first after a gap is the whole book (`is_snapshot`); what
    it does not hold any more is removed before, for readers that keep it otherwise.
    """
    books: dict[str, BookRows] = {}
    for event in replay(path, any_version=any_version):
        if type(event) is BookChanged:
            book = books.get(event.market)
            if book is None:
                book = books[event.market] = BookRows()
            yield from book.of(event, snapshot_every)
        elif isinstance(event, Lost | RecordingGap):
            lost = books if isinstance(event, RecordingGap) else [_market_of(topic.key) for topic in event.topics]
            for market in lost:
                if market in books:
                    books[market].is_known = False
            until = getattr(event, "until", None)
            yield GAPS, "", [(_micros(event.since), _micros(until), type(event).__name__, event.why)]
        elif isinstance(event, Update):
            yield from rows_of(event)


def _market_of(key: tuple[Any, ...]) -> str:
    return "" if key[1] is None else str(key[1])


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def _micros(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1e6)


def rows_of(event: Update) -> Iterator[Rows]:
    """Rows of the updates that the tables know, found by the class's name; of others none."""
    kind = type(event)
    try:
        make = _made_by[kind]
    except KeyError:
        make = _made_by[kind] = _ROWS.get(f"{kind.__module__.split('.')[1]}.{kind.__name__}")
    if make is not None:
        local = _micros(event.received_at)
        stamp = _micros(event.venue_time) or local
        yield from make(event, stamp, local)


def _coinex_trades(event: Any, stamp: int, local: int) -> Iterator[Rows]:
    found: list[Row] = []
    for deal in reversed(event.deal_list):  # the venue sends the newest first
        at = stamp if deal.created_at is None else deal.created_at * MS
        found.append((at, local, str(deal.deal_id), deal.side, _text(deal.price), _text(deal.amount)))
    yield TRADES, event.market, found


def _coinex_quote(event: Any, stamp: int, local: int) -> Iterator[Rows]:
    numbers = (event.best_ask_size, event.best_ask_price, event.best_bid_price, event.best_bid_size)
    yield QUOTES, event.market, [(stamp, local, *map(_text, numbers))]


def _coinex_ticker(event: Any, stamp: int, local: int) -> Iterator[Rows]:
    numbers = (
        event.last,
        event.mark_price,
        event.index_price,
        event.open_interest_size,
        event.latest_funding_rate,
        event.volume,
    )
    funding = event.next_funding_time  # 0: there is none
    due = funding * MS if funding else None
    yield TICKERS, event.market, [(stamp, local, *map(_text, numbers), due, _text(event.next_funding_rate))]


def _qfex_trade(event: Any, stamp: int, local: int) -> Iterator[Rows]:
    numbers = _text(event.price), _text(event.size)
    yield TRADES, event.symbol, [(stamp, local, event.trade_id, event.side.lower(), *numbers)]


def _qfex_quote(event: Any, stamp: int, local: int) -> Iterator[Rows]:
    bid, ask = (event.bid or (None,))[0], (event.ask or (None,))[0]
    ask_row = (None, None) if ask is None else (ask[1], ask[0])
    bid_row = (None, None) if bid is None else (bid[0], bid[1])
    yield QUOTES, event.symbol, [(stamp, local, *map(_text, (*ask_row, *bid_row)))]


_ROWS: Final[dict[str, Callable[[Any, Any, Any], Iterator[Rows]]]] = {
    "coinex.TradesUpdate": _coinex_trades,
    "coinex.BestQuoteUpdate": _coinex_quote,
    "coinex.TickerUpdate": _coinex_ticker,
    "qfex.TradeUpdate": _qfex_trade,
    "qfex.BboUpdate": _qfex_quote,
}

_made_by: Final[dict[type[Update], Callable[[Any, Any, Any], Iterator[Rows]] | None]] = {}
"""The same by class, as far as one came."""
