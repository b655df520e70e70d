"""QFEX's calls, awaited, and what they are made of."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from coinex_driver.http.qfex import QfexHttpCalls, qfex_caller_and_pool
from coinex_proto import Config, UsageError
from coinex_proto.qfex import HmacCredentials
from coinex_proto.qfex.http import GetFees, GetRefdata
from tests.coinex_driver.http.transport import SOURCES, Waiting, now, pool_of, run

KEYS = HmacCredentials("public", "secret")
OPTIONS: dict[str, Any] = {
    "url": "https://exchange.example",
    "config": None,
    "retries": 3,
    "proxy": None,
    "ssl_context": None,
    "allow_plaintext": False,
}


class Client(Waiting, QfexHttpCalls):
    """The smallest client."""


def test_a_call_gives_its_result_signed_for_the_subaccount() -> None:
    seen: list[httpx2.Request] = []

    async def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, content=b'{"fees": {"maker": 1}}')

    async def main() -> None:
        caller, settings = qfex_caller_and_pool(SOURCES, KEYS, "sub", **OPTIONS)
        async with pool_of(answer) as pool:
            client = Client(caller, pool, settings, now)
            assert (await client.request(GetFees())).fees == {"maker": 1}
            assert client.caller is caller

    run(main)
    (request,) = seen
    assert str(request.url) == "https://exchange.example/user/fees"
    assert request.headers["x-qfex-public-key"] == "public"
    assert request.headers["x-qfex-requested-account-id"] == "sub"


def test_a_client_is_made_as_it_was_asked_for() -> None:
    config = Config(request_timeout=3.0)
    caller, settings = qfex_caller_and_pool(
        SOURCES,
        KEYS,
        None,
        **{**OPTIONS, "url": "https://exchange.example/v1/", "config": config, "proxy": "http://proxy:1"},
    )
    assert (settings.config, settings.has_credentials, settings.proxy) == (config, True, "http://proxy:1")
    sent = next(caller.request(GetRefdata(), 0.0))
    assert sent.request.target == "/v1/refdata"  # type: ignore[union-attr]


def test_without_credentials_there_is_market_data_only() -> None:
    caller, settings = qfex_caller_and_pool(SOURCES, None, None, **OPTIONS)
    assert (settings.has_credentials, settings.config) == (False, Config())
    assert next(caller.request(GetRefdata(), 0.0)).request.target == "/refdata"  # type: ignore[union-attr]
    with pytest.raises(UsageError, match="Authentication required"):
        next(caller.request(GetFees(), 0.0))


def test_signed_calls_leave_this_machine_with_tls_only_unless_that_was_allowed() -> None:
    plain = {**OPTIONS, "url": "http://exchange.example"}
    with pytest.raises(UsageError, match="without TLS"):
        qfex_caller_and_pool(SOURCES, KEYS, None, **plain)
    qfex_caller_and_pool(SOURCES, None, None, **plain)
    qfex_caller_and_pool(SOURCES, KEYS, None, **{**plain, "allow_plaintext": True})
