#!/usr/bin/env bash
# Apache Arrow: a Decimal128 column cast to float64 is an ulp off in every third value of a typical price (four digits after
# the point), although each has one nearest float. The same digits as strings cast to the nearest, as Python's float() gives
# it and as polars casts its decimals. So a price read from Parquet as decimal and cast is not equal to the price from the
# JSON of the venue, and a join or `==` on it finds two thirds.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pyarrow==26.0.1 polars==2.1.0
"$folder/venv/bin/python" - <<'PYTHON'
import random
from decimal import Decimal

import polars
import pyarrow
from pyarrow import compute

chance = random.Random(1)
print("pyarrow", pyarrow.__version__, "polars", polars.__version__)
for scale in (2, 4, 8):
    prices = [Decimal(chance.randrange(1, 10**9)).scaleb(-scale) for _ in range(10_000)]
    wanted = list(map(float, prices))

    def off(found: list[float]) -> int:
        return sum(one != other for one, other in zip(wanted, found, strict=True))

    by_decimal = off(pyarrow.array(prices, pyarrow.decimal128(38, scale)).cast(pyarrow.float64()).to_pylist())
    by_text = off(pyarrow.array(map(str, map("{:f}".format, prices))).cast(pyarrow.float64()).to_pylist())
    by_polars = off(polars.Series(prices, dtype=polars.Decimal(38, scale)).cast(polars.Float64).to_list())
    print(f"{scale} digits: of 10,000 off by decimal {by_decimal}, by text {by_text}, by polars {by_polars}")
    assert by_decimal > 1_000 and by_text == by_polars == 0
price = pyarrow.array([Decimal("98203.9794")], pyarrow.decimal128(18, 4))
print("98203.9794 as decimal == 98203.9794:", compute.equal(price, 98203.9794)[0])
assert not compute.equal(price, 98203.9794)[0].as_py()
PYTHON
