"""The driver inside Tk's loop runs without a display, in a bare Tcl interpreter; its window only where there is one."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from coinex_proto import Callbacks, Closed, Config, Event, Session, Sources, coinex
from coinex_trio import Exchange, local_exchange
from tests.processes import HANGS_AFTER

tkinter = pytest.importorskip("tkinter", reason="this Python was built without Tk")

PROGRAM = Path(__file__).parents[2] / "examples" / "embed_tk.py"


@pytest.fixture(scope="module")
def module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("embed_tk", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


class Program:
    """One driver in an interpreter of its own, without any window."""

    def __init__(self, module: ModuleType, exchange: Exchange, config: Config) -> None:
        self.tcl = tkinter.Tcl()
        self.session = Session(coinex.spot(url=exchange.url), Sources(time.time_ns, os.urandom), config)
        self.callbacks = Callbacks()
        self.driver = module.Driver(self.tcl, self.session, self.callbacks, lambda: None)
        self.seen: list[Event] = []
        self.callbacks.add(Event, self.seen.append)

    def until(self, is_true: Callable[[], Any]) -> None:
        """Runs Tk's loop, which blocks until something happens."""
        while not is_true():
            self.tcl.tk.dooneevent()

    def stop(self) -> None:
        self.driver.stop()
        self.until(lambda: self.driver.is_over)


def of(program: Program, kind: type[Event]) -> int:
    return sum(isinstance(event, kind) for event in program.seen)


def test_the_embedded_driver_reads_reconnects_and_stops_in_tks_loop(module: ModuleType) -> None:
    ticker = coinex.Ticker("BTCUSDT")
    with local_exchange(rate=20) as exchange:
        program = Program(module, exchange, Config())
        program.session.subscribe(ticker, now=module.now())
        program.driver.advance()
        program.until(lambda: of(program, coinex.TickerUpdate) >= 2)
        exchange.drop()
        program.until(lambda: program.session.stats.reconnects == 1 and program.session.trusted(ticker))
        program.stop()
    assert of(program, Closed) == 2
    assert program.driver.error is None


def test_n16_a_slow_callback_does_not_cost_the_connection_in_tks_loop(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[Event] = []
    real_now = module.now
    monkeypatch.setattr(module, "now", lambda: real_now() + 3 * HANGS_AFTER * len(slept))
    with local_exchange(rate=20) as exchange:
        program = Program(module, exchange, Config(ping_interval=HANGS_AFTER, ping_timeout=HANGS_AFTER))

        def slow(event: Event) -> None:
            if not slept:
                slept.append(event)

        trades = coinex.Trades("BTCUSDT")
        program.callbacks.add(trades, slow)
        program.session.subscribe(trades, now=module.now())
        program.driver.advance()
        program.until(lambda: slept and program.session.stats.pings >= 1 and of(program, coinex.TradesUpdate) >= 3)
        assert of(program, Closed) == 0
        program.stop()


def test_c1_what_a_callback_raises_ends_the_driver_and_nothing_is_dialled_again(module: ModuleType) -> None:
    with local_exchange(rate=20) as exchange:
        program = Program(module, exchange, Config())
        quotes = coinex.BestQuote("BTCUSDT")
        program.callbacks.add(quotes, lambda quote: int(quote.market))
        program.session.subscribe(quotes, now=module.now())
        program.driver.advance()
        program.until(lambda: program.driver.is_over)
    assert isinstance(program.driver.error, ValueError)
    assert program.session.stats.connects == 1


def test_a_venue_that_is_not_there_ends_the_driver_with_what_happened(module: ModuleType) -> None:
    with local_exchange() as exchange:
        pass
    program = Program(module, exchange, Config())
    program.driver.advance()
    program.until(lambda: program.driver.is_over)
    assert "Connection refused" in str(program.driver.error)


def display() -> list[str] | None:
    """What to put before a command, so that it has a display; None: there is none."""
    if os.environ.get("DISPLAY"):
        return []
    return ["xvfb-run", "-a"] if shutil.which("xvfb-run") else None


@pytest.mark.skipif(display() is None, reason="there is no display here, and no xvfb-run to make one")
def test_the_window_shows_the_ladder() -> None:
    with local_exchange(rate=20) as exchange:
        command = [*(display() or ()), sys.executable, "-W", "error", str(PROGRAM)]
        done = subprocess.run(
            [*command, "--url", exchange.url, "--seconds", "2"], capture_output=True, text=True, timeout=HANGS_AFTER
        )
    assert done.returncode == 0, done.stderr
    assert "best bid shown: 5" in done.stdout or "best bid shown: 6" in done.stdout
