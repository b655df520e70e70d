"""Programs that must be this short, run as they stand (apart from where they connect to). What mypy says of them: `test_docs.py`."""

from __future__ import annotations

import os
import select
import shutil
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from coinex_trio import Exchange, local_exchange
from tests.processes import ended, python, warm_running
from tests.warm import WarmProgram

ROOT = Path(__file__).parents[3]
PROGRAMS = ROOT / "tests" / "data" / "programs"

LINES = {
    "ticker": 3,
    "first_example": 6,
    "proved_book": 2,
    "stop_when_untrusted": 3,
}
"""Programs that print without end, and how many lines are enough."""


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with local_exchange(rate=30) as running:
        yield running


def start(name: str, exchange: Exchange, more: str = "") -> AbstractContextManager[WarmProgram]:
    text = (PROGRAMS / f"{name}.txt").read_text()
    for made in ("CoinexClient(", "coinex.spot("):
        text = text.replace(made, f"{made}url={exchange.url!r}, ")
    keys = {"COINEX_ACCESS_ID": exchange.access_id, "COINEX_SECRET_KEY": exchange.secret_key}
    return warm_running(["-u", "-W", "error", "-c", text + more], env={**os.environ, **keys})


def lines(process: WarmProgram, count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline() for _ in range(count)]


def interrupt(process: WarmProgram) -> None:
    process.send_signal(signal.SIGINT)
    status, _, err = ended(process)
    assert status == -signal.SIGINT, err
    assert err.rstrip().endswith("KeyboardInterrupt")


@pytest.mark.parametrize("name", LINES)
def test_a_program_without_end_prints_until_ctrl_c(name: str, exchange: Exchange) -> None:
    with start(name, exchange) as process:
        printed = lines(process, LINES[name])
        interrupt(process)
    assert all(len(line.split()) >= 2 for line in printed), printed


def test_a_notebook_runs_to_its_end(exchange: Exchange) -> None:
    with start("notebook", exchange) as process:
        assert ended(process) == (0, "", "")


def test_own_orders_go_on_across_a_reconnect(exchange: Exchange) -> None:
    exchange.quote("BTCUSDT", bid="100", ask="101")
    with start("own_orders", exchange) as process:
        assert process.stdout is not None
        while not select.select([process.stdout], [], [], 0.1)[0]:
            order = exchange.place("BTCUSDT", "buy", price="99", amount="1")
        exchange.drop()
        before = iter(process.stdout.readline, "")
        lost = next(line for line in before if "not seen since" in line)
        assert "Orders" in lost
        assert "flows again" in next(before)
        exchange.fill(order)
        assert f"finish {order.order_id} 0" in next(before)
        interrupt(process)


def test_a_recorder_writes_json_lines(exchange: Exchange) -> None:
    with start("recorder", exchange, "\nimport sys\nrecord(['BTCUSDT'], sys.stdout)\n") as process:
        printed = "".join(lines(process, 5))
        interrupt(process)
    assert printed.count('"TickerUpdate"') + printed.count('"TradesUpdate"') + printed.count('"DepthUpdate"') == 5


def test_a_test_of_a_bot_passes_on_virtual_time(tmp_path: Path) -> None:
    shutil.copy(PROGRAMS / "bot.txt", tmp_path / "test_bot.py")
    options = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "test_bot.py")
    done = python(*options, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert "1 passed" in done.stdout, done.stdout + done.stderr
