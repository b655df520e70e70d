"""Error frames of both sockets, in today's form and the older flat one.

Source: QFEX documentation, "Errors".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from coinex_proto.decoding import UNREADABLE, decode_plain
from coinex_proto.dialect import Answer
from coinex_proto.ids import OLDEST, ReplyKey
from coinex_proto.qfex._refusals import refusal_of_error

OLD_TYPES: Final = frozenset({"error", "err"})
"""`type` of the flat form, in any case."""


def error_answer(message: Mapping[str, Any], keys_of: Callable[[Mapping[str, Any]], tuple[ReplyKey, ...]]) -> Answer:
    """The answer to the request that the error echoes; without an echo, to whoever waits longest.

    `keys_of` gives the keys of a request in its wire form.
    """
    error = message.get("err")
    said = error if isinstance(error, dict) else message
    code, text = (_text(said.get(name)) for name in ("error_code", "message"))
    hint = " ".join(f"{name}={value}" for name, value in said.items() if name.startswith("retry"))
    request = echo_of(said)
    refusal = refusal_of_error(code or "unknown error", text or _text(error), hint)
    return Answer(keys=keys_of(request) if request is not None else (OLDEST,), refusal=refusal)


def echo_of(said: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The request that an error or an acknowledgement repeats: as an object, or as the text that was sent.

    None when there is none, or a text that is no request: it would have been repeated because it could not be read.
    """
    echo = said.get("incoming_message")
    if isinstance(echo, str):
        try:
            echo = decode_plain(echo.encode("utf-8", "surrogatepass"))
        except UNREADABLE:
            return None
    return echo if isinstance(echo, dict) and isinstance(echo.get("type"), str) else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
