"""What becomes of an order, cell by cell: the table that the tests run and that stands in docs/qfex.md.

A row holds for every cell that its columns name ("any": whatever stands there); each cell has exactly one row. Filled part
means 4 of 10. `python -m tests.coinex_proto.qfex.order_outcomes` writes the table into the page.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Final, NamedTuple

PAGE: Final = Path(__file__).parents[3] / "docs" / "qfex.md"
BEGIN: Final = "<!-- table: tests.coinex_proto.qfex.order_outcomes -->\n"
END: Final = "<!-- end of table -->\n"


class Cell(NamedTuple):
    """One way in which an order can go."""

    order_type: str
    time_in_force: str
    filled: str
    """none, part or all, by the time that the venue is done with it (or lets it rest)."""
    ack: str
    """When ACK comes: before what happens to the order, after it, or never."""
    statuses: str
    """How an order that does not rest ends: by CANCELLED and FILLED (old), or by IOC_CANCELLED and IOC_PARTIALLY_FILLED (new)."""
    lost: str
    """Whether the connection breaks before what happens to the order is told. An ACK that comes before was told."""

    @property
    def rests(self) -> bool:
        """What is not filled at once stays in the book."""
        return self.time_in_force == "GTC" and self.order_type != "MARKET"


class Row(NamedTuple):
    """Cells that end alike."""

    orders: str
    filled: str
    ack: str
    statuses: str
    lost: str
    verb: str
    """What `place_order` does: gives the order, or raises."""
    state: str
    """Of the order, once the venue has been asked where that is needed."""
    amount: str
    """`order.filled`, of 10."""

    def has(self, cell: Cell) -> bool:
        """Whether it tells of this cell."""
        orders = "rests" if cell.rests else "does not rest"
        said = (orders, cell.filled, cell.ack, cell.statuses, cell.lost)
        return all(mine == "any" or theirs in mine.split(" or ") for mine, theirs in zip(self, said, strict=False))


KINDS: Final = (
    *(("LIMIT", force) for force in ("GTC", "IOC", "FOK")),
    *(("MARKET", force) for force in ("IOC", "GTC", "FOK")),
    ("ALO", "GTC"),
)
FILLED: Final = {"none": 0, "part": 4, "all": 10}


def cells() -> Iterator[Cell]:
    """All that can be: a FOK order is filled whole or not at all."""
    for (kind, force), *rest in product(KINDS, FILLED, ("before", "after", "never"), ("old", "new"), ("no", "yes")):
        cell = Cell(kind, force, *rest)
        if not (force == "FOK" and cell.filled == "part"):
            yield cell


GIVEN, UNKNOWN, TIMED_OUT = "the order", "OutcomeUnknown", "RequestTimedOut"

# Resting: LIMIT and ALO with GTC. Not resting: IOC, FOK and MARKET.
ROWS: Final = (
    Row("rests", "none", "before or after", "any", "no", GIVEN, "live", "0"),
    Row("rests", "none", "never", "any", "no", TIMED_OUT, "live", "0"),
    Row("rests", "part", "any", "any", "no", GIVEN, "live", "4"),
    Row("rests", "all", "any", "any", "no", GIVEN, "filled", "10"),
    Row("rests", "none", "before", "any", "yes", GIVEN, "live", "0"),
    Row("rests", "part", "before", "any", "yes", GIVEN, "live", "4"),
    Row("rests", "all", "before", "any", "yes", GIVEN, "filled", "10"),
    Row("rests", "none", "after or never", "any", "yes", UNKNOWN, "live", "0"),
    Row("rests", "part", "after or never", "any", "yes", UNKNOWN, "live", "4"),
    Row("rests", "all", "after or never", "any", "yes", UNKNOWN, "filled", "10"),
    Row("does not rest", "none", "any", "any", "no", GIVEN, "cancelled", "0"),
    Row("does not rest", "part", "any", "any", "no", GIVEN, "cancelled", "4"),
    Row("does not rest", "all", "any", "any", "no", GIVEN, "filled", "10"),
    Row("does not rest", "none", "before", "any", "yes", GIVEN, "cancelled", "0"),
    Row("does not rest", "part", "before", "any", "yes", GIVEN, "cancelled", "4"),
    Row("does not rest", "all", "before", "any", "yes", GIVEN, "filled", "10"),
    Row("does not rest", "none", "after or never", "any", "yes", UNKNOWN, "unknown", "0"),
    Row("does not rest", "part", "after or never", "any", "yes", UNKNOWN, "cancelled", "4"),
    Row("does not rest", "all", "after or never", "any", "yes", UNKNOWN, "filled", "10"),
)


def row_of(cell: Cell) -> Row:
    """The one row of this cell."""
    (found,) = [row for row in ROWS if row.has(cell)]
    return found


def table() -> str:
    """The rows as Markdown."""
    heads = ("order", "filled", "ACK", "statuses", "answer lost", "`place_order`", "`order.state`", "`order.filled`")
    lines = ["| " + " | ".join(row) + " |" for row in (heads, ("---",) * len(heads), *ROWS)]
    return "\n".join(lines) + "\n"


def written() -> str:
    """The page with the current table."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(written())
