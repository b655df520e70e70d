"""`coinex demo`."""

import signal
from collections.abc import Iterator
from contextlib import nullcontext
from functools import partial

import pytest

from coinex_trio import CoinexClient, Exchange, local_exchange, memory_exchange
from coinex_trio._cli.commands import INTERRUPTED
from tests.coinex_trio._cli.program import coinex, coinex_process
from tests.processes import ended


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    with local_exchange(seed=2, rate=20.0) as running:
        yield running


def test_the_demo_shows_every_channel_and_a_reconnect_and_sums_up(monkeypatch: pytest.MonkeyPatch) -> None:
    in_memory = memory_exchange(seed=2)  # a demo over TCP is interrupted below
    monkeypatch.setattr("coinex_trio._cli.demo.local_exchange", lambda *_, **__: nullcontext(in_memory))
    monkeypatch.setattr("coinex_trio._cli.demo.CoinexClient", partial(CoinexClient, network=in_memory.network))
    done = coinex("demo", "--seconds", "10")
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
    assert "Ticker NOSUCH: " in done.stderr
    assert "the exchange has sent nothing" in done.stderr
    assert "NOSUCH" not in done.stdout


def test_ctrl_c_ends_the_demo_with_a_summary_and_no_traceback() -> None:
    with coinex_process("demo", "--seconds", "600") as process:
        assert process.stdout is not None
        while "checksum fits" not in process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        status, out, err = ended(process)
    assert (status, err) == (INTERRUPTED, "")
    assert "Summary" in out
