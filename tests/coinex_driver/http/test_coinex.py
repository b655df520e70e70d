"""CoinEx's calls, awaited: each method leads to the call of its name, and what they are made of is as given."""

from __future__ import annotations

import json
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from coinex_driver.http.coinex import CoinexHttp, caller_and_pool
from coinex_proto import Config, UsageError
from coinex_proto.coinex import Credentials
from coinex_proto.coinex.http import HttpCaller, spot, system
from tests.coinex_driver.http.transport import ORIGIN, SOURCES, Waiting, now, pool_of, run

KEYS = Credentials("a" * 32, "s" * 40)


class Client(Waiting, CoinexHttp):
    """The smallest client."""


def used(main: Callable[[Any], Awaitable[None]], *answers: Any) -> list[httpx2.Request]:
    """Runs `main(client)` against these `data`, and gives the requests."""
    left, seen = list(answers), []

    async def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, content=json.dumps({"code": 0, "data": left.pop(0), "message": "OK"}).encode())

    async def all_of_it() -> None:
        async with pool_of(answer) as pool:
            client = Client(HttpCaller(SOURCES, KEYS), pool, ORIGIN, Config(), now)
            await main(client)

    run(all_of_it)
    assert left == []
    return seen


def test_a_command_gives_its_result() -> None:
    async def main(client: Any) -> None:
        assert (await client.request(system.Time())).timestamp == 1_700_000_000_500

    (request,) = used(main, {"timestamp": 1_700_000_000_500})
    assert request.url.path == "/v2/time"


def test_any_call_gives_plain_json() -> None:
    async def main(client: Any) -> None:
        assert await client.call("GET", "/futures/ticker", market="A") == [{"last": "1"}]

    (request,) = used(main, [{"last": "1"}])
    assert request.extensions["target"] == b"/v2/futures/ticker?market=A"


def test_the_clock_is_measured_in_seconds() -> None:
    async def main(client: Any) -> None:
        offset = await client.sync_clock()
        assert offset == pytest.approx(2.5, abs=0.01)
        assert client.caller.clock_offset_ms == pytest.approx(2500, abs=10)

    used(main, {"timestamp": 1_700_000_002_500})


def test_an_order_of_unknown_outcome_is_looked_for_by_its_client_id() -> None:
    async def main(client: Any) -> None:
        found = await client.resolve_order("mine", market="BTCUSDT", market_type="SPOT")
        assert found.state == "not_found"

    requests = used(main, [], [])
    assert all(
        b"mine" in request.extensions["target"] or b"BTCUSDT" in request.extensions["target"] for request in requests
    )


def test_commands_that_follow_from_each_other_are_run_to_their_end() -> None:
    def commands() -> Any:
        first = yield system.Time()
        second = yield system.Time()
        return first.timestamp, second.timestamp

    async def main(client: Any) -> None:
        assert await client.run(commands()) == (1_700_000_000_000, 1_700_000_000_001)

    used(main, {"timestamp": 1_700_000_000_000}, {"timestamp": 1_700_000_000_001})


OPTIONS: dict[str, Any] = {
    "url": "https://exchange.example/v3",
    "config": None,
    "window_ms": None,
    "retries": 3,
    "proxy": None,
    "ssl_context": None,
    "allow_plaintext": False,
    "clock": None,
    "orders": None,
}


def test_a_client_is_made_as_it_was_asked_for() -> None:
    config, context = Config(request_timeout=3.0), ssl.create_default_context()
    caller, settings = caller_and_pool(
        SOURCES,
        KEYS,
        **{**OPTIONS, "config": config, "ssl_context": context, "proxy": "http://proxy:1", "window_ms": 7},
    )
    assert (settings.config, settings.has_credentials, settings.proxy) == (config, True, "http://proxy:1")
    assert (settings.place.origin, settings.place.base_path) == ("https://exchange.example", "/v3")
    assert settings.arguments()["verify"] is context
    sent = next(caller.request(spot.ListPendingOrder(), 0.0))
    headers = dict(sent.request.headers)  # type: ignore[union-attr]
    assert sent.request.target.startswith("/v3/spot/pending-order")  # type: ignore[union-attr]
    assert headers["X-COINEX-WINDOWTIME"] == "7"


def test_without_credentials_there_is_market_data_only() -> None:
    caller, settings = caller_and_pool(SOURCES, None, **OPTIONS)
    assert (settings.has_credentials, settings.config) == (False, Config())
    next(caller.request(system.Time(), 0.0))
    with pytest.raises(UsageError, match="Authentication required"):
        next(caller.request(spot.ListPendingOrder(), 0.0))


def test_signed_calls_leave_this_machine_with_tls_only_unless_that_was_allowed() -> None:
    plain = {**OPTIONS, "url": "http://exchange.example"}
    with pytest.raises(UsageError, match="without TLS"):
        caller_and_pool(SOURCES, KEYS, **plain)
    caller_and_pool(SOURCES, None, **plain)
    caller_and_pool(SOURCES, KEYS, **{**plain, "allow_plaintext": True})
