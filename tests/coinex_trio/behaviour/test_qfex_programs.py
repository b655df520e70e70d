"""Short programs with QFEX, run as they stand apart from where they connect to."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from coinex_trio import Exchange, local_exchange
from coinex_trio._local.qfex import QfexExchange

PROGRAMS = Path(__file__).parents[2] / "data" / "programs"


@pytest.fixture
def qfex() -> Iterator[QfexExchange]:
    with local_exchange("qfex", rate=30) as running:
        yield running


@pytest.fixture
def coinex() -> Iterator[Exchange]:
    with local_exchange("coinex", rate=30) as running:
        yield running


def start(name: str, qfex: QfexExchange, coinex: Exchange | None = None) -> subprocess.Popen[str]:
    text = (PROGRAMS / f"{name}.txt").read_text()
    both = f"mds_url={qfex.mds_url!r}, trade_url={qfex.trade_url!r}"
    text = text.replace("QfexClient.from_env(", f"QfexClient.from_env({both}")
    text = text.replace("qfex.mds(", f"qfex.mds(url={qfex.mds_url!r}")
    if coinex is not None:
        for made in ("CoinexClient(", "coinex.spot("):
            text = text.replace(made, f"{made}url={coinex.url!r}")
    return subprocess.Popen(
        [sys.executable, "-u", "-W", "error", "-c", text],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "QFEX_PUBLIC_KEY": qfex.public_key, "QFEX_SECRET_KEY": qfex.secret_key},
    )


def test_an_order_is_placed_waited_for_and_reported(qfex: QfexExchange) -> None:
    qfex.quote("AAPL-USD", bid="201", ask="202")
    process = start("place_and_wait", qfex)
    while not (orders := qfex.orders()):
        qfex.run(0.01)
    qfex.fill(orders[0])
    out, err = process.communicate(timeout=20)
    assert (out, err) == ("filled 1.0 200.0\n", "")


def test_an_order_that_is_not_filled_in_time_is_cancelled_on_the_way_out(qfex: QfexExchange) -> None:
    qfex.quote("AAPL-USD", bid="201", ask="202")
    text = (PROGRAMS / "place_and_wait.txt").read_text()
    assert "timeout=30" in text
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            text.replace("timeout=30", "timeout=0.2").replace(
                "from_env(", f"from_env(mds_url={qfex.mds_url!r}, trade_url={qfex.trade_url!r}"
            ),
        ],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "QFEX_PUBLIC_KEY": qfex.public_key, "QFEX_SECRET_KEY": qfex.secret_key},
    )
    _, err = process.communicate(timeout=20)
    assert "TimeoutError: the order is live after 0.2 s" in err
    assert "During handling" not in err
    assert qfex.orders() == ()


def test_two_venues_in_one_nursery(qfex: QfexExchange, coinex: Exchange) -> None:
    process = start("two_venues_nursery", qfex, coinex)
    assert process.stdout is not None
    seen: set[str] = set()
    while len(seen) < 2:
        seen.add(process.stdout.readline().partition("(")[0])
    process.terminate()
    process.communicate(timeout=20)
    assert seen == {"BboUpdate", "BestQuoteUpdate"}


def test_an_order_from_a_callback_of_another_venue(qfex: QfexExchange, coinex: Exchange) -> None:
    qfex.quote("AAPL-USD", bid="201", ask="202")
    process = start("order_from_a_callback", qfex, coinex)
    assert process.stdout is not None
    printed = [process.stdout.readline() for _ in range(3)]
    process.terminate()
    _, err = process.communicate(timeout=20)
    assert printed == ["live\n"] * 3, err


def test_a_missing_key_is_named() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QFEX")}
    done = subprocess.run(
        [sys.executable, "-c", (PROGRAMS / "place_and_wait.txt").read_text()],
        capture_output=True,
        text=True,
        timeout=20,
        env={**environment, "QFEX_PUBLIC_KEY": "x"},
        check=False,
    )
    assert "set QFEX_SECRET_KEY in the environment" in done.stderr
