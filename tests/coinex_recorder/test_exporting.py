"""Tables of a recording: every digit of it, and nothing that is not in it."""

import csv
import random
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as parquet
import pytest

from coinex_proto import BookChanged, UsageError, coinex
from coinex_proto.speedups import description, speed
from coinex_proto.updates import Update, stamp
from coinex_recorder import exporting, replay
from coinex_recorder.exporting import TARDIS, export, rows, rows_of
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


def test_gaps_are_a_table_of_their_own(recording: Path) -> None:
    gaps = [row for table, _, found in rows(recording) if table.name == "gaps" for row in found]
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
    monkeypatch.setattr("coinex_recorder.exporting.ROWS", 30)
    for path in export(recording, tmp_path / "two"):
        assert parquet.read_table(path) == whole[path.name]


def test_a_gap_is_a_band_and_a_quiet_hour_is_none(tmp_path: Path) -> None:
    from coinex_recorder.plotting import _look

    with recorded("coinex", tmp_path, faults="at 10s drop\nat 20s halt all\nat 35s resume all"):
        pass
    ((since, until),) = _look(tmp_path, None, False)[1].gaps
    assert 9 < since - 1_800_000_000 < until - 1_800_000_000 < 11


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


def test_the_ticker_of_a_future_says_when_it_is_funded_next_and_what_is_predicted() -> None:
    (ticker,) = coinex.futures().decode(
        b'{"method":"state.update","data":{"state_list":[{"market":"BTCUSDT","last":"60000.1","open":"1","close":"1","high":"1",'
        b'"low":"1","volume":"7","value":"1","volume_sell":"1","volume_buy":"1","period":86400,"open_interest_size":"5",'
        b'"insurance_fund_size":"0","mark_price":"60001","index_price":"60002","latest_funding_rate":"0.0001",'
        b'"next_funding_rate":"0.0002","latest_funding_time":1760000000000,"next_funding_time":1760028800000}]},"id":null}'
    )
    assert isinstance(ticker, Update)
    stamp(ticker, b"", 1_760_000_001.0)
    ((table, market, (row,)),) = rows_of(ticker)
    found = dict(zip([name for name, _ in table.columns], row, strict=True))
    assert market == "BTCUSDT"
    assert found["funding_timestamp"] == 1_760_028_800_000_000
    assert (found["funding_rate"], found["predicted_funding_rate"]) == ("0.0001", "0.0002")
    assert set(TARDIS["tickers"][1]) - {"exchange", "symbol"} <= found.keys(), (
        "no column stays empty for want of a source"
    )


def side(draw: random.Random, is_highest_first: bool) -> str:
    prices = {draw.choice(("0.5", "0.50", "7", "9.99", "10", "10.0", "100", "1000.25", "00012")) for _ in range(6)}
    texts = {Decimal(price): price for price in sorted(prices)}
    levels = [f"{texts[price]}:{draw.randrange(1, 4)}" for price in sorted(texts, reverse=is_highest_first)]
    return ":".join(levels)


@pytest.mark.skipif(speed is None, reason=f"there is nothing to compare: {description}")
@pytest.mark.parametrize("is_highest_first", [True, False])
def test_the_extension_finds_the_changes_that_its_twin_finds(
    is_highest_first: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = random.Random(3)
    pairs = [(side(draw, is_highest_first), side(draw, is_highest_first)) for _ in range(2_000)]
    pairs += [("", pairs[0][0]), (pairs[0][0], ""), ("5:1:4:1:6:2", "4:1"), ("-5:1", "4:1"), ("1e3:1", "4:1")]
    quick = [exporting._changes(old, new, is_highest_first) for old, new in pairs]
    assert exporting._changed_levels is not None
    assert exporting._changed_levels(*pairs[-1], is_highest_first) is None, "no plain number"
    monkeypatch.setattr(exporting, "_changed_levels", None)
    assert [exporting._changes(old, new, is_highest_first) for old, new in pairs] == quick


def test_tables_of_many_rows_and_of_few_are_the_same_however_they_wait(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = {path.name: parquet.read_table(path) for path in export(recording, tmp_path / "at-once")}
    monkeypatch.setattr(exporting, "MOST_ROWS", 50)
    monkeypatch.setattr(exporting, "FEW", 20)
    in_pieces = {path.name: parquet.read_table(path) for path in export(recording, tmp_path / "in-pieces")}
    assert in_pieces == at_once
    assert not list((tmp_path / "in-pieces").glob(f"*{exporting.WAITING}"))
