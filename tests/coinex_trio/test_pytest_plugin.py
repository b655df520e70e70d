"""The fixtures as a user's test suite meets them: in a pytest of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from coinex_trio import CoinexClient, Exchange, local_exchange
from tests.processes import HANGS_AFTER

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
    assert "2 passed, 1 error" in done.stdout, done.stdout + done.stderr
    assert "takes its settings by name" in done.stdout


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
