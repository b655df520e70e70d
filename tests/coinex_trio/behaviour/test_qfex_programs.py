"""Short programs with QFEX, run as they stand apart from where they connect to."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from coinex_trio import Exchange, local_exchange
from coinex_trio._local.qfex import QfexExchange
from tests.processes import ended, python, warm_running
from tests.warm import WarmProgram

PROGRAMS = Path(__file__).parents[2] / "data" / "programs"


@pytest.fixture
def qfex() -> Iterator[QfexExchange]:
    with local_exchange("qfex", rate=30) as running:
        yield running


@pytest.fixture
def coinex() -> Iterator[Exchange]:
    with local_exchange("coinex", rate=30) as running:
        yield running


def start(name: str, qfex: QfexExchange, coinex: Exchange | None = None) -> AbstractContextManager[WarmProgram]:
    text = (PROGRAMS / f"{name}.txt").read_text()
    both = f"mds_url={qfex.mds_url!r}, trade_url={qfex.trade_url!r}"
    text = text.replace("QfexClient.from_env(", f"QfexClient.from_env({both}")
    text = text.replace("qfex.mds(", f"qfex.mds(url={qfex.mds_url!r}")
    if coinex is not None:
        for made in ("CoinexClient(", "coinex.spot("):
            text = text.replace(made, f"{made}url={coinex.url!r}")
    return warm_running(["-u", "-W", "error", "-c", text], env=keys(qfex))


def keys(qfex: QfexExchange) -> dict[str, str]:
    return {**os.environ, "QFEX_PUBLIC_KEY": qfex.public_key, "QFEX_SECRET_KEY": qfex.secret_key}


def test_an_order_is_placed_waited_for_and_reported(qfex: QfexExchange) -> None:
    qfex.quote("AAPL-USD", bid="201", ask="202")
    with start("place_and_wait", qfex) as process:
        while not (orders := qfex.orders()):
            qfex.run(0.01)
        qfex.fill(orders[0])
        assert ended(process) == (0, "filled 1.0 200.0\n", "")


def test_an_order_that_is_not_filled_in_time_is_cancelled_on_the_way_out(qfex: QfexExchange) -> None:
    qfex.quote("AAPL-USD", bid="201", ask="202")
    text = (PROGRAMS / "place_and_wait.txt").read_text()
    assert "timeout=30" in text
    urls = f"mds_url={qfex.mds_url!r}, trade_url={qfex.trade_url!r}"
    text = text.replace("timeout=30", "timeout=0.2").replace("from_env(", f"from_env({urls}")
    err = python("-c", text, env=keys(qfex)).stderr
    assert re.search(r"TimeoutError: the order is (sent|live) after 0.2 s", err)
    assert "During handling" not in err
    assert qfex.orders() == ()


def test_two_venues_in_one_nursery(qfex: QfexExchange, coinex: Exchange) -> None:
    seen: set[str] = set()
    with start("two_venues_nursery", qfex, coinex) as process:
        assert process.stdout is not None
        while len(seen) < 2:
            seen.add(process.stdout.readline().partition("(")[0])
    assert seen == {"BboUpdate", "BestQuoteUpdate"}


def test_an_order_from_a_callback_of_another_venue(qfex: QfexExchange, coinex: Exchange) -> None:
    qfex.quote("AAPL-USD", bid="201", ask="202")
    with start("order_from_a_callback", qfex, coinex) as process:
        assert process.stdout is not None
        printed = [process.stdout.readline() for _ in range(3)]
        process.terminate()
        err = ended(process)[2]
    assert printed == ["live\n"] * 3, err


def test_a_missing_key_is_named() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QFEX")}
    text = (PROGRAMS / "place_and_wait.txt").read_text()
    done = python("-c", text, env={**environment, "QFEX_PUBLIC_KEY": "x"})
    assert "set QFEX_SECRET_KEY in the environment" in done.stderr
