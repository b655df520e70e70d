"""`coinex guard`, within this process and as a program of its own, against a local exchange and scripted servers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coinex_trio import Exchange, local_exchange
from tests.coinex_trio._cli.program import coinex, coinex_process, environment
from tests.coinex_trio.http_peer import http_peer, nothing, raw
from tests.processes import ended

QUICK = ("--timeout", "0.2", "--within", "60")


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with local_exchange(seed=2, markets=2, rate=0.001) as running:
        running.quote("BTCUSDT", "100", "101", "5")
        running.place("BTCUSDT", "buy", "90", "0.1")
        running.place("BTCUSDT", "buy", "91", "0.2")
        running.quote("BTCUSDT", "100", "101", "5", module="futures")
        running.place("BTCUSDT", "buy", "92", "0.3", module="futures")
        yield running


@contextmanager
def beating(path: Path) -> Iterator[None]:
    """A program that is alive, until the end of the block."""
    stopped = threading.Event()

    def beat() -> None:
        while not stopped.wait(0.05):
            path.touch()

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def test_a_heartbeat_that_never_comes_cancels_everything_and_names_each_order(
    exchange: Exchange, tmp_path: Path
) -> None:
    path = tmp_path / "bot.alive"
    done = coinex("guard", "--heartbeat", str(path), "--url", exchange.http_url, *QUICK, env=environment(exchange))
    assert done.returncode == 0, done.stdout + done.stderr
    assert exchange.orders() == ()
    lines = done.stdout.splitlines()
    assert "bot.alive stops for 0.2 s" in lines[0]
    assert "stop orders are left standing" in lines[1]
    named = [line for line in lines if line.startswith("cancelled")]
    assert len(named) == 3
    assert any("spot BTCUSDT  buy 0.2 at 91  order " in line for line in named)
    assert any("futures BTCUSDT  buy 0.3 at 92" in line for line in named)
    assert "3 orders have ended" in lines[-1]
    assert exchange.secret_key not in done.stdout + done.stderr
    assert exchange.access_id not in done.stdout + done.stderr


def test_only_what_is_asked_for_is_cancelled(exchange: Exchange, tmp_path: Path) -> None:
    options = ("--only", "futures", "--market", "BTCUSDT")
    path = str(tmp_path / "none")
    done = coinex("guard", "--heartbeat", path, "--url", exchange.http_url, *QUICK, *options, env=environment(exchange))
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(exchange.orders()) == 2


def test_as_a_program_it_cancels_when_the_heartbeat_stops(exchange: Exchange, tmp_path: Path) -> None:
    path = tmp_path / "bot.alive"
    options = ("--timeout", "2", "--every", "0.05", "--within", "60", "--url", exchange.http_url)
    with coinex_process("guard", "--heartbeat", str(path), *options, env=environment(exchange)) as program:
        with beating(path):
            assert program.stdout is not None
            assert any("the heartbeat is there" in line for line in iter(program.stdout.readline, ""))
            assert len(exchange.orders()) == 3
        status, out, err = ended(program)
    assert status == 0, out + err
    assert "no heartbeat for 2 s" in out
    assert exchange.orders() == ()


def test_ctrl_c_ends_it_and_cancels_nothing(exchange: Exchange, tmp_path: Path) -> None:
    options = ("--heartbeat", str(tmp_path / "x"), "--timeout", "3600", "--url", exchange.http_url)
    done = coinex("guard", *options, env=environment(exchange), until=lambda text: "stop orders" in text)
    assert done.returncode == 130, done.stdout + done.stderr
    assert len(exchange.orders()) == 3


def test_a_url_that_answers_200_is_a_heartbeat_and_anything_else_is_none(exchange: Exchange) -> None:
    alive, ill = raw(b"fine"), raw(b"ill", status="500 Internal Server Error")
    with http_peer(alive, alive, alive, ill) as bot:
        url = bot.url.replace("http://", "http://user:hush@") + "?token=hush"
        options = ("--timeout", "2", "--every", "0.05", "--within", "60", "--url", exchange.http_url)
        done = coinex("guard", "--heartbeat", url, *options, env=environment(exchange))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the heartbeat is there" in done.stdout
    assert exchange.orders() == ()
    assert "hush" not in done.stdout + done.stderr
    assert len(bot.requests) > 3


def test_a_heartbeat_server_that_hangs_is_silence(exchange: Exchange) -> None:
    with http_peer(nothing) as bot:
        options = ("--timeout", "0.3", "--within", "60", "--url", exchange.http_url)
        done = coinex("guard", "--heartbeat", bot.url, *options, env=environment(exchange))
    assert done.returncode == 0, done.stdout + done.stderr
    assert exchange.orders() == ()


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_http_that_fails_is_tried_again_within_bounds_and_ends_with_status_3(
    exchange: Exchange, tmp_path: Path, status: str
) -> None:
    with http_peer(raw(b"busy", status=status)) as venue:
        options = (
            "--timeout",
            "0.1",
            "--within",
            "0.3",
            "--give-up-after",
            "2",
            "--only",
            "spot",
            "--url",
            venue.url,
        )
        done = coinex("guard", "--heartbeat", str(tmp_path / "x"), *options, env=environment(exchange))
    assert done.returncode == 3, done.stdout + done.stderr
    assert "not done, trying again" in done.stdout
    assert "orders may still stand" in done.stdout.splitlines()[-1]


def test_a_key_that_the_venue_refuses_ends_it_at_once(exchange: Exchange, tmp_path: Path) -> None:
    env = environment(exchange, COINEX_SECRET_KEY="w" * 40)
    done = coinex("guard", "--heartbeat", str(tmp_path / "x"), "--url", exchange.http_url, env=env)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert len(exchange.orders()) == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--heartbeat"),
        (("--heartbeat", "ftp://host/x"), "http:// or https://"),
        (("--heartbeat", "http://"), "no host"),
        (("--heartbeat", "/"), "directory"),
        (("--heartbeat", "x", "--timeout", "0"), "--timeout"),
        (("--heartbeat", "x", "--only", "margin"), "--only"),
    ],
)
def test_what_cannot_be_watched_is_wrong_usage(exchange: Exchange, arguments: tuple[str, ...], words: str) -> None:
    done = coinex("guard", *arguments, env=environment(exchange))
    assert done.returncode == 2
    assert words in done.stderr


def test_without_keys_it_says_which_are_missing() -> None:
    done = coinex("guard", "--heartbeat", "x")
    assert (done.returncode, done.stdout) == (2, "")
    assert "COINEX_ACCESS_ID" in done.stderr
