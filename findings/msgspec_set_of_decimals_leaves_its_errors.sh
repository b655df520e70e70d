#!/usr/bin/env bash
# msgspec: valid JSON whose text reads as a signalling NaN is a Decimal in a list, but in a set the decoder raises a bare
# TypeError instead of a msgspec error: the value is made first and hashed afterwards. `except msgspec.MsgspecError`, and
# even `except ValueError`, do not catch it. As the key of a dict the same text is a msgspec.ValidationError.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check msgspec==0.22.0
"$folder/venv/bin/python" - <<'PYTHON'
from decimal import Decimal
from importlib.metadata import version

import msgspec


def outcome(data: bytes, kind: object) -> str:
    try:
        return repr(msgspec.json.decode(data, type=kind))
    except Exception as error:
        return f"{type(error).__module__}.{type(error).__name__}: {error}"


print("msgspec", version("msgspec"))
found = {
    "list": outcome(b'["sNaN"]', list[Decimal]),
    "set": outcome(b'["sNaN"]', set[Decimal]),
    "set of plain numbers": outcome(b'["1.50"]', set[Decimal]),
    "dict key": outcome(b'{"sNaN": 1}', dict[Decimal, int]),
}
for name, said in found.items():
    print(f"{name}: {said}")
assert found["list"] == "[Decimal('sNaN')]"
assert found["set"] == "builtins.TypeError: Cannot hash a signaling NaN value"
assert found["set of plain numbers"] == "{Decimal('1.50')}"
assert found["dict key"].startswith("msgspec.ValidationError: Expected `decimal`, got `str`")
PYTHON
