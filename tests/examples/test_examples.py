"""Every example runs against the local exchange; the one that embeds the core also with a callback that is too slow."""

from __future__ import annotations

import importlib.util
import os
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType

import pytest

from coinex_proto import Callbacks, Closed, Config, Event, Session, Sources, coinex
from coinex_trio import Exchange, local_exchange
from tests.processes import HANGS_AFTER, ended, warm_running, with_time_enough
from tests.warm import WarmProgram

EXAMPLES = Path(__file__).parents[2] / "examples"

SAYS = {
    "account_data": ("signed in", "balance ", "order   put: buy", "filled  buy"),
    "blocking_callbacks": ("BTCUSDT bid",),
    "embed_socket": ("exchange time",),
    "long_running": ("Ready()", " ms; ", "the book is trusted"),
    "public_market_data": ("ticker  last", "book    bid", "trades  ", "checksums of the book agreed"),
    "trio_nursery": ("coinex futures TickerUpdate(",),
}


ELSEWHERE = {"swarm_bot", "coinflex_request", "embed_tk", "kraken", "qfex_market_data", "qfex_trading"}
"""Run by tests of their own: `test_coinflex_request.py`, `test_embed_tk.py`, `test_kraken.py`, `test_qfex_examples.py`."""


def test_every_example_is_run_here() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} - ELSEWHERE == set(SAYS)


@pytest.mark.parametrize("name", SAYS)
def test_the_example_runs_and_ends_in_time(name: str) -> None:
    with local_exchange(rate=20) as exchange:
        more = ("--futures-url", exchange.futures_url) if name == "trio_nursery" else ()

        def shown(seconds: str) -> str:
            with start(name, exchange, "--url", exchange.url, "--seconds", seconds, *more) as process:
                exchange.quote("BTCUSDT", bid="100", ask="101") if name == "account_data" else None
                while process.poll() is None and name == "account_data":
                    exchange.fill(exchange.place("BTCUSDT", "buy", price="99", amount="0.1"))
                    time.sleep(0.1)
                status, out, err = ended(process)
            assert (status, err) == (0, "")
            return out

        out = with_time_enough(shown, lambda out: all(words in out for words in SAYS[name]))
    for words in SAYS[name]:
        assert words in out


def start(name: str, exchange: Exchange, *arguments: str) -> AbstractContextManager[WarmProgram]:
    keys = {"COINEX_ACCESS_ID": exchange.access_id, "COINEX_SECRET_KEY": exchange.secret_key}
    return warm_running(["-W", "error", EXAMPLES / f"{name}.py", *arguments], env={**os.environ, **keys})


def run(name: str, exchange: Exchange, *arguments: str) -> tuple[str, str]:
    with start(name, exchange, *arguments) as process:
        return ended(process)[1:]


def test_an_example_without_a_server_says_so_in_one_line() -> None:
    with local_exchange() as exchange:
        pass
    out, err = run("public_market_data", exchange, "--url", "ws://127.0.0.1:1/")
    assert (out, err) == ("", "cannot connect to 127.0.0.1:1: Connection refused\n")


def test_an_example_with_wrong_keys_says_what_to_check(monkeypatch: pytest.MonkeyPatch) -> None:
    with local_exchange() as exchange:
        monkeypatch.setattr(exchange, "secret_key", "wrong")
        out, err = run("account_data", exchange, "--url", exchange.url)
    assert out == ""
    assert err.startswith("login refused (code ")
    assert "check access id, secret key" in err
    assert err.count("\n") == 1


def test_an_example_without_keys_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    with local_exchange() as exchange:
        monkeypatch.setattr(exchange, "secret_key", "")
        out, err = run("account_data", exchange, "--url", exchange.url)
    assert (out, err) == ("", "set COINEX_SECRET_KEY in the environment\n")


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def session_for(exchange: Exchange, slept: list[Event]) -> tuple[Session, Callbacks, list[Event]]:
    """The first trade push blocks the program for longer than a ping may take, on a clock that a test sets."""
    config = Config(ping_interval=HANGS_AFTER, ping_timeout=HANGS_AFTER)
    session = Session(coinex.spot(url=exchange.url), Sources(time.time_ns, os.urandom), config)
    callbacks, closed = Callbacks(), list[Event]()

    def slow(event: Event) -> None:
        if not slept:
            slept.append(event)

    trades = coinex.Trades("BTCUSDT")
    callbacks.add(trades, slow)
    callbacks.add(Closed, closed.append)
    session.subscribe(trades, now=0.0)
    return session, callbacks, closed


def test_n16_a_slow_callback_does_not_cost_the_connection_on_a_plain_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    module = load("embed_socket")
    slept: list[Event] = []
    real_now = module.now
    monkeypatch.setattr(module, "now", lambda: real_now() + 3 * HANGS_AFTER * len(slept))
    with local_exchange(rate=20) as exchange:
        session, callbacks, closed = session_for(exchange, slept)
        driver = module.Driver(session, callbacks)
        thread = threading.Thread(target=driver.run)
        thread.start()
        while session.stats.pings < 1 or session.is_doubted:
            time.sleep(0.05)
        assert driver.request(coinex.ServerTime())
        assert closed == []
        driver.stop()
        thread.join(HANGS_AFTER)
        with pytest.raises(Exception, match="there is no connection"):
            driver.request(coinex.ServerTime())
        driver.waker.close()
        driver.wakes.close()


def test_c1_what_a_callback_raises_comes_out_of_the_embedded_driver_and_nothing_is_dialled_again() -> None:
    module = load("embed_socket")
    with local_exchange(rate=20) as exchange:
        session, callbacks = Session(coinex.spot(url=exchange.url), Sources(time.time_ns, os.urandom)), Callbacks()
        quotes = coinex.BestQuote("BTCUSDT")
        callbacks.add(quotes, lambda quote: int(quote.market))
        session.subscribe(quotes, now=module.now())
        driver = module.Driver(session, callbacks)
        with driver.waker, driver.wakes, pytest.raises(ValueError, match="invalid literal"):
            driver.run()
        assert session.stats.connects == 1
