"""A command as the bytes to send, signed once so that what is signed is what is sent.

Nothing here knows a clock: the timestamp is an argument. Source: CoinEx API v2, "Authentication" and "Public headers".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from coinex_proto._http.steps import HttpRequest
from coinex_proto.coinex.http._parameters import Json
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.errors import UsageError

if TYPE_CHECKING:
    from coinex_proto.coinex.credentials import Credentials

BASE_PATH: Final = "/v2"
"""What the base URL https://api.coinex.com/v2 has before every path; it is part of what is signed."""

SAFE_IN_QUERY: Final = "-._~,"
"""RFC 3986 unreserved characters, and the comma between names, which the venue takes raw as well as encoded."""


def build(
    command: HttpCommand[Any],
    credentials: Credentials | None = None,
    timestamp_ms: int = 0,
    *,
    base_path: str = BASE_PATH,
    window_ms: int | None = None,
) -> HttpRequest:
    """The request for a command, signed when its route wants that.

    `timestamp_ms` is Unix time by the venue's clock, `window_ms` how old it may be on arrival (None: the venue's 5000).
    Build immediately before sending: a request that waits longer than the window is refused. Raises `UsageError` when
    credentials are missing.
    """
    route = command.route
    parameters = command.parameters()
    is_query = route.method == "GET"
    target = base_path + route.path + (_query(parameters) if is_query else "")
    body = b"" if is_query else _body(parameters)
    headers = [("Accept", "application/json")]
    if not is_query:
        headers.append(("Content-Type", "application/json; charset=utf-8"))
    if route.is_signed:
        if credentials is None:
            raise UsageError(f"Authentication required: {route} needs credentials (access id and secret key)")
        headers += _signed(credentials, route.method, target, body, timestamp_ms)
    if window_ms is not None:
        headers.append(("X-COINEX-WINDOWTIME", str(window_ms)))
    return HttpRequest(method=route.method, target=target, headers=tuple(headers), body=body)


def prepared(method: str, target: str, body: bytes, timestamp_ms: int) -> str:
    """The text that is signed."""
    return f"{method}{target}{body.decode('ascii')}{timestamp_ms}"


def _signed(
    credentials: Credentials, method: str, target: str, body: bytes, timestamp_ms: int
) -> list[tuple[str, str]]:
    return [
        ("X-COINEX-KEY", credentials.access_id),
        ("X-COINEX-SIGN", credentials.sign(prepared(method, target, body, timestamp_ms))),
        ("X-COINEX-TIMESTAMP", str(timestamp_ms)),
    ]


def _query(parameters: Any) -> str:
    pairs = [f"{_encoded(name)}={_encoded(_query_text(value, name))}" for name, value in parameters.items()]
    return "?" + "&".join(pairs) if pairs else ""


def _encoded(text: str) -> str:
    return quote(text, safe=SAFE_IN_QUERY)


def _query_text(value: Json, name: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(_query_text(each, name) for each in value)
    if isinstance(value, (str, int)):
        return str(value)
    raise UsageError(f"{name} cannot be part of a query: {type(value).__name__}")


def _body(parameters: Any) -> bytes:
    """Compact JSON in ASCII; a command without parameters sends {}."""
    return json.dumps(dict(parameters), separators=(",", ":"), ensure_ascii=True).encode("ascii")
