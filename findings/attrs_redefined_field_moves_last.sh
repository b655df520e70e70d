#!/usr/bin/env bash
# attrs: a subclass that declares an inherited field again (here: to narrow its type) moves it behind the others.
# dataclasses keep it in its place, so the same three lines take their positional arguments in another order.
# It meets whoever shares a base between two models of a venue and narrows one field in each.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check attrs==26.1.0
"$folder/venv/bin/python" - <<'PYTHON'
import dataclasses
from importlib.metadata import version

import attrs


@attrs.frozen
class Row:
    market: str
    price: str
    size: str


@attrs.frozen
class Trade(Row):
    market: int


@dataclasses.dataclass(frozen=True)
class PlainRow:
    market: str
    price: str
    size: str


@dataclasses.dataclass(frozen=True)
class PlainTrade(PlainRow):
    market: int


found = [field.name for field in attrs.fields(Trade)]
plain = [field.name for field in dataclasses.fields(PlainTrade)]
print("attrs", version("attrs"))
print("attrs:      ", found, Trade(1, 2, 3))
print("dataclasses:", plain, PlainTrade(1, 2, 3))
assert found == ["price", "size", "market"], found
assert plain == ["market", "price", "size"], plain
PYTHON
