"""Recordings as tables for research: Parquet with exact decimals, and the CSV layouts of tardis.dev.

Decimals are never a float and never rounded: each market has a file of its own, and a column's scale is the largest that the data
has, which a first pass over the recording finds. Needs pyarrow for Parquet (extra `research`); CSV needs nothing. One row group
is in memory at a time.
"""

from __future__ import annotations

import csv
import importlib
import os
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from attrs import Factory, define, frozen

from coinex_proto import BookChanged, BookView, Lost, Update, UsageError
from coinex_proto.recording import RecordingGap
from coinex_recorder.reading import header, replay

Format: TypeAlias = Literal["parquet", "tardis"]
Row: TypeAlias = tuple[Any, ...]
Scales: TypeAlias = dict[tuple[str, str, str], tuple[int, int]]
"""By table, market and column: digits before and behind the point."""

ROWS: Final = 50_000
"""Of one row group: about 20 MB of Python."""
MOST_DIGITS: Final = 76
"""Of a decimal256."""
UNWANTED: Final = re.compile(r"[^A-Za-z0-9]+")


@frozen
class Table:
    """One table's columns: name and kind, "decimal", "time" (Unix microseconds), "text" or "flag"."""

    name: str
    columns: tuple[tuple[str, str], ...]


TIMES: Final = (("timestamp", "time"), ("local_timestamp", "time"))
BOOK_CHANGES: Final = Table(
    "book_changes", (*TIMES, ("is_snapshot", "flag"), ("side", "text"), ("price", "decimal"), ("amount", "decimal"))
)
BOOK_SNAPSHOTS: Final = Table("book_snapshots", BOOK_CHANGES.columns)
TRADES: Final = Table("trades", (*TIMES, ("id", "text"), ("side", "text"), ("price", "decimal"), ("amount", "decimal")))
QUOTES: Final = Table(
    "quotes",
    (*TIMES, ("ask_amount", "decimal"), ("ask_price", "decimal"), ("bid_price", "decimal"), ("bid_amount", "decimal")),
)
TICKERS: Final = Table(
    "tickers",
    (
        *TIMES,
        ("last_price", "decimal"),
        ("mark_price", "decimal"),
        ("index_price", "decimal"),
        ("open_interest", "decimal"),
        ("funding_rate", "decimal"),
        ("volume", "decimal"),
    ),
)
GAPS: Final = Table("gaps", (("since", "time"), ("until", "time"), ("what", "text"), ("why", "text")))
TABLES: Final = (BOOK_CHANGES, BOOK_SNAPSHOTS, TRADES, QUOTES, TICKERS, GAPS)

TARDIS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "book_changes": (
        "incremental_book_L2",
        ("exchange", "symbol", "timestamp", "local_timestamp", "is_snapshot", "side", "price", "amount"),
    ),
    "trades": ("trades", ("exchange", "symbol", "timestamp", "local_timestamp", "id", "side", "price", "amount")),
    "quotes": (
        "quotes",
        ("exchange", "symbol", "timestamp", "local_timestamp", "ask_amount", "ask_price", "bid_price", "bid_amount"),
    ),
    "tickers": (
        "derivative_ticker",
        (
            "exchange",
            "symbol",
            "timestamp",
            "local_timestamp",
            "funding_timestamp",
            "funding_rate",
            "predicted_funding_rate",
            "open_interest",
            "last_price",
            "index_price",
            "mark_price",
        ),
    ),
}
"""Tables by the name of their tardis.dev data type, with its columns. Source: docs.tardis.dev, downloadable CSV files."""


def export(
    path: str | os.PathLike[str],
    to: str | os.PathLike[str],
    *,
    as_format: Format = "parquet",
    snapshot_every: float = 60.0,
    any_version: bool = False,
) -> tuple[Path, ...]:
    """Writes the tables of a recording into the directory `to`, one file a table and market, and gives the files.

    `snapshot_every`: seconds of the recording between two whole books (Parquet). Nothing that is there is written over:
    `UsageError` then, for what is no recording, and without pyarrow.
    """
    if as_format not in ("parquet", "tardis"):
        raise UsageError(f"as_format={as_format!r}: there are 'parquet' and 'tardis'")
    if not snapshot_every > 0:
        raise UsageError(f"snapshot_every={snapshot_every!r}: must be above 0")
    scales: Scales = {}
    if as_format == "parquet":
        _arrow()
        for table, market, row in rows(path, snapshot_every=snapshot_every, any_version=any_version):
            _widen(scales, table, market, row)
    exchange = UNWANTED.sub("-", header(path).name)
    directory = Path(to)
    directory.mkdir(parents=True, exist_ok=True)
    writers: dict[tuple[str, str], _Writer] = {}
    try:
        for table, market, row in rows(path, snapshot_every=snapshot_every, any_version=any_version):
            if as_format == "tardis" and table.name not in TARDIS:
                continue
            writer = writers.get((table.name, market))
            if writer is None:
                make = _parquet if as_format == "parquet" else _tardis
                writer = writers[table.name, market] = make(directory, exchange, table, market, scales)
            writer.rows.append(row)
            if len(writer.rows) >= writer.limit:
                writer.flush()
            if len(writers) * ROWS > _MOST_ROWS:
                for one in writers.values():
                    one.limit = max(1_000, _MOST_ROWS // len(writers))
    finally:
        for writer in writers.values():
            writer.close()
    return tuple(writer.path for writer in writers.values())


_MOST_ROWS: Final = 200_000
"""Of all files together that wait in memory."""


# Events to rows -----------------------------------------------------------------------------------------------------------


def rows(
    path: str | os.PathLike[str], *, snapshot_every: float = 60.0, any_version: bool = False
) -> Iterator[tuple[Table, str, Row]]:
    """The rows of all tables in order of their coming: table, market (as the venue names it), row.

    Changes of books are the differences between two proved books, so that they say the same for every venue; the first after
    a gap is the whole book (`is_snapshot`).
    """
    books: dict[str, _Book] = {}
    for event in replay(path, any_version=any_version):
        if isinstance(event, BookChanged):
            book = books.setdefault(event.market, _Book())
            yield from book.rows(event, snapshot_every)
        elif isinstance(event, Lost | RecordingGap):
            if isinstance(event, RecordingGap):
                books.clear()
            else:
                for topic in event.topics:
                    books.pop(_market_of(topic.key), None)
            until = getattr(event, "until", None)
            yield GAPS, "", (_micros(event.since), _micros(until), type(event).__name__, event.why)
        elif isinstance(event, Update):
            yield from rows_of(event)


def _market_of(key: tuple[Any, ...]) -> str:
    return "" if key[1] is None else str(key[1])


@define
class _Book:
    """The last proved state of one book, to say what has changed since."""

    bids: dict[Decimal, Decimal] = Factory(dict)
    asks: dict[Decimal, Decimal] = Factory(dict)
    is_known: bool = False
    snapshot_at: float = 0.0

    def rows(self, event: BookChanged, snapshot_every: float) -> Iterator[tuple[Table, str, Row]]:
        book = event.book
        local = _micros(book.received_at)
        stamp = _micros_of_ms(book) or local
        new_bids, new_asks = _side(book.bids), _side(book.asks)
        before = (self.bids, self.asks) if self.is_known else ({}, {})
        is_first = not self.is_known
        for side, old, new in (("bid", before[0], new_bids), ("ask", before[1], new_asks)):
            for price, amount in new.items():
                if old.get(price) != amount:
                    yield BOOK_CHANGES, event.market, (stamp, local, is_first, side, price, amount)
            for price in old.keys() - new.keys():
                yield BOOK_CHANGES, event.market, (stamp, local, False, side, price, Decimal(0))
        self.bids, self.asks, self.is_known = new_bids, new_asks, True
        at = book.received_at or 0.0
        if is_first or at - self.snapshot_at >= snapshot_every:
            self.snapshot_at = at
            for side, new in (("bid", new_bids), ("ask", new_asks)):
                for price, amount in new.items():
                    yield BOOK_SNAPSHOTS, event.market, (stamp, local, True, side, price, amount)


def _side(levels: Any) -> dict[Decimal, Decimal]:
    return dict(levels)


def _micros_of_ms(book: BookView) -> int | None:
    return None if book.updated_at_ms is None else book.updated_at_ms * 1000


def _micros(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1e6)


def rows_of(event: Update) -> Iterator[tuple[Table, str, Row]]:
    """Rows of the updates that the tables know, found by the class's name; of others none."""
    make = _ROWS.get(f"{type(event).__module__.split('.')[1]}.{type(event).__name__}")
    if make is not None:
        local = _micros(event.received_at)
        stamp = _micros(event.venue_time) or local
        yield from make(event, stamp, local)


def _get(value: Any, *names: str) -> Any:
    for name in names:
        found = getattr(value, name, None)
        if found is not None and not hasattr(found, "_sort_order_"):
            return found
    return None


def _coinex_trades(event: Any, stamp: int, local: int) -> Iterator[tuple[Table, str, Row]]:
    for deal in reversed(event.deal_list):  # the venue sends the newest first
        at = stamp if deal.created_at is None else deal.created_at * 1000
        yield TRADES, event.market, (at, local, str(deal.deal_id), deal.side, deal.price, deal.amount)


def _coinex_quote(event: Any, stamp: int, local: int) -> Iterator[tuple[Table, str, Row]]:
    row = (stamp, local, event.best_ask_size, event.best_ask_price, event.best_bid_price, event.best_bid_size)
    yield QUOTES, event.market, row


def _coinex_ticker(event: Any, stamp: int, local: int) -> Iterator[tuple[Table, str, Row]]:
    values = [
        _get(event, *names) for names in (("last",), ("mark_price",), ("index_price",), ("open_interest_volume",))
    ]
    yield TICKERS, event.market, (stamp, local, *values, _get(event, "latest_funding_rate"), _get(event, "volume"))


def _qfex_trade(event: Any, stamp: int, local: int) -> Iterator[tuple[Table, str, Row]]:
    side = str(_get(event, "side") or "").lower()
    yield TRADES, event.symbol, (stamp, local, str(_get(event, "trade_id") or ""), side, event.price, event.size)


def _qfex_quote(event: Any, stamp: int, local: int) -> Iterator[tuple[Table, str, Row]]:
    bid, ask = (event.bid or (None,))[0], (event.ask or (None,))[0]
    ask_row = (None, None) if ask is None else (ask[1], ask[0])
    bid_row = (None, None) if bid is None else (bid[0], bid[1])
    yield QUOTES, event.symbol, (stamp, local, *ask_row, *bid_row)


_ROWS: Final[dict[str, Callable[[Any, Any, Any], Iterator[tuple[Table, str, Row]]]]] = {
    "coinex.TradesUpdate": _coinex_trades,
    "coinex.BestQuoteUpdate": _coinex_quote,
    "coinex.TickerUpdate": _coinex_ticker,
    "qfex.TradeUpdate": _qfex_trade,
    "qfex.BboUpdate": _qfex_quote,
}


# Rows to files ------------------------------------------------------------------------------------------------------------


@define
class _Writer:
    """One file, and the rows that wait for it."""

    path: Path
    write: Callable[[list[Row]], None]
    end: Callable[[], None]
    rows: list[Row]
    limit: int = ROWS

    def flush(self) -> None:
        if self.rows:
            self.write(self.rows)
            self.rows.clear()

    def close(self) -> None:
        try:
            self.flush()
        finally:
            self.end()


def _new_path(directory: Path, name: str) -> Path:
    path = directory / name
    if path.exists():
        raise UsageError(f"{path} is there already, and is not written over")
    return path


def _widen(scales: Scales, table: Table, market: str, row: Row) -> None:
    """How many digits before and behind the point the columns of this market need."""
    for (column, kind), value in zip(table.columns, row, strict=True):
        if kind == "decimal" and value is not None:
            _, digits, exponent = value.as_tuple()
            assert isinstance(exponent, int), "the core lets no number through that is none"
            before, behind = scales.get((table.name, market, column), (1, 0))
            whole = max(len(digits) + exponent, 1)
            if whole > before or -exponent > behind:
                scales[table.name, market, column] = max(before, whole), max(behind, -exponent)


def _arrow() -> Any:
    try:
        return importlib.import_module("pyarrow")
    except ImportError:
        raise UsageError("Parquet needs pyarrow: pip install 'coinex-sdk[research]'") from None


def _parquet(directory: Path, exchange: str, table: Table, market: str, scales: Scales) -> _Writer:
    arrow, parquet = _arrow(), importlib.import_module("pyarrow.parquet")
    path = _new_path(directory, f"{exchange}_{table.name}{'_' if market else ''}{UNWANTED.sub('-', market)}.parquet")
    kinds = {"time": arrow.timestamp("us", tz="UTC"), "text": arrow.string(), "flag": arrow.bool_()}

    def type_of(column: str, kind: str) -> Any:
        if kind != "decimal":
            return kinds[kind]
        before, behind = scales.get((table.name, market, column), (1, 0))
        if before + behind > MOST_DIGITS:
            raise UsageError(f"{market} {column} needs {before + behind} digits, and Parquet has {MOST_DIGITS}")
        make = arrow.decimal128 if before + behind <= 38 else arrow.decimal256
        return make(before + behind, behind)

    metadata = {"exchange": exchange, "market": market}
    schema = arrow.schema([arrow.field(name, type_of(name, kind)) for name, kind in table.columns], metadata=metadata)
    file = parquet.ParquetWriter(path, schema)

    def write(waiting: list[Row]) -> None:
        columns = zip(*waiting, strict=True)
        arrays = [arrow.array(list(values), type=one.type) for values, one in zip(columns, schema, strict=True)]
        file.write_table(arrow.Table.from_arrays(arrays, schema=schema))

    return _Writer(path, write, file.close, [])


def _tardis(directory: Path, exchange: str, table: Table, market: str, _: Scales) -> _Writer:
    kind, columns = TARDIS[table.name]
    path = _new_path(directory, f"{exchange}_{kind}_{UNWANTED.sub('-', market)}.csv")
    file = path.open("x", newline="")
    lines = csv.writer(file, lineterminator="\n")
    lines.writerow(columns)
    at = {name: index for index, (name, _) in enumerate(table.columns)}

    def text_of(column: str, row: Row) -> str:
        if column == "exchange":
            return exchange
        if column == "symbol":
            return market
        value = row[at[column]] if column in at else None
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        return format(value, "f") if isinstance(value, Decimal) else str(value)

    def write(waiting: list[Row]) -> None:
        lines.writerows([[text_of(column, row) for column in columns] for row in waiting])

    return _Writer(path, write, file.close, [])
