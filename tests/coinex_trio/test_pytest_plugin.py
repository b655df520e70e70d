"""The fixtures as a user's test suite meets them: in a pytest of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from coinex_trio import CoinexClient, Exchange, local_exchange
from tests.processes import HANGS_AFTER

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parent.parent.parent

SUITE = """
import pytest
from coinex_proto import coinex
from coinex_trio import CoinexClient


@pytest.mark.local_exchange(seed=3, markets=("ETHUSDT",))
def test_in_memory(coinex_exchange):
    with CoinexClient(network=coinex_exchange.network) as cx:
        assert cx.book(coinex.Depth("ETHUSDT")).trusted


def test_on_loopback(coinex_server):
    with CoinexClient(url=coinex_server.url) as cx:
        assert cx.ping() > 0


@pytest.mark.local_exchange(3)
def test_settings_without_names(coinex_exchange): ...


@pytest.mark.coinex_swarm(seeds=2, seconds=5)
def test_in_bad_weather(coinex_swarm):
    assert coinex_swarm.seconds == 5
    assert coinex_swarm.seed == 0, "the second seed is meant to fail"
"""


def test_a_users_suite_gets_the_fixtures_and_the_marker_without_importing_anything(tmp_path: Path) -> None:
    (tmp_path / "test_bot.py").write_text(SUITE)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "--strict-markers",
            "-p",
            "no:randomly",
            "-p",
            "no:cacheprovider",
            "test_bot.py",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=HANGS_AFTER,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert "1 failed, 3 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert "Swarm(seed=1), on: nothing" in done.stdout
    assert "see it again: pytest 'test_bot.py::test_in_bad_weather[seed1]' --swarm-seeds 1" in done.stdout
    assert "takes its settings by name" in done.stdout


EXCHANGES = """
import pytest

@pytest.mark.local_exchange(seed=3, markets=(MARKET,))
@pytest.mark.parametrize("kind", ["exchange", "server"])
def test_settings(kind, request):
    exchange = request.getfixturevalue(f"{VENUE}_{kind}")
    exchange.quote(MARKET, bid="1", ask="2")
    with pytest.raises(ValueError):
        exchange.quote(OTHER, bid="1", ask="2")

@pytest.mark.parametrize("kind", ["exchange", "server"])
def test_without_a_marker(kind, request):
    request.getfixturevalue(f"{VENUE}_{kind}").quote(OTHER, bid="1", ask="2")
"""


def in_process(pytester: pytest.Pytester, suite: str, *options: str) -> pytest.RunResult:
    pytester.makepyfile(test_bot=suite)
    return pytester.runpytest_inprocess("-p", "no:randomly", "-p", "no:cacheprovider", "-q", *options)


@pytest.mark.parametrize(
    ("venue", "market", "other"),
    [("coinex", "ETHUSDT", "BTCUSDT"), ("qfex", "TSLA-USD", "AAPL-USD"), ("coinflex", "ETH/USDT", "XBT/USDT")],
)
def test_the_fixtures_of_each_venue_take_the_settings_of_the_marker(
    pytester: pytest.Pytester, venue: str, market: str, other: str
) -> None:
    names = f"VENUE, MARKET, OTHER = {venue!r}, {market!r}, {other!r}\n"
    in_process(pytester, names + EXCHANGES, "--strict-markers").assert_outcomes(passed=4)


SEEDS = """
import pytest

{marker}
def test_weather(coinex_swarm):
    print("seed", coinex_swarm.seed)
"""


@pytest.mark.parametrize(
    ("marker", "options", "seeds"),
    [
        ("", (), range(20)),
        ("@pytest.mark.coinex_swarm(seeds=3)", (), range(3)),
        ("@pytest.mark.coinex_swarm(seeds=3)", ("--swarm-seeds", "7"), range(7, 8)),
        ("", ("--swarm-seeds", "7-9"), range(7, 10)),
    ],
)
def test_a_test_in_bad_weather_runs_once_for_each_seed_that_was_asked_for(
    pytester: pytest.Pytester, marker: str, options: tuple[str, ...], seeds: range
) -> None:
    done = in_process(pytester, SEEDS.format(marker=marker), "-s", *options)
    done.assert_outcomes(passed=len(seeds))
    said = [line.partition("seed ")[2] for line in done.outlines if line.lstrip(".").startswith("seed ")]
    assert said == list(map(str, seeds))


@pytest.mark.parametrize("text", ["x", "1-x", "-3"])
def test_seeds_that_are_none_are_refused_with_an_example(pytester: pytest.Pytester, text: str) -> None:
    done = in_process(pytester, SEEDS.format(marker=""), f"--swarm-seeds={text}")
    done.stdout.fnmatch_lines(["*for example 0-99*"])
    done.assert_outcomes(errors=1)


def test_the_plugin_imports_no_sdk_before_a_fixture_is_used() -> None:
    program = "import sys, coinex_trio.pytest_plugin; print([m for m in sys.modules if m.startswith('coinex_proto.') or m == 'trio'])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=HANGS_AFTER, check=True
    )
    assert done.stdout.strip() == "['coinex_proto.lazy']", "the names of the packages, and nothing that they stand for"


@pytest.mark.local_exchange(seed=3, markets=("ETHUSDT",))
def test_the_marker_sets_what_the_exchange_lists(coinex_exchange: Exchange) -> None:
    with pytest.raises(ValueError, match="BTCUSDT"):
        coinex_exchange.quote("BTCUSDT", bid="1", ask="2")
    coinex_exchange.quote("ETHUSDT", bid="1", ask="2")


def test_on_loopback_and_in_memory_the_same_bot_runs(coinex_exchange: Exchange, coinex_server: Exchange) -> None:
    assert coinex_exchange.network is not coinex_server.network
    with local_exchange() as third:
        for exchange in (coinex_exchange, coinex_server, third):
            with CoinexClient(url=exchange.url, network=exchange.network, credentials=exchange.credentials) as cx:
                cx.authenticate()
