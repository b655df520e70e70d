"""Recordings as tables for research: Parquet with exact decimals, and the CSV layouts of tardis.dev.

Decimals are never a float and never rounded: numbers stay the venue's texts until they are written, each market has a file of its
own, and a column's scale is the largest that the data has. That is known at the end only, so that the rows of Parquet wait as
texts in a file beside it. Needs pyarrow for Parquet (extra `research`); CSV needs nothing. One row group is in memory at a time.
"""

from __future__ import annotations

import csv
import importlib
import io
import os
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from decimal import Decimal
from itertools import chain, filterfalse, repeat
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from attrs import define, frozen

from coinex_proto import BookChanged, BookView, Lost, Update, UsageError
from coinex_proto.recording import RecordingGap
from coinex_proto.speedups import speed
from coinex_recorder.reading import header, replay

Format: TypeAlias = Literal["parquet", "tardis"]
Row: TypeAlias = tuple[Any, ...]
"""Times are whole microseconds, decimals the venue's texts."""
Rows: TypeAlias = "tuple[Table, str, list[Row] | list[Levels]]"
"""Of one table and market (as the venue names it), in order of their coming; books have levels."""

ROWS: Final = 50_000
"""Of one row group."""
MOST_ROWS: Final = 150_000
"""Of all files together that wait in memory: about 60 MB of Python."""
FEW: Final = 1_000
"""Fewer rows of a file than these wait on when others are written."""
WAITING: Final = ".waiting"
"""Behind the name of a file that waits for its scales."""
MOST_DIGITS: Final = 76
"""Of a decimal256."""
UNWANTED: Final = re.compile(r"[^A-Za-z0-9]+")
NEXT: Final = "\n"


class Levels(NamedTuple):
    """Rows of a book that differ in price and amount alone."""

    timestamp: int | None
    local_timestamp: int | None
    is_snapshot: bool
    side: str
    number: int
    """How many."""
    lines: str
    """`price:amount` each, with line feeds between; an amount of 0 removes."""


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
BOOKS: Final = (BOOK_CHANGES, BOOK_SNAPSHOTS)
"""Tables of `Levels`, which are most of all rows."""
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
        ("funding_timestamp", "time"),
        ("predicted_funding_rate", "decimal"),
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
    exchange: str | None = None,
    any_version: bool = False,
) -> tuple[Path, ...]:
    """Writes the tables of a recording into the directory `to`, one file a table and market, and gives the files.

    `snapshot_every`: seconds of the recording between two whole books (Parquet). `exchange`: what the tables call it, for readers
    that know a list of names only; by default what the recording says, such as "coinex-spot". Nothing that is there is written over:
    `UsageError` then, for what is no recording, and without pyarrow.
    """
    if as_format not in ("parquet", "tardis"):
        raise UsageError(f"as_format={as_format!r}: there are 'parquet' and 'tardis'")
    if not snapshot_every > 0:
        raise UsageError(f"snapshot_every={snapshot_every!r}: must be above 0")
    if as_format == "parquet":
        _arrow()
    exchange = UNWANTED.sub("-", header(path).name if exchange is None else exchange)
    directory = Path(to)
    directory.mkdir(parents=True, exist_ok=True)
    make = ParquetFile if as_format == "parquet" else CsvFile
    files: dict[tuple[str, str], ParquetFile | CsvFile] = {}
    waiting = 0
    try:
        for table, market, found in rows(path, snapshot_every=snapshot_every, any_version=any_version):
            if as_format == "tardis" and table.name not in TARDIS:
                continue
            file = files.get((table.name, market))
            if file is None:
                file = files[table.name, market] = make(directory, exchange, table, market)
            file.rows += found
            waiting += _count(table, found)
            if waiting >= MOST_ROWS:
                waiting = _flush(files.values())
        for file in files.values():
            file.end()
    finally:
        for file in files.values():
            file.close()
    return tuple(file.path for file in files.values())


def _count(table: Table, found: Sequence[Any]) -> int:
    """How many rows they are."""
    return sum([one.number for one in found]) if table in BOOKS else len(found)


def _flush(files: Collection[ParquetFile | CsvFile]) -> int:
    """The rows of large files, to them: there are hundreds of others with a few each. How many still wait."""
    for file in files:
        if file.waiting() >= FEW:
            file.flush()
    left = sum(file.waiting() for file in files)
    if left < MOST_ROWS // 2:
        return left
    for file in files:
        file.flush()
    return 0


# Events to rows -----------------------------------------------------------------------------------------------------------


def rows(path: str | os.PathLike[str], *, snapshot_every: float = 60.0, any_version: bool = False) -> Iterator[Rows]:
    """The rows of all tables in order of their coming.

    Changes of books are the differences between two proved books, so that they say the same for every venue. The first after a
    gap is the whole book (`is_snapshot`); what it does not hold any more is removed before, for readers that keep it otherwise.
    """
    books: dict[str, _Book] = {}
    for event in replay(path, any_version=any_version):
        if isinstance(event, BookChanged):
            book = books.get(event.market)
            if book is None:
                book = books[event.market] = _Book()
            yield from book.rows(event, snapshot_every)
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


@define
class _Book:
    """The last proved state of one book, to say what has changed since."""

    bids: str = ""
    """`price:size:price:size…`"""
    asks: str = ""
    is_known: bool = False
    snapshot_at: float = 0.0

    def rows(self, event: BookChanged, snapshot_every: float) -> Iterator[Rows]:
        book = event.book
        local = _micros(book.received_at)
        stamp = _micros_of_ms(book) or local
        bids, asks = book.bids.joined(), book.asks.joined()  # type: ignore[attr-defined]
        is_first = not self.is_known
        changes: list[Levels] = []
        for side, old, new in (("bid", self.bids, bids), ("ask", self.asks, asks)):
            if old != new:
                gone, number_gone, changed, number_changed = _changes(old, new, side == "bid")
                if number_gone:
                    changes.append(Levels(stamp, local, False, side, number_gone, gone))
                if number_changed and not is_first:
                    changes.append(Levels(stamp, local, False, side, number_changed, changed))
        at = book.received_at or 0.0
        whole: list[Levels] = []
        if is_first or at - self.snapshot_at >= snapshot_every:
            whole = [_whole(stamp, local, side, new) for side, new in (("bid", bids), ("ask", asks)) if new]
            self.snapshot_at = at
        self.bids, self.asks, self.is_known = bids, asks, True
        if changes or is_first:
            yield BOOK_CHANGES, event.market, [*changes, *whole] if is_first else changes
        if whole:
            yield BOOK_SNAPSHOTS, event.market, whole


def _whole(stamp: int | None, local: int | None, side: str, levels: str) -> Levels:
    found = _levels(levels)
    return Levels(stamp, local, True, side, len(found), NEXT.join(found))


_changed_levels: Callable[[str, str, bool], tuple[str, int, str, int] | None] | None = getattr(
    speed, "changed_levels", None
)
"""Compares two sides of plain numbers in order; None: the extension is not there."""


def _changes(old: str, new: str, is_highest_first: bool) -> tuple[str, int, str, int]:
    """What is gone, with an amount of 0, and what is new or has another amount: the lines of each, and how many they are."""
    if _changed_levels is not None and (quick := _changed_levels(old, new, is_highest_first)) is not None:
        return quick
    before, now = _levels(old), _levels(new)
    changed = list(filterfalse(set(before).__contains__, now))
    prices = {level.partition(":")[0] for level in changed}
    left = [level.partition(":")[0] for level in filterfalse(set(now).__contains__, before)]
    gone = [f"{price}:0" for price in left if price not in prices]
    return NEXT.join(gone), len(gone), NEXT.join(changed), len(changed)


def _levels(joined: str) -> list[str]:
    numbers = joined.split(":") if joined else []
    return list(map(":".join, zip(numbers[::2], numbers[1::2], strict=True)))


def _micros_of_ms(book: BookView) -> int | None:
    return None if book.updated_at_ms is None else book.updated_at_ms * 1000


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def _micros(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1e6)


def rows_of(event: Update) -> Iterator[Rows]:
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


def _coinex_trades(event: Any, stamp: int, local: int) -> Iterator[Rows]:
    found: list[Row] = []
    for deal in reversed(event.deal_list):  # the venue sends the newest first
        at = stamp if deal.created_at is None else deal.created_at * 1000
        found.append((at, local, str(deal.deal_id), deal.side, _text(deal.price), _text(deal.amount)))
    yield TRADES, event.market, found


def _coinex_quote(event: Any, stamp: int, local: int) -> Iterator[Rows]:
    numbers = (event.best_ask_size, event.best_ask_price, event.best_bid_price, event.best_bid_size)
    yield QUOTES, event.market, [(stamp, local, *map(_text, numbers))]


def _coinex_ticker(event: Any, stamp: int, local: int) -> Iterator[Rows]:
    values = [
        _get(event, *names) for names in (("last",), ("mark_price",), ("index_price",), ("open_interest_volume",))
    ]
    values += [_get(event, "latest_funding_rate"), _get(event, "volume")]
    funding = _get(event, "next_funding_time")  # 0: there is none
    row = (
        stamp,
        local,
        *map(_text, values),
        funding * 1000 if funding else None,
        _text(_get(event, "next_funding_rate")),
    )
    yield TICKERS, event.market, [row]


def _qfex_trade(event: Any, stamp: int, local: int) -> Iterator[Rows]:
    side = str(_get(event, "side") or "").lower()
    numbers = _text(event.price), _text(event.size)
    yield TRADES, event.symbol, [(stamp, local, str(_get(event, "trade_id") or ""), side, *numbers)]


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


# Rows to files ------------------------------------------------------------------------------------------------------------


def _new_path(directory: Path, name: str) -> Path:
    path = directory / name
    if path.exists():
        raise UsageError(f"{path} is there already, and is not written over")
    return path


def _arrow() -> Any:
    try:
        return importlib.import_module("pyarrow")
    except ImportError:
        raise UsageError("Parquet needs pyarrow: pip install 'coinex-sdk[research]'") from None


class ParquetFile:
    """One table of one market: rows go to a file that waits, as texts, and at the end into Parquet, with the scales they need."""

    def __init__(self, directory: Path, exchange: str, table: Table, market: str) -> None:
        self._arrow = arrow = _arrow()
        self._compute = importlib.import_module("pyarrow.compute")
        name = f"{exchange}_{table.name}{'_' if market else ''}{UNWANTED.sub('-', market)}.parquet"
        self.path: Path = _new_path(directory, name)
        self.rows: list[Any] = []
        self._table, self._market = table, market
        self._metadata = {"exchange": exchange, "market": market}
        self._kinds = {"time": arrow.timestamp("us", tz="UTC"), "text": arrow.string(), "flag": arrow.bool_()}
        self._scales = {column: (1, 0) for column, kind in table.columns if kind == "decimal"}
        """Digits before and behind the point."""
        texts = [(column, self._kinds.get(kind, arrow.string())) for column, kind in table.columns]
        self._texts = arrow.schema(texts)
        self._waiting = Path(f"{self.path}{WAITING}")
        self._sink: Any = None
        """Of the file that waits, once there is one."""

    def waiting(self) -> int:
        """How many rows are in memory."""
        return _count(self._table, self.rows)

    def flush(self) -> None:
        """The rows, to the file that waits."""
        if self.rows:
            if self._sink is None:
                options = self._arrow.ipc.IpcWriteOptions(compression="lz4")
                self._sink = self._arrow.ipc.new_stream(str(self._waiting), self._texts, options=options)
            self._sink.write_batch(self._batch())

    def _batch(self) -> Any:
        """The rows as they wait: numbers are texts."""
        arrow = self._arrow
        columns = list(_columns(self.rows) if self._table in BOOKS else zip(*self.rows, strict=True))
        arrays = [arrow.array(values, type=one.type) for values, one in zip(columns, self._texts, strict=True)]
        self.rows.clear()
        for (column, kind), values, array in zip(self._table.columns, columns, arrays, strict=True):
            if kind == "decimal":
                found = _digits(values) if len(values) < FEW else self._digits(array)
                before = self._scales[column]
                self._scales[column] = max(before[0], found[0]), max(before[1], found[1])
        return arrow.record_batch(arrays, schema=self._texts)

    def _digits(self, array: Any) -> tuple[int, int]:
        """As the function, of many: its calls cost more than a few texts."""
        compute = self._compute
        points, sizes = compute.find_substring(array, "."), compute.utf8_length(array)
        behind = compute.if_else(compute.less(points, 0), 0, compute.subtract(compute.subtract(sizes, points), 1))
        whole = compute.if_else(compute.less(points, 0), sizes, points)
        return compute.max(whole).as_py() or 0, compute.max(behind).as_py() or 0

    def _type(self, column: str, kind: str) -> Any:
        if kind != "decimal":
            return self._kinds[kind]
        before, behind = self._scales[column]
        if before + behind > MOST_DIGITS:
            raise UsageError(f"{self._market} {column} needs {before + behind} digits, and Parquet has {MOST_DIGITS}")
        make = self._arrow.decimal128 if before + behind <= 38 else self._arrow.decimal256
        return make(before + behind, behind)

    def end(self) -> None:
        """What waits, into Parquet."""
        last = [self._batch()] if self.rows else []
        fields = [self._arrow.field(column, self._type(column, kind)) for column, kind in self._table.columns]
        schema = self._arrow.schema(fields, metadata=self._metadata)
        with importlib.import_module("pyarrow.parquet").ParquetWriter(self.path, schema) as file:
            held: list[Any] = []
            for batch in chain(self._batches(), last):
                held.append(batch)
                if sum(one.num_rows for one in held) >= ROWS:
                    file.write_table(self._arrow.Table.from_batches(held).cast(schema))
                    held.clear()
            if held:
                file.write_table(self._arrow.Table.from_batches(held).cast(schema))

    def _batches(self) -> Iterator[Any]:
        if self._sink is not None:
            self._sink.close()
            with self._arrow.ipc.open_stream(str(self._waiting)) as batches:
                yield from batches

    def close(self) -> None:
        """Whether it went well or not: nothing is left that waits."""
        if self._sink is not None:
            self._sink.close()
            self._waiting.unlink(missing_ok=True)


def _digits(texts: Sequence[str | None]) -> tuple[int, int]:
    """The most digits before and behind the point."""
    parts = [text.partition(".") for text in texts if text is not None]
    return max((len(part[0]) for part in parts), default=0), max((len(part[2]) for part in parts), default=0)


def _columns(found: Sequence[Levels]) -> Iterator[Sequence[Any]]:
    """Of the table of a book."""
    *columns, sizes, lines = zip(*found, strict=True)
    for column in columns:
        yield list(chain.from_iterable(map(repeat, column, sizes)))
    numbers = NEXT.join(lines).replace(NEXT, ":").split(":")
    yield numbers[::2]
    yield numbers[1::2]


class CsvFile:
    """One table of one market in the layout of tardis.dev."""

    def __init__(self, directory: Path, exchange: str, table: Table, market: str) -> None:
        kind, columns = TARDIS[table.name]
        self.path: Path = _new_path(directory, f"{exchange}_{kind}_{UNWANTED.sub('-', market)}.csv")
        self.rows: list[Any] = []
        self._file = self.path.open("x", newline="")
        self._lines = csv.writer(self._file, lineterminator="\n")
        self._lines.writerow(columns)
        at = {name: index for index, (name, _) in enumerate(table.columns)}
        fixed = {"exchange": exchange, "symbol": market}
        self._places = [at.get(column, -1) for column in columns]
        self._fixed = [fixed.get(column, "") for column in columns]
        self._table = table
        names = io.StringIO()
        csv.writer(names, lineterminator="").writerow((exchange, market))
        self._names = names.getvalue()

    def waiting(self) -> int:
        """How many rows are in memory."""
        return _count(self._table, self.rows)

    def flush(self) -> None:
        """The rows, to the file; what is None is empty."""
        rows = self.rows
        if self._table in BOOKS:
            self._file.write("".join(map(self._lines_of, rows)))
        else:
            places = list(zip(self._places, self._fixed, strict=True))
            self._lines.writerows([[row[at] if at >= 0 else fixed for at, fixed in places] for row in rows])
        self.rows.clear()

    def _lines_of(self, levels: Levels) -> str:
        """Nothing in them needs quotes."""
        at, seen, is_snapshot, side, _, lines = levels
        begin = f"{self._names},{at},{seen},{'true' if is_snapshot else 'false'},{side},"
        return f"{begin}{lines.replace(':', ',').replace(NEXT, NEXT + begin)}{NEXT}"

    def end(self) -> None:
        """All of it is written."""
        self.flush()

    def close(self) -> None:
        """Whether it went well or not."""
        self._file.close()
