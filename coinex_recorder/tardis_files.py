"""Tables of a recording in the CSV layouts of tardis.dev. Needs nothing but Python."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from coinex_recorder.tables import BOOKS, NEXT, UNWANTED, Levels, Table, count_rows, new_path

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
"""Tables by the name of their tardis.dev data type, with its columns. Source: docs.tardis.dev, downloadable CSV files; the names and order
are those of their published files, and nautilus_trader 1.221.0 and hftbacktest 2.4.4 read them by these."""


class CsvFile:
    """One table of one market in the layout of tardis.dev. The file is open only while rows go to it: a venue has thousands."""

    def __init__(self, directory: Path, exchange: str, table: Table, market: str) -> None:
        kind, columns = TARDIS[table.name]
        self.path: Path = new_path(directory, f"{exchange}_{kind}_{UNWANTED.sub('-', market)}.csv")
        self.rows: list[Any] = []
        at = {name: index for index, (name, _) in enumerate(table.columns)}
        fixed = {"exchange": exchange, "symbol": market}
        self._places = [(at.get(column, -1), fixed.get(column, "")) for column in columns]
        self._table = table
        self._names = _line((exchange, market))
        with self.path.open("x", newline="") as file:
            file.write(f"{_line(columns)}{NEXT}")

    def waiting(self) -> int:
        """How many rows are in memory."""
        return count_rows(self._table, self.rows)

    def flush(self) -> None:
        """The rows, to the file; what is None is empty."""
        with self.path.open("a", newline="") as file:
            if self._table in BOOKS:
                file.write("".join(map(self._lines_of, self.rows)))
            else:
                rows = [[row[at] if at >= 0 else fixed for at, fixed in self._places] for row in self.rows]
                csv.writer(file, lineterminator=NEXT).writerows(rows)
        self.rows.clear()

    def _lines_of(self, levels: Levels) -> str:
        """Nothing in them needs quotes."""
        at, seen, is_snapshot, side, _, lines = levels
        begin = f"{self._names},{at},{seen},{'true' if is_snapshot else 'false'},{side},"
        return f"{begin}{lines.replace(':', ',').replace(NEXT, NEXT + begin)}{NEXT}"

    def end(self) -> None:
        """All of it is written."""
        if self.rows:
            self.flush()

    def close(self) -> None:
        """Nothing is left to be done."""


def _line(values: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue()
