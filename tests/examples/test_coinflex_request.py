"""The CoinFLEX example runs against the local exchange: signed in, watching, and with all that can be wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from coinex_trio import local_exchange
from coinex_trio._local.coinflex import CoinflexExchange
from tests.processes import warm_python, with_time_enough

EXAMPLE = Path(__file__).parents[2] / "examples" / "coinflex_request.py"


@pytest.fixture
def coinflex() -> Iterator[CoinflexExchange]:
    with local_exchange("coinflex", rate=30) as running:
        yield running


def run(exchange: CoinflexExchange, *arguments: str, **environment: str) -> tuple[int, str, str]:
    names = ("COINFLEX_USER_ID", "COINFLEX_COOKIE", "COINFLEX_PASSPHRASE", "COINFLEX_PRIVATE_KEY")
    clean = {name: value for name, value in os.environ.items() if name not in names}
    done = warm_python("-W", "error", str(EXAMPLE), *arguments, "--url", exchange.url, env={**clean, **environment})
    return done.returncode, done.stdout, done.stderr


def keys(exchange: CoinflexExchange) -> dict[str, str]:
    return {
        "COINFLEX_USER_ID": str(exchange.user_id),
        "COINFLEX_COOKIE": exchange.cookie,
        "COINFLEX_PASSPHRASE": exchange.passphrase,
    }


def lines(out: str) -> list[Any]:
    return [json.loads(line) for line in out.splitlines()]


def test_a_private_request_is_signed_in_for_and_answered(coinflex: CoinflexExchange) -> None:
    expected = {"BalancesUpdate", "OpenOrdersUpdate"}
    status, out, err = with_time_enough(
        lambda seconds: run(
            coinflex, '{"method": "GetBalances"}', "--auth", "--tag", "7", "--seconds", seconds, **keys(coinflex)
        ),
        lambda done: expected <= {event.get("type") for event in lines(done[1])},
    )
    assert (status, err) == (0, "")
    reply, *events = lines(out)
    assert (reply["tag"], reply["error_code"]) == (7, 0)
    assert reply["balances"][0] == {
        "asset": 63488,
        "balance": 1000000,
        "reserved_balance": 0,
        "total_balance": 1000000,
    }
    assert {event["type"] for event in events} >= expected


def test_the_details_may_come_from_the_options(coinflex: CoinflexExchange) -> None:
    details = ("--id", str(coinflex.user_id), "--cookie", coinflex.cookie, "--phrase", coinflex.passphrase)
    order = {"method": "PlaceOrder", "base": 63488, "counter": 65283, "quantity": 10000, "price": 50000000}
    tonces = count(5)
    status, out, err = with_time_enough(
        lambda seconds: run(
            coinflex, json.dumps({**order, "tonce": next(tonces)}), "--auth", "--seconds", seconds, *details
        ),
        lambda done: '"OwnOrderUpdate"' in done[1],
    )
    assert (status, err) == (0, "")
    assert lines(out)[0].keys() == {"error_code", "id", "time"}
    assert any(event.get("type") == "OwnOrderUpdate" for event in lines(out))
    assert coinflex.orders()[0].client_order_id == "5"


def test_watching_prints_the_book_and_its_notices(coinflex: CoinflexExchange) -> None:
    request = '{"method": "WatchOrders", "base": 63488, "counter": 65283, "watch": true}'
    expected = {"OrdersUpdate", "BookChanged", "OrderOpened"}
    status, out, err = with_time_enough(
        lambda seconds: run(coinflex, request, "--seconds", seconds, "--http-url", coinflex.http_url),
        lambda done: expected <= {event["type"] for event in lines(done[1])},
    )
    assert (status, err) == (0, "")
    assert {event["type"] for event in lines(out)} >= expected


def test_a_wrong_passphrase_is_refused_before_anything_private_is_sent(coinflex: CoinflexExchange) -> None:
    status, out, err = run(
        coinflex, '{"method": "GetOrders"}', "--auth", **{**keys(coinflex), "COINFLEX_PASSPHRASE": "wrong horse"}
    )
    assert (status, out) == (1, "")
    assert err.startswith("login refused (code 7)")
    assert "wrong horse" not in err


@pytest.mark.parametrize(
    ("request_text", "arguments", "words"),
    [
        ('{"method": "GetOrders"}', (), "Authentication required"),
        ('{"method": "GetOrders"}', ("--auth",), "set COINFLEX_USER_ID and COINFLEX_COOKIE"),
        ('{"method": "Authenticate"}', (), "the sign-in happens by itself"),
        ('{"method": "WatchTicker", "watch": true}', (), "must be an asset code"),
        ("[]", (), "must be a JSON object"),
        ("{", (), "Expecting property name"),
        ('{"method": "PlaceOrder", "base": 1}', ("--auth", "--id", "1"), "cookie"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    coinflex: CoinflexExchange, request_text: str, arguments: tuple[str, ...], words: str
) -> None:
    status, out, err = run(coinflex, request_text, "--seconds", "0.1", *arguments)
    assert (status, out) == (1, "")
    assert words in err
    assert err.count("\n") == 1
