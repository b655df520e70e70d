"""The venue's own example messages, by name."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).parents[2] / "data" / "qfex-examples.jsonl"


def examples(*kinds: str) -> dict[str, dict[str, Any]]:
    """Name to the whole row, for rows of these kinds; numbers with a point are `Decimal`s."""
    rows = (json.loads(line, parse_float=Decimal) for line in EXAMPLES.read_text("utf-8").splitlines())
    return {row["name"]: row for row in rows if row["kind"] in kinds}


def payload(message: object) -> bytes:
    """The message as the venue would write it."""
    return json.dumps(message, default=_number).encode()


def _number(value: object) -> float:
    assert isinstance(value, Decimal)
    return float(value)


def text_of(name: str) -> bytes:
    """The text of one example's message, as it stands in the file."""
    for line in EXAMPLES.read_text("utf-8").splitlines():
        if json.loads(line)["name"] == name:
            return json.dumps(json.loads(line)["message"]).encode()
    raise LookupError(name)
