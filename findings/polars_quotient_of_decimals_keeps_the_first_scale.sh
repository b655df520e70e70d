#!/usr/bin/env bash
# polars: a Decimal column divided by another keeps the scale of the first, and rounds to it without a word. A relative spread,
# (ask - bid) / mid in prices with two digits, is 0.00 in every row, and so are the returns of a column of prices.
# Multiplied, the larger scale of the two is kept, so that a price times a size can lose digits too. Python's decimal keeps 28.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0
"$folder/venv/bin/python" - <<'PYTHON'
import warnings
from decimal import Decimal

import polars
from polars import col

bid, ask, size = Decimal("59909.67"), Decimal("59938.72"), Decimal("0.00012345")
quotes = polars.DataFrame({"bid": [bid], "ask": [ask], "size": [size]})
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    found = quotes.select(
        spread=(col("ask") - col("bid")) / col("bid"),
        turnover=col("ask") * col("size"),
    )
print("polars", polars.__version__)
print("schema:   ", quotes.schema)
print("spread:   ", found["spread"].dtype, found["spread"][0], "  Python:", (ask - bid) / bid)
print("turnover: ", found["turnover"].dtype, found["turnover"][0], "  Python:", ask * size)
assert not warned
assert str(found["spread"][0]) == "0.00" and (ask - bid) / bid > Decimal("0.0004")
assert found["turnover"].dtype.scale == 8 and found["turnover"][0] != ask * size
PYTHON
