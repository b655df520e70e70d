"""`coinex request` as its user meets it."""

import json
import os
from collections.abc import Iterator

import pytest

from coinex_trio import CoinflexExchange, local_exchange
from tests.coinex_trio._cli.program import coinex


@pytest.fixture(scope="module")
def exchange() -> Iterator[CoinflexExchange]:
    with local_exchange("coinflex", rate=20) as running:
        yield running


def request(exchange: CoinflexExchange, text: str, *arguments: str, **more: str) -> tuple[int, list[str], str]:
    found = {name: value for name, value in os.environ.items() if not name.startswith("COINFLEX_")}
    command = ("request", text, "--venue", "coinflex", "--url", exchange.url)
    done = coinex(*command, *arguments, env={**found, **more})
    return done.returncode, done.stdout.splitlines(), done.stderr


def keys(exchange: CoinflexExchange) -> dict[str, str]:
    return {
        "COINFLEX_USER_ID": str(exchange.user_id),
        "COINFLEX_COOKIE": exchange.cookie,
        "COINFLEX_PASSPHRASE": exchange.passphrase,
    }


def test_the_reply_is_one_line(exchange: CoinflexExchange) -> None:
    status, (line,), err = request(exchange, '{"method": "GetOrders", "tag": 3}', "--auth", **keys(exchange))
    assert (status, err) == (0, "")
    assert json.loads(line) == {"tag": 3, "error_code": 0, "orders": []}


def test_the_reply_to_a_request_to_watch_is_one_line_too(exchange: CoinflexExchange) -> None:
    watch = '{"method": "WatchOrders", "base": 63488, "counter": 65283, "watch": true}'
    status, (line,), err = request(exchange, watch)
    assert (status, err) == (0, "")
    assert json.loads(line)["data"]["orders"]


def test_who_signs_in_may_be_given_by_options(exchange: CoinflexExchange) -> None:
    who = ("--id", str(exchange.user_id), "--cookie", exchange.cookie, "--phrase", exchange.passphrase)
    status, (line,), err = request(exchange, '{"method": "GetOrders"}', "--auth", *who)
    assert (status, err) == (0, "")
    assert json.loads(line)["error_code"] == 0
    status, _, err = request(exchange, '{"method": "GetOrders"}', "--auth", *who[:4])
    assert status == 2
    assert "go together" in err
    assert exchange.cookie not in err


def test_what_follows_is_printed_as_long_as_given(exchange: CoinflexExchange) -> None:
    watch = '{"method": "WatchTicker", "base": 63488, "counter": 65283, "watch": true}'
    status, lines, err = request(exchange, watch, "--seconds", "0.7")
    assert (status, err) == (0, "")
    assert {"TickerUpdate", "Subscribed"} <= {json.loads(line)["type"] for line in lines}


@pytest.mark.parametrize(
    ("text", "arguments", "status", "words"),
    [
        ("{", (), 2, "no JSON"),
        ("[]", (), 2, "must be an object"),
        ("{}", (), 2, "must be a dict"),
        ('{"method": "GetOrders"}', (), 2, "Authentication required"),
        ('{"method": "GetOrders"}', ("--auth",), 2, "set COINFLEX_USER_ID"),
        ('{"method": "WatchOrders", "watch": true}', (), 2, "asset code"),
        ('{"method": "Nothing"}', (), 1, "code 8"),
    ],
)
def test_what_is_wrong_is_one_line(
    exchange: CoinflexExchange, text: str, arguments: tuple[str, ...], status: int, words: str
) -> None:
    got, lines, err = request(exchange, text, *arguments)
    assert (got, lines) == (status, [])
    assert words in err
    assert err.count("\n") == 1


def test_options_of_the_sign_in_without_it_are_refused(exchange: CoinflexExchange) -> None:
    status, out, err = request(exchange, '{"method": "GetOrders"}', "--id", "7")
    assert (status, out) == (2, [])
    assert "give --auth as well" in err
