"""What a blocking client leaves to the garbage collector: nothing that a Ctrl-C could be lost in, once it is closed."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from coinex_proto import coinex
from coinex_trio import CoinexClient, local_exchange
from tests.processes import HANGS_AFTER
from tests.threads import new_threads

TICKER = coinex.Ticker("BTCUSDT")


def python_run_by(drop: Callable[[], object]) -> list[str]:
    """The names of our functions that ran while something was dropped (`threading` has a function of its own for each thread)."""
    ran: list[str] = []

    def note(frame: FrameType, kind: str, _: Any) -> None:
        if kind == "call" and frame.f_globals["__name__"].startswith("coinex_"):
            ran.append(frame.f_code.co_qualname)

    gc.collect()
    gc.disable()
    sys.setprofile(note)
    try:
        drop()
        gc.collect()
    finally:
        sys.setprofile(None)
        gc.enable()
    return ran


@pytest.mark.parametrize("background", [False, True])
def test_no_python_runs_when_a_closed_client_goes(background: bool) -> None:
    with local_exchange() as exchange:
        clients = [CoinexClient("spot", url=exchange.url, background=background)]
        with clients[0] as client:
            client.subscribe(TICKER, callback=lambda update: None)
            client.ready(TICKER)
        del client
        assert python_run_by(lambda: clients.clear()) == []


@pytest.mark.parametrize("background", [False, True])
def test_one_that_is_open_closes_its_socket_with_a_warning_and_ends_its_thread(background: bool) -> None:
    with local_exchange() as exchange, new_threads() as came:
        clients = [CoinexClient("spot", url=exchange.url, background=background)]
        clients[0].ready(TICKER)
        before = came()
        assert len(exchange._server.sockets()) == 1
        with pytest.warns(ResourceWarning, match="unclosed CoinexClient: use it in `with`"):
            clients.clear()
        until = time.monotonic() + HANGS_AFTER
        while exchange._server.sockets() or (background and came() >= before):
            assert time.monotonic() < until, "it is still there"
            time.sleep(0.01)
