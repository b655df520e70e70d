"""`coinex watch` in a real terminal (a pseudo one): drawn, coloured unless NO_COLOR, and left clean."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from decimal import Decimal

import pytest

from coinex_proto.coinex import (
    Ticker,
    Trades,
)
from coinex_trio import Exchange, local_exchange
from coinex_trio._cli.terminal import alike, named, short

HIDE, SHOW = b"\x1b[?25l", b"\x1b[?25h"
"""Of the cursor."""
COLOUR = re.compile(rb"\x1b\[[0-9;]*3[0-9]")


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    with local_exchange(seed=2, rate=20.0) as running:
        yield running


def in_terminal(columns: int, *arguments: str, interrupt_at: bytes = b"", **environment: str) -> tuple[int, bytes]:
    """Exit status and everything that the terminal got; Ctrl-C as soon as this text has come."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    unset = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"}
    inherited = {name: value for name, value in os.environ.items() if name not in unset}
    process = subprocess.Popen(
        [sys.executable, "-m", "coinex_trio", *arguments],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**inherited, "TERM": "xterm-256color", **environment},
    )
    os.close(theirs)
    seen = b""
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        try:
            while data := terminal.read(65536):
                seen += data
                if interrupt_at and interrupt_at in seen:
                    process.send_signal(signal.SIGINT)
                    interrupt_at = b""
        except OSError:
            pass  # Linux says EIO when the other side has closed
        return process.wait(timeout=20), seen


@pytest.mark.parametrize("columns", [80, 160])
def test_a_book_is_drawn_with_bars_that_grow_with_the_terminal(exchange: Exchange, columns: int) -> None:
    status, seen = in_terminal(columns, "watch", "book", "BTCUSDT", "--url", exchange.url, "--seconds", "1.2")
    text = seen.decode()
    assert status == 0
    assert "proved" in text
    assert "messages/s" in text
    assert "connected" in text
    longest = max(map(len, re.findall("█+", text)))
    assert (longest > 20) == (columns == 160)
    assert COLOUR.search(seen)
    assert seen.count(HIDE) == seen.count(SHOW) == 1


def test_no_color_is_respected(exchange: Exchange) -> None:
    status, seen = in_terminal(
        80, "watch", "ticker", "BTCUSDT", "--url", exchange.url, "--seconds", "0.8", NO_COLOR="1"
    )
    assert status == 0
    assert b"BTCUSDT" in seen
    assert not COLOUR.search(seen)


def test_ctrl_c_leaves_a_clean_terminal(exchange: Exchange) -> None:
    status, seen = in_terminal(80, "watch", "trades", "BTCUSDT", "--url", exchange.url, interrupt_at=b"connected")
    assert status == 130
    assert seen.rstrip().endswith(SHOW) or seen.index(SHOW) > seen.index(HIDE)
    assert b"Traceback" not in seen
    assert b"Aborted" not in seen


def test_a_reconnect_is_counted_and_the_book_is_proved_again() -> None:
    with local_exchange(seed=2, rate=20.0, faults="after 6 messages drop") as exchange:
        status, seen = in_terminal(100, "watch", "book", "BTCUSDT", "--url", exchange.url, "--seconds", "4")
    last = seen.decode().rpartition("BTCUSDT")[2]
    assert status == 0
    assert "1 reconnects" in last
    assert "proved" in last


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("60000", "60000"),
        ("60000.10", "60000.1"),
        ("0.000000001", "0"),
        ("1E+3", "1000"),
        ("1E+99", "1E+99"),
        ("-0.50", "-0.5"),
        ("NaN", "NaN"),
    ],
)
def test_numbers_are_written_without_exponent_and_without_zeros_at_the_end(number: str, text: str) -> None:
    assert short(Decimal(number)) == text


def test_numbers_of_a_column_have_as_many_decimals_each() -> None:
    assert alike([Decimal("1.5"), Decimal(20), Decimal("0.25")]) == ["1.50", "20.00", "0.25"]
    assert alike([Decimal(1), Decimal("1E+99")]) == ["1", "1E+99"]
    assert alike([]) == []
    assert short(None) == "–"


def test_a_topic_is_named_by_its_kind_and_market() -> None:
    assert named(Trades("BTCUSDT")) == "Trades BTCUSDT"
    assert named(Ticker()) == "Ticker of all"
