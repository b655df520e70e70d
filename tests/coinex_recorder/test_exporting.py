"""Tables of a recording: every digit of it, and nothing that is not in it."""

import csv
import os
import sys
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as parquet
import pytest

from coinex_proto import BookChanged, UsageError, coinex
from coinex_recorder import exporting, parquet_files, replay
from coinex_recorder.exporting import export
from coinex_recorder.tables import TRADES
from coinex_recorder.tardis_files import TARDIS, CsvFile
from tests.coinex_recorder.recorded import recorded


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("rec")
    with recorded("coinex", directory, faults="at 15s drop"):
        pass
    return directory


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


def test_nothing_is_written_over(recording: Path, tmp_path: Path) -> None:
    export(recording, tmp_path / "out")
    with pytest.raises(UsageError, match="is there already"):
        export(recording, tmp_path / "out")


@pytest.mark.parametrize("name", ["qfex mds", "coinflex"])
def test_other_venues_have_books_too(name: str, tmp_path: Path) -> None:
    with recorded(name, tmp_path / "rec", faults=""):
        pass
    assert any("book_changes" in path.name for path in export(tmp_path / "rec", tmp_path / "out"))


def test_what_a_book_lost_is_removed_before_it_begins_anew(recording: Path, tmp_path: Path) -> None:
    """Readers that only apply changes (nautilus_trader) would keep old levels for ever."""
    (path,) = (one for one in export(recording, tmp_path, as_format="tardis") if "incremental_book_L2" in one.name)
    book: dict[tuple[str, str], str] = {}
    with path.open() as file:
        for row in csv.DictReader(file):
            book[row["side"], row["price"]] = row["amount"]
    last = [event for event in replay(recording) if isinstance(event, BookChanged)][-1].book
    sides = (("bid", last.bids), ("ask", last.asks))
    levels = {(side, price): size for side, found in sides for price, size in found}
    assert {(s, Decimal(p)): Decimal(a) for (s, p), a in book.items() if Decimal(a)} == levels


def test_the_exchange_may_have_another_name_and_nothing_that_waited_is_left(recording: Path, tmp_path: Path) -> None:
    written = export(recording, tmp_path, exchange="binance")
    assert all(path.name.startswith("binance_") for path in written)
    assert sorted(tmp_path.iterdir()) == sorted(written)


def test_more_rows_than_may_wait_are_written_in_order(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {path.name: parquet.read_table(path) for path in export(recording, tmp_path / "one")}
    monkeypatch.setattr("coinex_recorder.exporting.MOST_ROWS", 100)
    monkeypatch.setattr("coinex_recorder.parquet_files.ROWS", 30)
    for path in export(recording, tmp_path / "two"):
        assert parquet.read_table(path) == whole[path.name]


def test_tables_of_many_rows_and_of_few_are_the_same_however_they_wait(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = {path.name: parquet.read_table(path) for path in export(recording, tmp_path / "at-once")}
    monkeypatch.setattr(exporting, "MOST_ROWS", 50)
    monkeypatch.setattr(exporting, "FEW", 20)
    in_pieces = {path.name: parquet.read_table(path) for path in export(recording, tmp_path / "in-pieces")}
    assert in_pieces == at_once
    assert not list((tmp_path / "in-pieces").glob(f"*{parquet_files.WAITING}"))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks at open files in /proc")
def test_no_file_stays_open_while_its_rows_wait(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "MOST_ROWS", 50)
    flush, seen = parquet_files.ParquetFile.flush, []

    def flush_and_look(file: parquet_files.ParquetFile) -> None:
        flush(file)
        waiting = sum(path.suffix == parquet_files.WAITING for path in (tmp_path / "out").iterdir())
        seen.append((waiting, sum(map(_is_waiting, Path("/proc/self/fd").iterdir()))))

    monkeypatch.setattr(parquet_files.ParquetFile, "flush", flush_and_look)
    export(recording, tmp_path / "out")
    assert max(waiting for waiting, _ in seen) > 1
    assert {is_open for _, is_open in seen} == {0}


def _is_waiting(descriptor: Path) -> bool:
    try:
        return os.readlink(descriptor).endswith(parquet_files.WAITING)
    except OSError:
        return False  # of the listing itself, which has ended


def test_columns_made_by_arrow_are_those_made_by_python(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_python = {path.name: parquet.read_table(path) for path in export(recording, tmp_path / "by-python")}
    assert max(table.num_rows for table in by_python.values()) < parquet_files.FEW
    monkeypatch.setattr(parquet_files, "FEW", 0)
    by_arrow = {path.name: parquet.read_table(path) for path in export(recording, tmp_path / "by-arrow")}
    assert by_arrow == by_python


def test_no_file_is_open_while_others_are_written(tmp_path: Path) -> None:
    """A process may have 1,024, and all tickers of CoinEx are more."""
    before = len(os.listdir("/dev/fd"))
    files = [CsvFile(tmp_path, "coinex", TRADES, f"M{number}") for number in range(5)]
    for file in files:
        file.rows.append((1, 2, "3", "buy", "4", None))
        file.flush()
    assert len(os.listdir("/dev/fd")) == before
    assert files[0].path.read_text().splitlines()[1] == "coinex,M0,1,2,3,buy,4,"
