"""The HTTP interface of the local QFEX: signatures, routing, refusals.

What the paths answer stands in http_public.py, http_account.py and http_figures.py.

Source: OpenAPI files of the venue; HMAC-SHA256 over `nonce:timestamp` in four headers; what clients have met besides.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qsl, unquote

import msgspec

from coinex_proto.simulator.hosting.http_server import HttpRequest, HttpResponse
from coinex_proto.simulator.qfex import http_account, http_figures, http_public
from coinex_proto.simulator.qfex.accounts import MAX_NONCE, WINDOW, KeyRing
from coinex_proto.simulator.qfex.http_call import TITLES, Call, HttpBackend, Paths, Problem
from coinex_proto.simulator.qfex.sockets import nulled
from coinex_proto.simulator.qfex.wire import json_of

WALL: Final = HttpResponse(status=403, body=b"error code: 1010", headers=(("content-type", "text/plain"),))
_UNLIKED: Final = re.compile(r"[\s/]")
_STAMP: Final = re.compile(r"\d{1,12}", re.ASCII)

_PATHS: Final[Paths] = {**http_public.PATHS, **http_account.PATHS, **http_figures.PATHS}
_ROUTES: Final = tuple((method, re.compile(pattern), *rule) for (method, pattern), rule in _PATHS.items())


class QfexHttp:
    """Answers requests."""

    def __init__(self, server: HttpBackend) -> None:
        self._server = server

    def answer(self, request: HttpRequest) -> HttpResponse:
        """The answer to one request."""
        agent = request.header("user-agent")
        if self._server.own.forms.refuses_user_agents and (not agent or _UNLIKED.search(agent)):
            return WALL
        try:
            return self._answered(request)
        except Problem as error:
            return problem(error.status, error.detail)

    def _answered(self, request: HttpRequest) -> HttpResponse:
        path, _, query = request.target.partition("?")
        for method, pattern, is_signed, handler in _ROUTES:
            match = pattern.fullmatch(path)
            if match is None or method != request.method:
                continue
            account = self._account(request) if is_signed else 0
            params = {**dict(parse_qsl(query)), **{name: unquote(text) for name, text in match.groupdict().items()}}
            code = self._server.take_refusal(path)
            if code is not None:
                raise Problem(500, code)
            found = handler(Call(server=self._server, params=params, body=_body(request), owner=account))
            if isinstance(found, str):
                return HttpResponse(body=found.encode(), headers=(("content-type", "text/csv"),))
            return _json(nulled(found) if self._server.own.forms.null_arrays else found)
        raise Problem(404, "not found")

    def _account(self, request: HttpRequest) -> int:
        """The owner that the signature acts for. Raises Problem."""
        keys, nonce, stamp = self._server.keys, request.header("x-qfex-nonce"), request.header("x-qfex-timestamp")
        is_right = 0 < len(nonce) <= MAX_NONCE and _STAMP.fullmatch(stamp) is not None
        if not is_right or not _is_signed(keys, request.header, nonce, stamp):
            raise Problem(401, "invalid signature")
        if abs(int(stamp) - self._server.clock) > WINDOW or not keys.is_new(nonce, self._server.clock):
            raise Problem(401, "expired timestamp or used nonce")
        account_id = request.header("x-qfex-requested-account-id")
        owner = self._server.accounts.get(account_id) if account_id else self._server.owner
        if owner is None:
            raise Problem(403, "no such account")
        return owner


def problem(status: int, detail: str) -> HttpResponse:
    """An answer that says no."""
    return _json({"title": TITLES.get(status, "Error"), "status": status, "detail": detail}, status=status)


def _is_signed(keys: KeyRing, header: Any, nonce: str, stamp: str) -> bool:
    expected = hmac.new(keys.secret_key.encode(), f"{nonce}:{stamp}".encode(), sha256).hexdigest()
    signature = header("x-qfex-hmac-signature").encode("utf-8", "replace")
    return header("x-qfex-public-key") == keys.public_key and hmac.compare_digest(expected.encode(), signature)


def _body(request: HttpRequest) -> Mapping[str, Any]:
    if not request.body:
        return {}
    try:
        found = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, "the body is no JSON") from error
    if not isinstance(found, dict):
        raise Problem(422, "the body is no object")
    return found


def _json(value: object, status: int = 200) -> HttpResponse:
    return HttpResponse(status=status, body=json_of(value), headers=(("content-type", "application/json"),))
