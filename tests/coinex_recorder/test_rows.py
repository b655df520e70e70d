"""Events as rows of tables."""

from pathlib import Path

from coinex_proto import coinex
from coinex_proto.updates import Update, stamp
from coinex_recorder.rows import rows, rows_of
from coinex_recorder.tardis_files import TARDIS
from tests.coinex_recorder.recorded import recorded


def test_gaps_are_a_table_of_their_own(tmp_path: Path) -> None:
    with recorded("coinex", tmp_path, faults="at 15s drop"):
        pass
    gaps = [row for table, _, found in rows(tmp_path) if table.name == "gaps" for row in found]
    assert gaps
    assert gaps[0][2] == "Lost"


def test_the_ticker_of_a_future_fills_every_column() -> None:
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
    numbers = [found[name] for name in ("open_interest", "last_price", "index_price", "mark_price", "volume")]
    assert numbers == ["5", "60000.1", "60002", "60001", "7"]
    assert set(TARDIS["tickers"][1]) - {"exchange", "symbol"} <= found.keys()
    assert None not in row, "no column stays empty for want of a source"
