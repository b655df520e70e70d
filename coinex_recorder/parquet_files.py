"""Tables of a recording in Parquet, with exact decimals. Needs pyarrow (extra `research`).

Decimals are never a float and never rounded. A column's scale is the largest that its data has, which is known at the end only: until
then the rows wait as texts in a file beside it, in Arrow's own format.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, repeat
from pathlib import Path
from typing import Any, Final

from coinex_proto import UsageError
from coinex_recorder.tables import BOOKS, NEXT, UNWANTED, Levels, Table, count_rows, new_path

ROWS: Final = 50_000
"""Of one row group."""
FEW: Final = 1_000
"""Rows up to which Python's own lists take less time than a call of Arrow for each step."""
WAITING: Final = ".waiting"
"""Behind the name of a file that waits for its scales."""
MOST_DIGITS: Final = 76
"""Of a decimal256."""


def check_arrow() -> None:
    """Raises `UsageError` without pyarrow."""
    try:
        importlib.import_module("pyarrow")
    except ImportError:
        raise UsageError("Parquet needs pyarrow: pip install 'coinex-sdk[research]'") from None


class ParquetFile:
    """One table of one market: rows go to a file that waits, as texts, and at the end into Parquet, with the scales they need."""

    def __init__(self, directory: Path, exchange: str, table: Table, market: str) -> None:
        check_arrow()
        self._arrow = arrow = importlib.import_module("pyarrow")
        self._compute, self._csv = map(importlib.import_module, ("pyarrow.compute", "pyarrow.csv"))
        name = f"{exchange}_{table.name}{'_' if market else ''}{UNWANTED.sub('-', market)}.parquet"
        self.path: Path = new_path(directory, name)
        self.rows: list[Any] = []
        self._table, self._market = table, market
        self._metadata = {"exchange": exchange, "market": market}
        self._kinds = {"time": arrow.timestamp("us", tz="UTC"), "text": arrow.string(), "flag": arrow.bool_()}
        self._scales = {column: (1, 0) for column, kind in table.columns if kind == "decimal"}
        """Digits before and behind the point."""
        texts = [(column, self._kinds.get(kind, arrow.string())) for column, kind in table.columns]
        self._texts = arrow.schema(texts)
        self._waiting = Path(f"{self.path}{WAITING}")

    def waiting(self) -> int:
        """How many rows are in memory."""
        return count_rows(self._table, self.rows)

    def flush(self) -> None:
        """The rows, behind what waits in its file. That is open only meanwhile: a venue has thousands of markets."""
        if self.rows:
            options = self._arrow.ipc.IpcWriteOptions(compression="lz4")
            with (
                self._waiting.open("ab") as file,
                self._arrow.ipc.new_stream(file, self._texts, options=options) as sink,
            ):
                sink.write_batch(self._batch())

    def _batch(self) -> Any:
        """The rows as they wait: numbers are texts."""
        arrow = self._arrow
        are_many = self.waiting() >= FEW
        if self._table not in BOOKS:
            columns: Iterator[Sequence[Any]] = zip(*self.rows, strict=True)
        else:
            columns = self._columns_of_many() if are_many else _columns(self.rows)
        arrays = [
            values if isinstance(values, arrow.Array) else arrow.array(values, type=one.type)
            for values, one in zip(columns, self._texts, strict=True)
        ]
        self.rows.clear()
        for (column, kind), array in zip(self._table.columns, arrays, strict=True):
            if kind == "decimal":
                found = self._digits(array) if are_many else _digits(array.to_pylist())
                before = self._scales[column]
                self._scales[column] = max(before[0], found[0]), max(before[1], found[1])
        return arrow.record_batch(arrays, schema=self._texts)

    def _columns_of_many(self) -> Iterator[Any]:
        """As `_columns`, without an object for each number."""
        arrow = self._arrow
        *columns, sizes, lines = zip(*self.rows, strict=True)
        ends = arrow.array(accumulate(sizes), type=arrow.int32())
        for values, one in zip(columns, self._texts, strict=False):
            runs = arrow.RunEndEncodedArray.from_arrays(ends, arrow.array(values, type=one.type))
            yield self._compute.run_end_decode(runs)
        text, names = NEXT.join(lines).encode(), ("price", "amount")
        found = self._csv.read_csv(
            io.BytesIO(text),
            self._csv.ReadOptions(use_threads=False, column_names=names, block_size=len(text) + 1),
            self._csv.ParseOptions(delimiter=":", quote_char=False),
            self._csv.ConvertOptions(column_types=dict.fromkeys(names, arrow.string())),
        )
        for name in names:
            yield found[name].combine_chunks()

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
        if not self._waiting.exists():
            return
        with self._arrow.OSFile(str(self._waiting)) as file:
            while file.tell() < file.size():
                with self._arrow.ipc.open_stream(file) as batches:
                    yield from batches

    def close(self) -> None:
        """Whether it went well or not: nothing is left that waits."""
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
