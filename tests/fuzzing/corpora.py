"""The kept inputs of each target: one file a target, an input a line in base64, so that a diff stays readable.

Beside them every recorded message of the venues is an input of what reads it.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

DATA = Path(__file__).parents[1] / "data"
CORPORA = DATA / "corpora"
EXAMPLES = {
    "receive-coinex": "coinex-ws-examples.jsonl",
    "receive-qfex": "qfex-examples.jsonl",
    "receive-coinflex": "coinflex-examples.jsonl",
    "answers": "coinex-http-examples.jsonl",
    "inflating": "qfex-examples.jsonl",
}


def inputs_of(target: str) -> list[bytes]:
    """What is kept for it, oldest first."""
    path = CORPORA / f"{target}.txt"
    kept = [base64.b64decode(line) for line in path.read_text().splitlines()] if path.exists() else []
    return kept + _examples(target)


def _examples(target: str) -> list[bytes]:
    name = EXAMPLES.get(target)
    if name is None:
        return []
    messages = []
    for line in (DATA / name).read_text().splitlines():
        found = json.loads(line)
        value = found.get("message") or found.get("response") or found.get("body")
        if value is not None:
            text = value if isinstance(value, str) else json.dumps(value)
            messages.append(b"\xff" + text.encode())
    return messages
