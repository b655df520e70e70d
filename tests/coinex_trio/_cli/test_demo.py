"""`coinex demo`."""

import signal
import subprocess
from collections.abc import Iterator

import pytest

from coinex_trio import Exchange, local_exchange
from tests.coinex_trio._cli.program import COMMAND, coinex, environment


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    with local_exchange(seed=2, rate=20.0) as running:
        yield running


def test_the_demo_shows_every_channel_and_a_reconnect_and_sums_up() -> None:
    done = coinex("demo", "--seconds", "3")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    for word in (
        "ticker",
        "book",
        "trades",
        "balance",
        "order",
        "own trade",
        "drops the connection",
        "lost",
        "restored",
    ):
        assert word in done.stdout, word
    summary = done.stdout.partition("Summary")[2]
    assert "reconnects  1" in summary
    assert " passed, 0 failed" in summary


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_market_that_stays_silent_is_named_at_the_end(exchange: Exchange, options: tuple[str, ...]) -> None:
    done = coinex("watch", "ticker", "BTCUSDT", "NOSUCH", "--url", exchange.url, "--seconds", "1", *options)
    assert done.returncode == 1
    assert "Ticker NOSUCH: acknowledged, the exchange has sent nothing" in done.stderr
    assert "BTCUSDT" not in done.stderr
    assert "NOSUCH" not in done.stdout


def test_ctrl_c_ends_the_demo_with_a_summary_and_no_traceback() -> None:
    process = subprocess.Popen(
        [*COMMAND, "demo", "--seconds", "30"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    while "checksum fits" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert "Summary" in out
    assert err == ""
