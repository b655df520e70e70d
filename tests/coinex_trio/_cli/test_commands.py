"""The command line as its user meets it: a process, its output, its exit status."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from coinex_trio import Exchange, local_exchange

COMMAND = (sys.executable, "-m", "coinex_trio")


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    with local_exchange(seed=2, rate=20.0) as running:
        yield running


def environment(exchange: Exchange | None = None, **more: str) -> dict[str, str]:
    found = {name: value for name, value in os.environ.items() if not name.startswith("COINEX_")}
    keys = (
        {} if exchange is None else {"COINEX_ACCESS_ID": exchange.access_id, "COINEX_SECRET_KEY": exchange.secret_key}
    )
    return {**found, **keys, **more}


def coinex(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        env=env if env is not None else environment(),
    )


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
    assert done.returncode == 0
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


def test_the_first_line_of_a_local_exchange_tells_a_program_where_it_is_and_its_keys() -> None:
    process = subprocess.Popen(
        [*COMMAND, "sim", "--json", "--seed", "9", "--markets", "2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    found = json.loads(process.stdout.readline())
    assert set(found) == {"ws", "http", "access_id", "secret_key"}
    keys = {"COINEX_ACCESS_ID": found["access_id"], "COINEX_SECRET_KEY": found["secret_key"]}
    doctor = coinex("doctor", "--url", found["ws"], env=environment(None, **keys))
    assert doctor.returncode == 0, doctor.stdout
    assert "accepted" in doctor.stdout
    assert found["secret_key"] not in doctor.stdout
    watch = coinex("watch", "ticker", "ETHUSDT", "--url", found["ws"], "--seconds", "0.5")
    assert "ETHUSDT" in watch.stdout
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert process.returncode == 130
    assert (out, err) == ("", "")


def test_faults_come_from_a_file_and_a_wrong_line_is_named(tmp_path: Path) -> None:
    script = tmp_path / "faults.txt"
    script.write_text("# calm so far\nat 5s explode\n")
    done = coinex("sim", "--faults", str(script))
    assert done.returncode == 2
    assert "explode" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("venue", "names"),
    [
        ("qfex", {"mds", "trade", "public_key", "secret_key"}),
        ("coinflex", {"ws", "http", "user_id", "cookie", "passphrase"}),
    ],
)
def test_each_venue_tells_what_its_clients_need(venue: str, names: set[str]) -> None:
    process = subprocess.Popen(
        [*COMMAND, "sim", "--venue", venue, "--json"], stdout=subprocess.PIPE, text=True, env=environment()
    )
    assert process.stdout is not None
    assert set(json.loads(process.stdout.readline())) == names
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 130
    for switch in (["--strict-signatures"], ["--accounts", "2"]):
        refused = coinex("sim", "--venue", venue, *switch)
        assert refused.returncode == 2
        assert "CoinEx only" in refused.stderr


def test_several_accounts_are_told_with_keys_of_their_own() -> None:
    process = subprocess.Popen(
        [*COMMAND, "sim", "--accounts", "3", "--json"], stdout=subprocess.PIPE, text=True, env=environment()
    )
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert told["accounts"][0] == {"access_id": told["access_id"], "secret_key": told["secret_key"]}
    assert len({one["access_id"] for one in told["accounts"]}) == 3


@pytest.mark.parametrize(("what", "kind"), [("book", "BookChanged"), ("trades", "TradeUpdate")])
def test_qfex_is_watched_with_the_same_command(what: str, kind: str) -> None:
    with local_exchange("qfex", rate=30.0) as running:
        url = ("--venue", "qfex", "--url", running.mds_url)
        lines = coinex("watch", what, "AAPL-USD", *url, "--seconds", "2", "--json")
        assert kind in {json.loads(line)["type"] for line in lines.stdout.splitlines()}, lines.stderr
        plain = coinex("watch", what, "AAPL-USD", *url, "--seconds", "1")
        assert "AAPL-USD" in plain.stdout
    for wrong in (("ticker", "AAPL-USD"), ("book",), ("book", "AAPL-USD", "--futures")):
        assert coinex("watch", *wrong, "--venue", "qfex").returncode == 2


def test_a_person_gets_a_banner_with_what_to_try() -> None:
    process = subprocess.Popen(
        [*COMMAND, "sim", "--access-id", "AN-ID", "--secret-key", "A-KEY"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(8)]
    assert any(line.startswith("  ws          ws://127.0.0.1:") for line in lines)
    assert "  access id   AN-ID\n" in lines
    assert lines[-1].startswith("Try: coinex watch book BTCUSDT --url ws://")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)


def test_markets_are_listed_by_name_and_tls_says_what_to_trust_until_it_ends() -> None:
    process = subprocess.Popen(
        [*COMMAND, "sim", "--json", "--tls", "--markets", "ETHUSDT,BTCUSD", "--address", "127.0.0.2"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    found = json.loads(process.stdout.readline())
    assert found["ws"].startswith("wss://127.0.0.2:")
    trusting = environment(None, SSL_CERT_FILE=found["ca_file"])
    for market, module in (("ETHUSDT", ()), ("BTCUSD", ("--futures",))):
        path = "/v2/futures" if module else "/v2/spot"
        lines = coinex(
            "watch", "ticker", market, *module, "--url", found["ws"] + path, "--seconds", "0.5", env=trusting
        )
        assert market in lines.stdout, lines.stderr
    process.terminate()
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (143, "", "")
    assert not Path(found["ca_file"]).exists()


def test_an_address_that_others_can_reach_is_said_on_standard_error() -> None:
    process = subprocess.Popen(
        [*COMMAND, "sim", "--json", "--address", "0.0.0.0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["ws"].startswith("ws://0.0.0.0:")
    process.send_signal(signal.SIGINT)
    assert "other machines can reach it" in process.communicate(timeout=10)[1]


@pytest.mark.parametrize(
    ("markets", "why"), [("0", "from 1 to 1000"), ("1001", "from 1 to 1000"), ("NOPE", "does not end in")]
)
def test_markets_that_cannot_be_are_said_in_one_line(markets: str, why: str) -> None:
    done = coinex("sim", "--markets", markets)
    assert done.returncode == 2
    assert why in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_said_in_one_line(exchange: Exchange) -> None:
    done = coinex("sim", "--port", exchange.http_url.rpartition(":")[2])
    assert done.returncode == 2
    assert "cannot listen" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("what", "kind"), [("ticker", "TickerUpdate"), ("book", "BookChanged"), ("trades", "TradesUpdate")]
)
def test_json_lines_hold_one_event_each_and_nothing_else_is_printed(exchange: Exchange, what: str, kind: str) -> None:
    done = coinex("watch", what, "BTCUSDT", "--url", exchange.url, "--seconds", "0.6", "--json")
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert {event["type"] for event in events} == {kind}
    assert done.stderr == ""


def test_a_pipe_gets_plain_lines_without_colours(exchange: Exchange) -> None:
    done = coinex("watch", "book", "BTCUSDT", "--url", exchange.url, "--seconds", "0.6")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert all(line.startswith("book BTCUSDT bid") for line in done.stdout.splitlines())


def test_the_account_is_told_as_it_changes(exchange: Exchange) -> None:
    process = subprocess.Popen(
        [*COMMAND, "watch", "account", "--url", exchange.url, "--seconds", "20", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(exchange),
    )
    assert process.stdout is not None
    seen: set[str] = set()
    exchange.quote("BTCUSDT", bid="100", ask="101")
    while not select.select([process.stdout], [], [], 0.1)[0]:  # until it has signed in and asked
        exchange.fill(exchange.place("BTCUSDT", "buy", "99", "0.01"))
    while {"OrderUpdate", "BalanceUpdate", "UserTradeUpdate"} - seen:
        seen.add(json.loads(process.stdout.readline())["type"])
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 130


def test_without_keys_watching_the_account_says_which_variable_is_missing(exchange: Exchange) -> None:
    done = coinex("watch", "account", "--url", exchange.url)
    assert done.returncode == 2
    assert "COINEX_ACCESS_ID" in done.stderr


def test_a_wrong_key_is_one_line_with_a_hint(exchange: Exchange) -> None:
    keys = {"COINEX_ACCESS_ID": exchange.access_id, "COINEX_SECRET_KEY": "nobody-knows-this-one"}
    done = coinex("watch", "account", "--url", exchange.url, env=environment(None, **keys))
    assert done.returncode == 1
    assert "LoginRefused" in done.stderr
    assert "check" in done.stderr
    assert "nobody-knows-this-one" not in done.stderr + done.stdout
    assert len(done.stderr.splitlines()) == 1


def test_a_server_that_is_not_there_is_named() -> None:
    done = coinex("watch", "ticker", "BTCUSDT", "--url", "ws://127.0.0.1:9")
    assert done.returncode == 1
    assert "127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("watch", "book"), "name at least one market"),
        (("watch", "book", "btc/usdt"), "BTCUSDT"),
        (("watch", "weather", "BTCUSDT"), "weather"),
        (("watch", "book", "BTCUSDT", "--url", "ws://example.com"), "plain"),
        (("sim", "--access-id", "x"), "go together"),
        (("demo", "--seconds", "1"), "2.0"),
    ],
)
def test_what_is_asked_wrongly_ends_with_status_2_and_says_why(arguments: tuple[str, ...], text: str) -> None:
    done = coinex(*arguments)
    assert done.returncode == 2, done.stdout
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_ends_it_quietly(exchange: Exchange) -> None:
    process = subprocess.Popen(
        [*COMMAND, "watch", "book", "BTCUSDT", "--url", exchange.url, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    deadline = time.monotonic() + 10
    while process.poll() is None and time.monotonic() < deadline:
        exchange.trade("BTCUSDT", "buy", "0.0001")
        time.sleep(0.05)
    assert process.returncode == 1
    assert process.stderr.read() == ""
    process.stderr.close()
