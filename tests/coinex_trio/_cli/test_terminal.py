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
from coinex_trio._cli.commands import INTERRUPTED
from coinex_trio._cli.terminal import alike, named, short
from tests.processes import HANGS_AFTER

HIDE, SHOW = b"\x1b[?25l", b"\x1b[?25h"
"""Of the cursor."""
COLOUR = re.compile(rb"\x1b\[[0-9;]*3[0-9]")


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    with local_exchange(seed=2, rate=20.0) as running:
        yield running


def in_terminal(
    columns: int, *arguments: str, enough: tuple[bytes, ...], after: bytes = HIDE, **environment: str
) -> tuple[int, bytes]:
    """Exit status and everything that the terminal got; Ctrl-C as soon as all these texts have come, after that one."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    unset = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"}
    inherited = {name: value for name, value in os.environ.items() if name not in unset}
    seen = b""
    with (
        os.fdopen(ours, "rb", buffering=0) as terminal,
        subprocess.Popen(
            [sys.executable, "-m", "coinex_trio", *arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**inherited, "TERM": "xterm-256color", **environment},
        ) as process,
    ):
        os.close(theirs)
        try:
            while data := terminal.read(65536):
                seen += data
                if enough and all(text in seen.rpartition(after)[2] for text in enough):
                    process.send_signal(signal.SIGINT)
                    enough = ()
        except OSError:
            pass  # Linux says EIO when the other side has closed
        except BaseException:
            process.kill()
            raise
        return process.wait(HANGS_AFTER), seen


@pytest.mark.parametrize("columns", [80, 160])
def test_a_book_is_drawn_with_bars_that_grow_with_the_terminal(exchange: Exchange, columns: int) -> None:
    status, seen = in_terminal(
        columns, "watch", "book", "BTCUSDT", "--url", exchange.url, enough=(b"verified", "█".encode(), b"connected")
    )
    text = seen.decode()
    assert status == INTERRUPTED
    assert "verified" in text
    assert "messages/s" in text
    assert "connected" in text
    longest = max(map(len, re.findall("█+", text)))
    assert (longest > 20) == (columns == 160)
    assert COLOUR.search(seen)
    assert seen.count(HIDE) == seen.count(SHOW) == 1


def test_no_color_is_respected(exchange: Exchange) -> None:
    watch = ("watch", "ticker", "BTCUSDT", "--url", exchange.url)
    status, seen = in_terminal(80, *watch, enough=(b"BTCUSDT", b"connected"), NO_COLOR="1")
    assert status == INTERRUPTED
    assert b"BTCUSDT" in seen
    assert not COLOUR.search(seen)


def test_ctrl_c_leaves_a_clean_terminal(exchange: Exchange) -> None:
    status, seen = in_terminal(80, "watch", "trades", "BTCUSDT", "--url", exchange.url, enough=(b"connected",))
    assert status == INTERRUPTED
    assert seen.rstrip().endswith(SHOW) or seen.index(SHOW) > seen.index(HIDE)
    assert b"Traceback" not in seen
    assert b"Aborted" not in seen


def test_a_reconnect_is_counted_and_the_book_is_verified_again() -> None:
    with local_exchange(seed=2, rate=20.0, faults="after 6 messages drop") as exchange:
        watch = ("watch", "book", "BTCUSDT", "--url", exchange.url)
        status, _ = in_terminal(100, *watch, enough=(b"1 reconnects", b"verified"), after=b"BTCUSDT")
    assert status == INTERRUPTED


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
