"""The QFEX examples run against the local exchange, and say in one line what is wrong."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from coinex_trio import local_exchange
from coinex_trio._local.qfex import QfexExchange
from tests.processes import warm_python, with_time_enough

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def exchange() -> Iterator[QfexExchange]:
    with local_exchange("qfex", rate=30) as running:
        yield running


def run(name: str, *arguments: str, **environment: str) -> tuple[int, str, str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("QFEX_")}
    done = warm_python("-W", "error", str(EXAMPLES / f"{name}.py"), *arguments, env={**clean, **environment})
    return done.returncode, done.stdout, done.stderr


def test_market_data_is_printed(exchange: QfexExchange) -> None:
    expected = ("book    AAPL-USD (", "quote   AAPL-USD (", "trade   AAPL-USD ")
    status, out, err = with_time_enough(
        lambda seconds: run("qfex_market_data", "--url", exchange.mds_url, "--seconds", seconds),
        lambda done: all(words in done[1] for words in expected),
    )
    assert (status, err) == (0, "")
    for words in expected:
        assert words in out


def test_the_trading_example_brings_its_own_exchange_and_leaves_nothing_standing() -> None:
    status, out, err = run("qfex_trading", "--seconds", "0.3")
    assert (status, err) == (0, "")
    assert "order   live" in out
    assert "nobody took it" in out
    assert out.endswith("end     cancelled, 0 filled, average price None\n")


def test_the_trading_example_takes_its_keys_from_the_environment(exchange: QfexExchange) -> None:
    where = ("--mds-url", exchange.mds_url, "--trade-url", exchange.trade_url, "--seconds", "0.3")
    keys = {"QFEX_PUBLIC_KEY": exchange.public_key, "QFEX_SECRET_KEY": exchange.secret_key}
    status, out, _ = run("qfex_trading", *where, **keys)
    assert (status, exchange.orders()) == (0, ())
    assert "end     cancelled" in out
    assert run("qfex_trading", *where) == (1, "", "set QFEX_PUBLIC_KEY and QFEX_SECRET_KEY in the environment\n")
    status, out, err = run("qfex_trading", *where, QFEX_PUBLIC_KEY=exchange.public_key, QFEX_SECRET_KEY="wrong")
    assert (status, out) == (1, "")
    assert err.startswith("login refused")
