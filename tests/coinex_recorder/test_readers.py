"""What other libraries make of our numbers: the tables in docs/market-data.md and docs/recording.md, row by row."""

import io
import json
import random
from decimal import Decimal

import pandas
import polars
import pyarrow
import pytest
from pyarrow import json as arrow_json

from coinex_proto import Event, coinex, to_json
from coinex_trio import CoinexClient, memory_exchange


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """300 mixed lines, the first of which lack what comes later."""
    exchange = memory_exchange(seed=2)
    found: list[str] = []
    with CoinexClient(network=exchange.network) as client:
        client.on(Event)(lambda event: found.append(to_json(event)))
        client.subscribe(coinex.Ticker("BTCUSDT"), coinex.Trades("BTCUSDT"), coinex.BestQuote("BTCUSDT"))
        while len(found) < 300:
            client.run(seconds=10)
    return found[:300]


def prices(lines: list[str]) -> list[str]:
    return [json.loads(line)["data"]["best_bid_price"] for line in lines if '"type":"BestQuoteUpdate"' in line]


def test_pandas_reads_them_exactly_with_these_options(lines: list[str]) -> None:
    text = io.StringIO("\n".join(lines))
    frame = pandas.read_json(text, lines=True, dtype=False, precise_float=True)
    assert list(frame["data"]) == [json.loads(line)["data"] for line in lines]
    assert [at for at in frame["received_at"] if at == at] == [
        json.loads(line)["received_at"] for line in lines if "received_at" in json.loads(line)
    ]


def test_pandas_makes_dates_of_received_at_without_them(lines: list[str]) -> None:
    frame = pandas.read_json(io.StringIO("\n".join(lines)), lines=True)
    assert "datetime" in str(frame["received_at"].dtype)


def test_polars_reads_them_exactly_with_these_options(lines: list[str]) -> None:
    frame = polars.read_ndjson("\n".join(lines).encode(), infer_schema_length=None)
    quotes = frame.filter(polars.col("type") == "BestQuoteUpdate")
    found = quotes["data"].struct.field("best_bid_price").to_list()
    assert found == prices(lines)
    assert len(found) > 3
    assert [Decimal(text) for text in found] == [Decimal(text) for text in prices(lines)]


def test_polars_does_not_see_what_comes_late_without_them(lines: list[str]) -> None:
    late = [*(line for line in lines if '"type":"TickerUpdate"' in line)] * 200
    late = [*late[:150], *(line for line in lines if '"type":"BestQuoteUpdate"' in line)]
    frame = polars.read_ndjson("\n".join(late).encode())
    assert "best_bid_price" not in str(frame.schema["data"])


def test_arrow_reads_digits_as_texts(lines: list[str]) -> None:
    table = arrow_json.read_json(
        io.BytesIO("\n".join(lines).encode()), read_options=arrow_json.ReadOptions(block_size=1 << 24)
    )
    rows = table.to_pylist()
    assert [row["data"]["best_bid_price"] for row in rows if row["type"] == "BestQuoteUpdate"] == prices(lines)
    assert pyarrow.types.is_struct(table.schema.field("data").type)


def test_polars_keeps_a_scale_where_arithmetic_needs_another() -> None:
    price, other = polars.Series([Decimal("60000.12")]), polars.Series([Decimal("60000.11")])
    assert ((price - other) / price).to_list() == [Decimal("0.00")]
    product = (price * polars.Series([Decimal("0.1234567")])).to_list()
    assert product == [Decimal("7407.4168148")] != [Decimal("60000.12") * Decimal("0.1234567")]
    assert ((price - other).cast(polars.Float64) / price.cast(polars.Float64)).to_list() == [0.01 / 60000.12]


def test_polars_rounds_half_to_even_into_a_scale_that_is_too_small_and_arrow_refuses() -> None:
    texts = ["1.255", "1.245", "1.265"]
    rounded = [Decimal("1.26"), Decimal("1.24"), Decimal("1.26")]
    assert polars.Series(texts).cast(polars.Decimal(10, 2)).to_list() == rounded
    assert polars.Series([Decimal(text) for text in texts], dtype=polars.Decimal(10, 2)).to_list() == rounded
    with pytest.raises(pyarrow.ArrowInvalid, match="would cause data loss"):
        pyarrow.array(texts).cast(pyarrow.decimal128(10, 2))


def test_the_float_cast_of_arrow_is_off_by_an_ulp_unless_it_goes_by_way_of_text() -> None:
    draw = random.Random(1)
    values = [Decimal(draw.randint(1, 10**9)) / 10**8 for _ in range(1_000)]
    array = pyarrow.array(values, pyarrow.decimal128(14, 8))
    exact = [float(value) for value in values]
    off = sum(one != other for one, other in zip(array.cast(pyarrow.float64()).to_pylist(), exact, strict=True))
    assert 50 < off < 400
    assert array.cast(pyarrow.string()).cast(pyarrow.float64()).to_pylist() == exact
