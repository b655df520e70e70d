"""Error frames of both sockets, in today's form and the older flat one.

Source: QFEX documentation, "Errors".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from coinex_proto.commands import OLDEST, ReplyKey
from coinex_proto.dialect import Answer
from coinex_proto.qfex import _refusals

OLD_TYPES: Final = frozenset({"error", "err"})
"""`type` of the flat form, in any case."""


def answer(message: Mapping[str, Any], keys_of: Callable[[Mapping[str, Any]], tuple[ReplyKey, ...]]) -> Answer:
    """The answer to the request that the error echoes; without an echo, to whoever waits longest.

    `keys_of` gives the keys of a request in its wire form.
    """
    error = message.get("err")
    said = error if isinstance(error, dict) else message
    code, text, echo = (said.get(name) for name in ("error_code", "message", "incoming_message"))
    known = isinstance(echo, dict) and isinstance(echo.get("type"), str)
    refusal = _refusals.of_error(_text(code) or "unknown error", _text(text) or (_text(error)))
    return Answer(keys=keys_of(echo) if known else (OLDEST,), refusal=refusal)  # type: ignore[arg-type]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
