"""The HTTP v2 half of the local CoinEx: routing, signatures over the exact bytes, rate limits, envelopes.

What the endpoints do is in coinex_http_market, coinex_http_trade and coinex_http_account; each brings a table.
Source: CoinEx HTTP API v2 (authorization, errors, rate limits).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import msgspec
from attrs import frozen

from coinex_proto.simulator.coinex.accounts import Key, is_signed
from coinex_proto.simulator.coinex.wire import json_of
from coinex_proto.simulator.hosting.http_server import HttpRequest, HttpResponse
from coinex_proto.simulator.hosting.rates import Buckets
from coinex_proto.simulator.market.amounts import BadNumber, to_scaled
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.refusals import OrderRefused

if TYPE_CHECKING:
    from coinex_proto.simulator.coinex.server import CoinexServer

DEFAULT_WINDOW_MS: Final = 5000
LARGEST_PAGE: Final = 100

GROUPS: Final = {
    "spot_order": 30,
    "spot_cancel": 60,
    "spot_batch_cancel": 40,
    "spot_query": 50,
    "spot_history": 10,
    "spot_account_query": 10,
    "spot_account_history": 10,
    "futures_order": 20,
    "futures_cancel": 40,
    "futures_batch_cancel": 20,
    "futures_query": 50,
    "futures_history": 10,
    "futures_account_query": 10,
}

CODES: Final = {
    "balance": 3109,
    "amount": 3127,
    "price": 3639,
    "would_take": 3622,
    "cannot_fill": 3621,
    "thin": 3620,
    "halted": 4117,
    "gone": 3600,
}
"""Error codes of what the exchange refuses."""

_SIGNATURE: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class ApiError(Exception):
    """The request is answered with this code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def bad_parameter(name: str) -> ApiError:
    """What a wrong or missing parameter is answered with."""
    return ApiError(3639, f"Invalid Parameter: {name}")


@frozen(kw_only=True)
class Page:
    """Rows of one page of a list."""

    rows: Sequence[object]
    has_next: bool
    total: int


@frozen(kw_only=True)
class ApiRequest:
    """One request that has passed: its parameters, and whose it is."""

    server: CoinexServer
    module: str
    """spot or futures; spot for what belongs to neither."""
    params: Mapping[str, Any]
    owner: int
    """0 for public requests."""

    def text(self, name: str, default: str | None = None) -> str:
        """A text parameter.  Raises ApiError when it is missing and has no default, or is no text."""
        value = self.params.get(name, default)
        if not isinstance(value, str) or (value == "" and default is None):
            raise bad_parameter(name)
        return value

    def number(self, name: str, default: int | None = None) -> int:
        """A whole number, in digits or as a JSON number."""
        value = self.params.get(name, default)
        if isinstance(value, str) and value.isascii() and value.isdigit():
            return int(value[:18])
        if type(value) is not int:
            raise bad_parameter(name)
        return value

    def one_of(self, name: str, allowed: Sequence[str], default: str | None = None) -> str:
        """A text out of a few."""
        value = self.text(name, default)
        if value not in allowed:
            raise bad_parameter(name)
        return value

    def market(self) -> Market:
        """The market that the request names; its crowd wakes."""
        found = self.server.feeds[self.module].markets.get(self.text("market"))
        if found is None:
            raise ApiError(3639, f"Invalid Parameter: market {self.text('market')[:40]} not found")
        self.server.crowds.wake(found.spec.key, self.server.now)
        return found

    def markets(self) -> list[Market]:
        """The markets that a comma-separated list names; all without one."""
        listed = self.server.feeds[self.module].markets
        names = [name for name in self.text("market", "").split(",") if name]
        if len(names) > 10:
            raise bad_parameter("market")
        return [listed[name] for name in names if name in listed] if names else list(listed.values())

    def scaled(self, name: str, places: int) -> int:
        """A decimal text above zero, in steps of 10**-places."""
        try:
            scaled = to_scaled(self.text(name), places)
        except BadNumber as error:
            raise bad_parameter(name) from error
        if scaled <= 0:
            raise bad_parameter(name)
        return scaled

    def scaled_or_none(self, name: str, places: int) -> int | None:
        """The same, None when the parameter is missing."""
        return self.scaled(name, places) if self.params.get(name) not in (None, "") else None

    def page(self, rows: Sequence[object]) -> Page:
        """The page of these rows that the request names."""
        page, limit = max(1, self.number("page", 1)), max(1, min(LARGEST_PAGE, self.number("limit", 10)))
        start = (page - 1) * limit
        return Page(rows=rows[start : start + limit], has_next=start + limit < len(rows), total=len(rows))


Handler = Callable[[ApiRequest], object]


@frozen
class Endpoint:
    """One row of a table."""

    handler: Handler
    group: str = ""
    """Rate group; empty: public and unsigned."""
    items: str = ""
    """Name of the list parameter of which each element costs one unit."""


Table = Mapping[tuple[str, str], Endpoint]


class CoinexHttp:
    """Answers requests."""

    def __init__(self, server: CoinexServer, table: Table, *, allows_old_signatures: bool) -> None:
        self._server = server
        self._table = table
        self._allows_old_signatures = allows_old_signatures
        self._buckets = Buckets()
        self._paths = {path for _, path in table}

    def answer(self, request: HttpRequest) -> HttpResponse:
        """The answer to one request; its own errors are codes with status 200, only unknown paths are a 404."""
        path, _, query = request.target.partition("?")
        path = path.rstrip("/").removeprefix("/v2")
        if path not in self._paths or not request.target.startswith("/v2/"):
            return HttpResponse(status=404, body=b"404 page not found")
        headers: tuple[tuple[str, str], ...] = (("content-type", "application/json; charset=utf-8"),)
        try:
            endpoint = self._table.get((request.method, path))
            if endpoint is None:
                raise ApiError(4009, "request method error")
            code = self._server.take_refusal(path)
            if code is not None:
                raise ApiError(code, "")
            params = _params(request, query)
            owner = self._authenticate(request) if endpoint.group else 0
            if owner:
                headers += self._limit(owner, endpoint, params)
            module = "futures" if path.startswith(("/futures/", "/assets/futures/")) else "spot"
            api_request = ApiRequest(server=self._server, module=module, params=params, owner=owner)
            return HttpResponse(body=_success(endpoint.handler(api_request)), headers=headers)
        except ApiError as error:
            return HttpResponse(body=failure(error.code, error.message), headers=headers)
        except OrderRefused as refusal:
            return HttpResponse(body=failure(CODES[refusal.reason], str(refusal)), headers=headers)

    def _authenticate(self, request: HttpRequest) -> int:
        """The owner whose key has signed the request.  Raises ApiError."""
        key = self._server.accounts.key(request.header("x-coinex-key"))
        if key is None:
            raise ApiError(4005, "access_id wrong")
        signature, timestamp = request.header("x-coinex-sign"), request.header("x-coinex-timestamp")
        if not _SIGNATURE.fullmatch(signature):
            raise ApiError(4008, "X-COINEX-SIGN malformed")
        window = request.header("x-coinex-windowtime")
        limit = int(window) if window.isascii() and window.isdigit() and len(window) < 10 else DEFAULT_WINDOW_MS
        is_number = timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 20
        if not is_number or abs(self._server.clock_ms - int(timestamp)) > limit:
            raise ApiError(4010, "request expired")
        target = request.target.encode("latin-1")
        message = request.method.encode("ascii") + target + request.body + timestamp.encode("ascii")
        if not is_signed(key, message, signature) and not self._is_signed_the_old_way(key, message, signature):
            raise ApiError(4006, "signature does not verify")
        return key.owner

    def _is_signed_the_old_way(self, key: Key, message: bytes, signature: str) -> bool:
        """SHA-256 over text and secret, without HMAC: only where that is allowed."""
        digest = sha256(message + key.secret_key.encode("latin-1")).hexdigest()
        return self._allows_old_signatures and hmac.compare_digest(digest, signature)

    def _limit(self, owner: int, endpoint: Endpoint, params: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """Take the cost of the request out of its bucket.  Headers that say what is left.  Raises ApiError."""
        per_second = GROUPS[endpoint.group]
        bucket = self._buckets.bucket(owner, endpoint.group, per_second, self._server.now)
        items = params.get(endpoint.items) if endpoint.items else None
        cost = max(1, len(items)) if isinstance(items, list) else 1
        if not bucket.take(cost, self._server.now):
            raise ApiError(4213, "too many requests")
        return (("X-RateLimit-Limit", str(per_second)), ("X-RateLimit-Remaining", str(int(bucket.left))))


def success_element(data: object) -> dict[str, object]:
    """One element of a batch answer."""
    return {"code": 0, "data": data, "message": "OK"}


def batch(items: Sequence[Any], one: Callable[[Any], object]) -> list[dict[str, object]]:
    """Do one thing for each item; each answers for itself."""
    found: list[dict[str, object]] = []
    for item in items:
        try:
            found.append(success_element(one(item)))
        except ApiError as error:
            found.append({"code": error.code, "data": None, "message": error.message})
        except OrderRefused as refusal:
            found.append({"code": CODES[refusal.reason], "data": None, "message": str(refusal)})
    return found


def failure(code: int, message: str) -> bytes:
    """The body of an error."""
    return json_of({"code": code, "data": {}, "message": message})


def _success(data: object) -> bytes:
    if isinstance(data, Page):
        pagination = {"has_next": data.has_next, "total": data.total}
        return json_of({"code": 0, "data": data.rows, "pagination": pagination, "message": "OK"})
    return json_of({"code": 0, "data": data, "message": "OK"})


def _params(request: HttpRequest, query: str) -> Mapping[str, Any]:
    if request.method == "GET":
        return dict(parse_qsl(query, keep_blank_values=True))
    if not request.body:
        return {}
    try:
        params = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(4004, "parameter error") from error
    if not isinstance(params, dict):
        raise ApiError(4004, "parameter error")
    return params
