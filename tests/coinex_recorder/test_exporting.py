"""Tables of a recording: every digit of it, and nothing that is not in it."""

import csv
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as parquet
import pytest

from coinex_proto import BookChanged, UsageError, coinex
from coinex_recorder import replay
from coinex_recorder.exporting import TARDIS, export, rows
from tests.coinex_recorder.recorded import recorded


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    with recorded("coinex", tmp_path / "rec", faults="at 15s drop"):
        pass
    return tmp_path / "rec"


def test_parquet_holds_every_digit_that_came(recording: Path, tmp_path: Path) -> None:
    written = {path.name: path for path in export(recording, tmp_path / "out")}
    trades = [
        deal
        for event in replay(recording)
        if isinstance(event, coinex.TradesUpdate)
        for deal in reversed(event.deal_list)
    ]
    table = parquet.read_table(written["coinex-spot_trades_BTCUSDT.parquet"]).to_pylist()
    assert [(row["id"], row["price"], row["amount"]) for row in table] == [
        (str(deal.deal_id), deal.price, deal.amount) for deal in trades
    ]
    schema = parquet.read_schema(written["coinex-spot_trades_BTCUSDT.parquet"])
    assert "decimal" in str(schema.field("price").type)


def test_changes_of_a_book_make_the_book_again(recording: Path, tmp_path: Path) -> None:
    written = {path.name: path for path in export(recording, tmp_path / "out")}
    changes = parquet.read_table(written["coinex-spot_book_changes_BTCUSDT.parquet"]).to_pylist()
    book: dict[str, dict[Decimal, Decimal]] = {"bid": {}, "ask": {}}
    was_snapshot = False
    for row in changes:
        if row["is_snapshot"] and not was_snapshot:
            book = {"bid": {}, "ask": {}}
        was_snapshot = row["is_snapshot"]
        if row["amount"]:
            book[row["side"]][row["price"]] = row["amount"]
        else:
            del book[row["side"]][row["price"]]
    last = [event for event in replay(recording) if isinstance(event, BookChanged)][-1].book
    assert book["bid"] == dict(last.bids)
    assert book["ask"] == dict(last.asks)


def test_csv_has_the_layouts_of_tardis(recording: Path, tmp_path: Path) -> None:
    for path in export(recording, tmp_path / "out", as_format="tardis"):
        with path.open() as file:
            lines = list(csv.reader(file))
        (columns,) = (columns for kind, columns in TARDIS.values() if f"_{kind}_" in path.name)
        assert tuple(lines[0]) == columns
        assert len(lines) > 1
        assert {len(line) for line in lines} == {len(columns)}
        assert {line[2].isdecimal() for line in lines[1:]} == {True}


def test_gaps_are_a_table_of_their_own(recording: Path) -> None:
    gaps = [row for table, _, row in rows(recording) if table.name == "gaps"]
    assert gaps
    assert gaps[0][2] == "Lost"


def test_nothing_is_written_over(recording: Path, tmp_path: Path) -> None:
    export(recording, tmp_path / "out")
    with pytest.raises(UsageError, match="is there already"):
        export(recording, tmp_path / "out")


@pytest.mark.parametrize("name", ["qfex mds", "coinflex"])
def test_other_venues_have_books_too(name: str, tmp_path: Path) -> None:
    with recorded(name, tmp_path / "rec", faults=""):
        pass
    assert any("book_changes" in path.name for path in export(tmp_path / "rec", tmp_path / "out"))


def test_a_picture_is_drawn(recording: Path, tmp_path: Path) -> None:
    from coinex_recorder.plotting import plot

    plot(recording, tmp_path / "market.png")
    plot(recording, tmp_path / "market.html", market="BTCUSDT")
    assert (tmp_path / "market.png").read_bytes().startswith(b"\x89PNG")
    assert "data:image/png" in (tmp_path / "market.html").read_text()
    with pytest.raises(UsageError, match="no book of ETHUSDT"):
        plot(recording, tmp_path / "market.png", market="ETHUSDT")
    with pytest.raises(UsageError, match=r"is a \.png or \.html file"):
        plot(recording, tmp_path / "market.pdf")
