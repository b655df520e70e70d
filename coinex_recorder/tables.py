"""What the tables of a recording hold: their names, columns, and the form in which rows wait to be written.

Numbers are the venue's texts here. This module must not know any venue, nor how a table is written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from attrs import frozen

from coinex_proto import UsageError

Row: TypeAlias = tuple[Any, ...]
"""Times are whole microseconds, decimals the venue's texts."""
Rows: TypeAlias = "tuple[Table, str, list[Row] | list[Levels]]"
"""Of one table and market (as the venue names it), in order of their coming; books have levels."""

UNWANTED: Final = re.compile(r"[^A-Za-z0-9]+")
"""What is a hyphen in the name of a file."""
NEXT: Final = "\n"
"""Between the lines of `Levels`."""


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


def count_rows(table: Table, found: Sequence[Any]) -> int:
    """How many rows they are."""
    return sum([one.number for one in found]) if table in BOOKS else len(found)


def new_path(directory: Path, name: str) -> Path:
    """Raises `UsageError` where something is: nothing is written over."""
    path = directory / name
    if path.exists():
        raise UsageError(f"{path} is there already, and is not written over")
    return path
