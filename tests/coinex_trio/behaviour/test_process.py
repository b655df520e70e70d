"""What a whole process does: Ctrl-C, fork, exit with an open client. Each test starts its own."""

from __future__ import annotations

import signal
import textwrap
import time
from contextlib import AbstractContextManager

import pytest

from tests.processes import ended, python, warm_python, warm_running
from tests.warm import WarmProgram

SERVED = """
    from coinex_proto import coinex
    from coinex_trio import BlockingClient, CoinexClient, local_exchange, open_client
    with local_exchange() as exchange:
"""

BLOCKING = """
        with CoinexClient(url=exchange.url) as cx:
            cx.subscribe_ticker("BTCUSDT")
            print("up", flush=True)
            cx.run()
"""

TRIO = """
        import trio
        async def main():
            async with open_client(coinex.spot(url=exchange.url)) as client:
                print("up", flush=True)
                async for event in client.events():
                    pass
        trio.run(main)
"""


def start(body: str) -> AbstractContextManager[WarmProgram]:
    return warm_running(["-W", "error", "-c", textwrap.dedent(body)])


def run(body: str, *options: str) -> tuple[int, str, str]:
    done = (python if options else warm_python)(*options, "-W", "error", "-c", textwrap.dedent(body))
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("program", [BLOCKING, TRIO], ids=["blocking", "trio"])
def test_p2_ctrl_c_ends_the_program_in_good_order(program: str) -> None:
    with start(SERVED + program) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        time.sleep(0.05)  # anywhere
        process.send_signal(signal.SIGINT)
        status, _, err = ended(process)
    assert status == -signal.SIGINT
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert "Exception ignored" not in err
    assert "Group" not in err


def test_p3_a_forked_child_cannot_use_the_client_and_leaves_the_parents_socket_alone() -> None:
    status, out, err = run(
        SERVED
        + """
        import os, warnings
        from coinex_proto import UsageError
        warnings.simplefilter("ignore", DeprecationWarning)  # fork beside the exchange's thread
        with CoinexClient(url=exchange.url) as cx:
            child = os.fork()
            if not child:
                try:
                    cx.run(seconds=1)
                except UsageError as error:
                    print(error, flush=True)
                cx.close()
                os._exit(0)
            os.waitpid(child, 0)
            print(cx.server_time() > 0, cx.stats.reconnects)
    """
    )
    assert (status, err) == (0, "")
    assert "belongs to the parent process" in out
    assert out.endswith("True 0\n")


def test_p4_a_program_may_end_with_an_open_client() -> None:
    done = run(
        SERVED
        + """
        import warnings
        warnings.simplefilter("ignore", ResourceWarning)
        cx = CoinexClient(url=exchange.url)
        cx.ready()
    raise SystemExit(7)
    """
    )
    assert done == (7, "", "")


def test_a_blocking_program_never_imports_trio() -> None:
    program = """
    import sys
    import coinex_proto, coinex_trio, coinex_trio.blocking
    from coinex_trio import CoinexClient, BlockingClient, run, credentials_from_env
    CoinexClient()
    print("trio" in sys.modules)
    """
    done = python("-W", "error", "-c", textwrap.dedent(program))
    assert (done.returncode, done.stdout, done.stderr) == (0, "False\n", "")


LIFE = """
        import gc, trio
        gc.disable()
        with CoinexClient(url=exchange.url, credentials=exchange.credentials) as cx:
            cx.subscribe_ticker("BTCUSDT", lambda t: None)
            print(cx.book(coinex.Depth("BTCUSDT")).trusted, cx.server_time() > 0)
            exchange.drop()
            cx.run(seconds=1)
            cx.ready(coinex.Ticker("BTCUSDT"))
        async def main():
            async with open_client(coinex.spot(url=exchange.url)) as client:
                async for event in client.events(coinex.Ticker("BTCUSDT")):
                    break
                print(await client.request(coinex.ServerTime()) > 0)
        trio.run(main)
        with CoinexClient(url=exchange.url, background=True) as cx:
            print(cx.book(coinex.Depth("BTCUSDT")).trusted)
"""


@pytest.mark.parametrize("options", [(), ("-O",), ("-OO",)], ids=["plain", "O", "OO"])
def test_p7_p8_sockets_end_without_the_garbage_collector_and_without_asserts(options: tuple[str, ...]) -> None:
    assert run(SERVED + LIFE, *options) == (0, "True True\nTrue\nTrue\n", "")


def test_n30_proxy_variables_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/")
    assert run(SERVED + LIFE)[:2] == (0, "True True\nTrue\nTrue\n")
