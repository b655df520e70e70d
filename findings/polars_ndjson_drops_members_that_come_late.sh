#!/usr/bin/env bash
# polars: `read_ndjson` takes the schema from the first 100 lines. A member that is first seen later is dropped without an
# error or a warning, so that a recording of mixed events (trades, and a gap notice hours later) loses what came late.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check polars==2.1.0
"$folder/venv/bin/python" - <<'PYTHON'
import io
import json
import warnings

import polars

rows = [{"type": "trade", "price": "0.10"}] * 100 + [{"type": "lost", "price": None, "why": "gap"}]
text = "\n".join(map(json.dumps, rows)).encode()
with warnings.catch_warnings(record=True) as warned:
    warnings.simplefilter("always")
    short = polars.read_ndjson(io.BytesIO(text))
whole = polars.read_ndjson(io.BytesIO(text), infer_schema_length=None)
print("polars", polars.__version__)
print("default:                    ", short.columns, short.shape, "warnings:", len(warned))
print("infer_schema_length=None:   ", whole.columns, whole.shape)
assert short.columns == ["type", "price"], short.columns
assert short.height == 101 and not warned
assert whole.columns == ["type", "price", "why"], whole.columns
PYTHON
