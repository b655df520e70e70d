"""The HTTP v2 half of the local CoinEx: routing, signatures over the exact bytes, rate limits, envelopes.

What the endpoints do is in the other files named http_...; each brings a table.
Source: CoinEx HTTP API v2 (authorization, errors, rate limits).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from coinex_proto.simulator.coinex.accounts import Key, is_signed
from coinex_proto.simulator.coinex.error_codes import ApiError, Problem
from coinex_proto.simulator.coinex.http_numbers import unpadded
from coinex_proto.simulator.coinex.http_request import ApiRequest, Backend, Endpoint, Page, Table, code_and_message
from coinex_proto.simulator.coinex.wire import json_of
from coinex_proto.simulator.hosting.http_server import HttpRequest, HttpResponse
from coinex_proto.simulator.hosting.rates import Buckets
from coinex_proto.simulator.market.refusals import OrderRefused

DEFAULT_WINDOW_MS: Final = 5000

GROUPS: Final = {
    "spot_order": 30,
    "spot_cancel": 60,
    "spot_batch_cancel": 40,
    "spot_query": 50,
    "spot_history": 10,
    "spot_account_write": 10,
    "spot_account_query": 10,
    "spot_account_history": 10,
    "futures_order": 20,
    "futures_cancel": 40,
    "futures_batch_cancel": 20,
    "futures_query": 50,
    "futures_history": 10,
    "futures_account_query": 10,
    "unlisted": 10,
}
"""Requests a second; what the published table does not list is taken for ten."""

_SIGNATURE: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


def _no_path(path: str) -> ApiError:
    return ApiError(Problem.METHOD, f"no such path: {path[:60]}")


class CoinexHttp:
    """Answers requests."""

    def __init__(self, server: Backend, table: Table, *, allows_old_signatures: bool) -> None:
        self._server = server
        self._table = table
        self._allows_old_signatures = allows_old_signatures
        self._buckets = Buckets()
        self._paths = {path for _, path in table}

    def answer(self, request: HttpRequest) -> HttpResponse:
        """The answer to one request: a JSON envelope with status 200, whatever is wrong with it."""
        path, _, query = request.target.partition("?")
        path = path.rstrip("/")
        headers: tuple[tuple[str, str], ...] = (("content-type", "application/json; charset=utf-8"),)
        try:
            if not path.startswith("/v2/"):
                raise _no_path(path)
            name = path.removeprefix("/v2")
            endpoint = self._endpoint(request.method, name)
            code = self._server.take_refusal(name)
            if code is not None:
                raise ApiError(code)
            params = _params(request, query)
            owner = self._authenticate(request) if endpoint.group else 0
            if owner:
                headers += self._limit(owner, endpoint, params)
            module = "futures" if name.startswith(("/futures/", "/assets/futures/")) else "spot"
            api_request = ApiRequest(server=self._server, module=module, params=params, owner=owner)
            return HttpResponse(body=_success(endpoint.handler(api_request)), headers=headers)
        except (ApiError, OrderRefused) as error:
            return HttpResponse(body=failure(*code_and_message(error)), headers=headers)

    def _endpoint(self, method: str, name: str) -> Endpoint:
        """What answers; HEAD is a GET without the body.  Raises ApiError for an unknown path or the wrong method."""
        endpoint = self._table.get(("GET" if method == "HEAD" else method, name))
        if endpoint is None:
            raise ApiError(Problem.METHOD) if name in self._paths else _no_path(f"/v2{name}")
        return endpoint

    def _authenticate(self, request: HttpRequest) -> int:
        """The owner whose key has signed the request.  Raises ApiError."""
        key = self._server.accounts.key(request.header("x-coinex-key"))
        if key is None:
            raise ApiError(Problem.ACCESS_ID)
        signature, timestamp = request.header("x-coinex-sign"), request.header("x-coinex-timestamp")
        if not _SIGNATURE.fullmatch(signature):
            raise ApiError(Problem.SIGNATURE_FORM)
        window = request.header("x-coinex-windowtime")
        limit = int(window) if window.isascii() and window.isdigit() and len(window) < 10 else DEFAULT_WINDOW_MS
        is_number = timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 20
        if not is_number or abs(self._server.clock_ms - int(timestamp)) > limit:
            raise ApiError(Problem.EXPIRED)
        target = request.target.encode("latin-1")
        message = request.method.encode("ascii") + target + request.body + timestamp.encode("ascii")
        if not is_signed(key, message, signature) and not self._is_signed_the_old_way(key, message, signature):
            raise ApiError(Problem.SIGNATURE)
        sub = self._server.records.subs.get(key.owner)
        if sub is not None and sub.is_frozen:
            raise ApiError(Problem.BARRED)
        if (
            sub is not None
            and request.method == "POST"
            and not all(one.trade_enabled for one in sub.keys.values() if one.access_id == key.access_id)
        ):
            raise ApiError(Problem.NO_TRADING)
        return key.owner

    def _is_signed_the_old_way(self, key: Key, message: bytes, signature: str) -> bool:
        """SHA-256 over text and secret, without HMAC, unless only HMAC is to pass.

        The live venue took it: the orders of ccxt pull request 22283 (April 2024) were placed so.
        """
        digest = sha256(message + key.secret_key.encode("latin-1")).hexdigest()
        return self._allows_old_signatures and hmac.compare_digest(digest, signature)

    def _limit(self, owner: int, endpoint: Endpoint, params: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """Take the cost of the request out of its bucket.  Headers that say what is left.  Raises ApiError."""
        per_second = GROUPS[endpoint.group]
        bucket = self._buckets.bucket(owner, endpoint.group, per_second, self._server.now)
        items = params.get(endpoint.items) if endpoint.items else None
        cost = max(1, len(items)) if isinstance(items, list) else 1
        if not bucket.take(cost, self._server.now):
            raise ApiError(Problem.RATE)
        return (("X-RateLimit-Limit", str(per_second)), ("X-RateLimit-Remaining", str(int(bucket.left))))


def failure(code: int, message: str) -> bytes:
    """The body of an error."""
    return json_of({"code": code, "data": {}, "message": message})


def _success(data: object) -> bytes:
    if isinstance(data, Page):
        pagination = {"has_next": data.has_next, "total": data.total}
        return json_of({"code": 0, "data": unpadded(data.rows), data.key: pagination, "message": "OK"})
    return json_of({"code": 0, "data": unpadded(data), "message": "OK"})


def _params(request: HttpRequest, query: str) -> Mapping[str, Any]:
    if request.method in ("GET", "HEAD"):
        return dict(parse_qsl(query, keep_blank_values=True))
    if not request.body:
        return {}
    try:
        params = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(Problem.ARGUMENT) from error
    if not isinstance(params, dict):
        raise ApiError(Problem.ARGUMENT)
    return params
