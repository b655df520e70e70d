"""`coinex watch`."""

import json
import os
import select
import signal
import time
from collections.abc import Iterator

import pytest

from coinex_trio import Exchange, local_exchange
from coinex_trio._cli.commands import INTERRUPTED
from tests.coinex_trio._cli.program import coinex, coinex_process, environment
from tests.processes import ended


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    with local_exchange(seed=2, rate=20.0) as running:
        yield running


@pytest.mark.parametrize(("what", "kind"), [("book", "BookChanged"), ("trades", "TradeUpdate")])
def test_qfex_is_watched_with_the_same_command(what: str, kind: str) -> None:
    with local_exchange("qfex", rate=30.0) as running:
        url = ("--venue", "qfex", "--url", running.mds_url)
        lines = coinex("watch", what, "AAPL-USD", *url, "--json", until=lambda out: f'"{kind}"' in out)
        assert lines.returncode == INTERRUPTED, lines.stderr
        plain = coinex("watch", what, "AAPL-USD", *url, until=lambda out: "AAPL-USD" in out)
        assert plain.returncode == INTERRUPTED, plain.stderr
    for wrong in (("ticker", "AAPL-USD"), ("book",), ("book", "AAPL-USD", "--futures")):
        assert coinex("watch", *wrong, "--venue", "qfex").returncode == 2


@pytest.mark.parametrize(
    ("what", "kind"), [("ticker", "TickerUpdate"), ("book", "BookChanged"), ("trades", "TradesUpdate")]
)
def test_json_lines_hold_one_event_each_and_nothing_else_is_printed(exchange: Exchange, what: str, kind: str) -> None:
    done = coinex("watch", what, "BTCUSDT", "--url", exchange.url, "--json", until=lambda out: out.count("\n") >= 3)
    assert done.returncode == INTERRUPTED, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert {event["type"] for event in events} == {kind}
    assert done.stderr == ""


def test_a_pipe_gets_plain_lines_without_colours(exchange: Exchange) -> None:
    done = coinex("watch", "book", "BTCUSDT", "--url", exchange.url, until=lambda out: out.count("\n") >= 3)
    assert done.returncode == INTERRUPTED
    assert "\x1b" not in done.stdout
    assert all(line.startswith("book BTCUSDT bid") for line in done.stdout.splitlines())


def test_the_account_is_shown_as_it_changes() -> None:
    # An exchange of its own: quoting takes the market from the random traders, which other tests need.
    with local_exchange(seed=2, rate=20.0) as exchange:
        follow_the_account(exchange)


def follow_the_account(exchange: Exchange) -> None:
    with coinex_process("watch", "account", "--url", exchange.url, "--json", env=environment(exchange)) as process:
        assert process.stdout is not None
        output = process.stdout.fileno()
        shown = b""
        exchange.quote("BTCUSDT", bid="100", ask="101")
        # Each of its subscriptions is acknowledged by itself, so that what has been shown says nothing of what will be.
        while {"OrderUpdate", "BalanceUpdate", "UserTradeUpdate"} - {
            json.loads(line)["type"] for line in shown.split(b"\n")[:-1]
        }:
            exchange.fill(exchange.place("BTCUSDT", "buy", "99", "0.01"))
            if select.select([output], [], [], 0.1)[0]:
                shown += os.read(output, 65536)
        process.send_signal(signal.SIGINT)
        status, _, err = ended(process)
    assert (status, err) == (INTERRUPTED, "")


def test_a_reader_that_goes_away_ends_it_quietly(exchange: Exchange) -> None:
    with coinex_process("watch", "book", "BTCUSDT", "--url", exchange.url, "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        while process.poll() is None:
            exchange.trade("BTCUSDT", "buy", "0.0001")
            time.sleep(0.05)
        assert process.returncode == 0
        assert process.stderr.read() == ""


def test_it_ends_by_itself_when_its_time_is_up(exchange: Exchange) -> None:
    assert coinex("watch", "ticker", "BTCUSDT", "--url", exchange.url, "--seconds", "0.1").returncode in {0, 1}


def test_a_market_that_never_comes_ends_the_watching_with_the_reason(
    exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coinex_trio._cli.watch.FIRST_DATA_WITHIN", 0.0)
    done = coinex("watch", "book", "NOSUCH", "--url", exchange.url)
    assert done.returncode == 1
    assert "Depth NOSUCH: acknowledged, the exchange has sent nothing" in done.stderr
    assert done.stdout == ""


def test_a_refused_market_ends_the_watching_with_the_reason(exchange: Exchange) -> None:
    exchange.refuse("state.subscribe", 20001)
    done = coinex("watch", "ticker", "BTCUSDT", "--url", exchange.url)
    assert done.returncode == 1
    assert "20001" in done.stderr
    assert "refused" in done.stderr


def test_a_name_in_small_letters_is_named_with_what_to_try(exchange: Exchange) -> None:
    done = coinex("watch", "ticker", "btcusdt", "--url", exchange.url)
    assert (done.returncode, done.stdout) == (1, "")
    assert "btcusdt" in done.stderr
    assert "BTCUSDT" in done.stderr


@pytest.mark.parametrize("as_json", [False, True])
def test_the_account_is_there_at_once(as_json: bool) -> None:
    with local_exchange(seed=2) as exchange:
        order = exchange.place("BTCUSDT", "buy", price="1000", amount="0.1")
        arguments = ("watch", "account", "--url", exchange.url, *(("--json",) if as_json else ()))
        done = coinex(*arguments, env=environment(exchange), until=lambda out: str(order.order_id) in out)
    assert (done.returncode, done.stderr) == (INTERRUPTED, "")
    assert "USDT" in done.stdout
    assert "closed" not in done.stdout


def test_the_account_has_no_markets_to_name(exchange: Exchange) -> None:
    done = coinex("watch", "account", "BTCUSDT", "--url", exchange.url, env=environment(exchange))
    assert done.returncode == 2
    assert "whole account" in done.stderr
