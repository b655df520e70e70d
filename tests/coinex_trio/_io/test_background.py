"""`background=True`: a thread keeps the client going between calls. Real loopback, short times."""

from __future__ import annotations

import gc
import signal
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import pytest

from coinex_proto import (
    BookChanged,
    Closed,
    Config,
    ConnectFailed,
    ConsumerTooSlow,
    Event,
    LoginRefused,
    NotReady,
    Replied,
    Retrying,
    UsageError,
    coinex,
)
from coinex_trio import CoinexClient, Exchange, local_exchange, run
from coinex_trio._io.background import Worker
from tests.coinex_trio.behaviour.test_process import SERVED, start
from tests.coinex_trio.behaviour.test_process import run as run_program
from tests.coinex_trio.venue import VirtualNetwork
from tests.ports import refusing_port
from tests.processes import HANGS_AFTER, ended
from tests.threads import new_threads

BOOK = coinex.Depth("BTCUSDT")
TICKER = coinex.Ticker("BTCUSDT")


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with local_exchange(rate=50) as running:
        yield running


@pytest.fixture
def cx(exchange: Exchange) -> Iterator[CoinexClient]:
    with new_threads() as came:
        with CoinexClient(url=exchange.url, credentials=exchange.credentials, background=True) as client:
            yield client
        assert came() == set()


def eventually(is_done: object) -> None:
    until = time.monotonic() + HANGS_AFTER
    while not is_done():  # type: ignore[operator]
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.01)


def has_pinged(client: CoinexClient, count: int) -> bool:
    return client.stats.pings >= count


def test_a_notebook_with_pauses_between_its_cells(exchange: Exchange) -> None:
    # The exchange's time runs ahead: the pauses below are minutes in its eyes.
    cx = CoinexClient(url=exchange.url, background=True, config=Config(ping_interval=0.1, ping_timeout=HANGS_AFTER))
    first = cx.book(BOOK).best_bid
    assert first is not None
    for _ in range(3):
        exchange.advance(50)  # the exchange cuts idle clients after 60
        enough = cx.stats.pings + 3  # the first may have been under way, and the second has been answered then
        eventually(partial(has_pinged, cx, enough))
    assert cx.stats.reconnects == 0
    assert cx.book(BOOK).trusted
    assert next(cx.latest(TICKER)).last
    cx.close()


def test_the_book_goes_on_between_calls(cx: CoinexClient, exchange: Exchange) -> None:
    cx.book(BOOK)
    exchange.quote("BTCUSDT", bid="100", ask="101")
    eventually(lambda: (cx.book(BOOK).best_bid or (0, 0))[0] == 100)


def test_callbacks_of_the_closing_may_say_what_they_like_and_nobody_after_it(exchange: Exchange) -> None:
    seen: list[Closed] = []
    with CoinexClient(url=exchange.url, background=True) as cx:

        def react(event: Closed) -> None:
            cx.subscribe(TICKER)
            seen.append(event)

        cx.on(Closed)(react)
    assert len(seen) == 1
    uses: tuple[Callable[[], object], ...] = (
        lambda: cx.subscribe(TICKER),
        lambda: cx.book(BOOK),
        lambda: cx.events(TICKER),
        lambda: cx.on(Closed)(react),
        lambda: cx.run(seconds=1),
    )
    for use in uses:
        with pytest.raises(UsageError, match=r"closed.*make a new one"):
            use()
    assert not cx.trusted()


def test_callbacks_run_inside_calls_only_and_in_the_calling_thread(cx: CoinexClient) -> None:
    threads: list[int] = []
    cx.subscribe(BOOK, callback=lambda _: threads.append(threading.get_ident()))
    cx.ready(BOOK)
    eventually(lambda: cx._worker is not None and len(cx._worker._inbox) > 2)
    count = len(threads)

    def ran() -> bool:
        cx.run(seconds=0.01)
        return len(threads) > count

    eventually(ran)
    assert set(threads) == {threading.get_ident()}


def test_events_without_a_callback_are_not_queued(cx: CoinexClient) -> None:
    cx.subscribe(BOOK)
    cx.ready(BOOK)
    time.sleep(0.3)
    assert cx._worker is not None
    assert not any(isinstance(event, BookChanged) for event in cx._worker._inbox)


def test_only_values_that_cannot_change_cross(cx: CoinexClient, exchange: Exchange) -> None:
    cx.subscribe(coinex.Orders())
    cx.ready(coinex.Orders())
    exchange.quote("BTCUSDT", bid="100", ask="101")
    placed = exchange.place("BTCUSDT", "buy", price="99", amount="1")
    eventually(cx.orders)
    (order,) = cx.orders()
    exchange.fill(placed)
    eventually(lambda: not cx.orders())
    assert order.state == "live"
    assert cx.wait(order, timeout=HANGS_AFTER).state == "filled"


def test_a_stream_is_lossless_across_pauses(cx: CoinexClient) -> None:
    with cx.events(coinex.Depth("BTCUSDT"), seconds=HANGS_AFTER) as stream:
        next(stream)
        time.sleep(0.5)
        times = [next(stream).book.received_at or 0.0 for _ in range(3)]
    assert times == sorted(set(times))
    assert cx.topics() == ()


def test_c5_a_call_that_waits_is_refused_in_a_callback(cx: CoinexClient) -> None:
    cx.subscribe(BOOK, callback=lambda _: cx.request(coinex.ServerTime()))
    with pytest.raises(UsageError, match="in a callback"):
        cx.run(seconds=HANGS_AFTER)


def test_c4_a_callback_may_send_and_stop(cx: CoinexClient) -> None:
    replies: list[object] = []

    def react(_: Event) -> None:
        if not replies:
            cx.send(coinex.ServerTime(), done)

    def done(reply: object) -> None:
        replies.append(reply)
        cx.stop()

    cx.subscribe(BOOK, callback=react)
    cx.run(seconds=HANGS_AFTER)
    (reply,) = replies
    assert isinstance(reply, Replied)
    with pytest.raises(NotReady):
        cx.request(coinex.Ping())


def test_c1_what_a_callback_raises_comes_out_of_the_call(cx: CoinexClient) -> None:
    cx.subscribe(BOOK, callback=lambda _: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        cx.run(seconds=HANGS_AFTER)
    cx.unsubscribe(BOOK)
    assert cx.server_time() > 0


def test_c6_callbacks_that_nobody_runs_for_too_long_end_in_an_error_and_go_on(exchange: Exchange) -> None:
    seen: list[Event] = []
    with CoinexClient(url=exchange.url, background=True, config=Config(queue_size=3)) as cx:
        cx.subscribe(BOOK, callback=seen.append)
        cx.ready(BOOK)
        worker = cx._worker
        assert worker is not None
        eventually(lambda: worker._overflow)
        with pytest.raises(ConsumerTooSlow):
            cx.run(seconds=HANGS_AFTER)
        count = len(seen)

        def went_on() -> bool:
            with suppress(ConsumerTooSlow):  # as this test may well be, with room for three
                cx.run(seconds=0.05)
            return len(seen) > count

        eventually(went_on)


def test_c6_as_many_events_wait_for_callbacks_as_the_queue_has_room_for_and_one_more_is_too_many() -> None:
    seen: list[Event] = []
    client = CoinexClient(background=True, config=Config(queue_size=3))
    client.on(Retrying)(seen.append)
    worker = client._worker
    assert worker is not None
    events = [Retrying(attempt=number, at=0.0) for number in range(7)]
    for event in events[:3]:
        worker._receive(event)
    worker.run_callbacks()
    assert seen == events[:3]
    for event in events[3:]:
        worker._receive(event)
    with pytest.raises(ConsumerTooSlow, match="3 events"):
        worker.run_callbacks()
    client.close()


def test_a_client_that_was_closed_is_not_kept_for_the_rest_of_the_program(exchange: Exchange) -> None:
    client = CoinexClient(url=exchange.url, background=True)
    client.ready()
    left = weakref.ref(client._worker)
    client.close()
    del client
    gc.collect()
    assert left() is None


def test_it_reconnects_between_calls(cx: CoinexClient, exchange: Exchange) -> None:
    cx.book(BOOK)
    exchange.drop()
    eventually(lambda: cx.stats.reconnects == 1)
    assert cx.book(BOOK).trusted


def test_errors_of_opening_come_out_where_it_is_opened() -> None:
    client = CoinexClient(url=f"ws://127.0.0.1:{refusing_port()}/", background=True)
    with pytest.raises(ConnectFailed, match="Connection refused"):
        client.ready()
    with pytest.raises(ConnectFailed):
        client.run()
    client.close()


def test_refused_credentials_come_out_where_it_is_opened(exchange: Exchange) -> None:
    keys = coinex.Credentials(exchange.access_id, "wrong")
    with pytest.raises(LoginRefused), CoinexClient(url=exchange.url, credentials=keys, background=True):
        pass


def test_p5_another_thread_is_refused(cx: CoinexClient) -> None:
    errors: list[UsageError] = []

    def use() -> None:
        try:
            cx.server_time()
        except UsageError as error:
            errors.append(error)

    other = threading.Thread(target=use)
    other.start()
    other.join()
    assert len(errors) == 1


def test_callbacks_see_the_end(exchange: Exchange) -> None:
    seen: list[Event] = []
    with CoinexClient(url=exchange.url, background=True) as cx:
        cx.on(Closed)(seen.append)
    assert len(seen) == 1


def test_a_client_that_was_never_opened_leaves_nothing_behind() -> None:
    client = CoinexClient(background=True)
    client.subscribe(BOOK)
    client.close()


def test_a_client_that_is_forgotten_warns_and_ends_its_thread(exchange: Exchange) -> None:
    with new_threads() as came:
        client = CoinexClient(url=exchange.url, background=True)
        client.ready()
        assert came()
        with pytest.warns(ResourceWarning, match="unclosed CoinexClient"):
            del client
        eventually(lambda: not came())


def test_a_fault_of_ours_comes_out_of_the_next_call(cx: CoinexClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fault(*_: object) -> None:
        raise LookupError("a bug")

    cx.subscribe(TICKER, BOOK)
    monkeypatch.setattr(cx._core.session, "receive_data", fault)
    with pytest.raises(LookupError, match="a bug"):
        cx.run(seconds=HANGS_AFTER)
    with pytest.raises(LookupError, match="a bug"):
        cx.ready()


def test_an_error_of_a_call_comes_out_of_it(cx: CoinexClient) -> None:
    cx.ready()
    with pytest.raises(UsageError, match="Depth"):
        cx.subscribe(coinex.Depth("BTCUSDT"), coinex.Depth("BTCUSDT", 5))


def test_an_exception_of_the_block_silences_callbacks(exchange: Exchange) -> None:
    seen: list[Event] = []
    with pytest.raises(KeyError), CoinexClient(url=exchange.url, background=True) as cx:
        cx.on(Closed)(seen.append)
        raise KeyError
    assert seen == []


def test_it_needs_real_time() -> None:
    with pytest.raises(UsageError, match="real time"):
        CoinexClient(network=VirtualNetwork(), background=True)


def test_it_runs_alone(cx: CoinexClient, exchange: Exchange) -> None:
    with CoinexClient(url=exchange.url) as other, pytest.raises(UsageError, match="by itself"):
        run(cx, other)


OPEN = """
        import sys, time
        cx = CoinexClient(url=exchange.url, background=True)
        cx.subscribe_ticker("BTCUSDT")
        cx.ready()
"""


def test_p4_a_program_may_end_with_an_open_client() -> None:
    assert run_program(SERVED + OPEN + "        sys.exit(7)") == (7, "", "")


def test_p2_ctrl_c_ends_a_call_and_the_program() -> None:
    with start(SERVED + OPEN + '        print("up", flush=True)\n        cx.run()') as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        status, _, err = ended(process)
    assert status == -signal.SIGINT
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert "Exception ignored" not in err


def test_p3_a_forked_child_is_refused() -> None:
    body = """
        import os, warnings
        from coinex_proto import UsageError
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
        if not child:
            try:
                cx.server_time()
            except UsageError as error:
                print(error, flush=True)
            cx.close()
            os._exit(0)
        os.waitpid(child, 0)
        print(cx.server_time() > 0, cx.stats.reconnects)
        cx.close()
"""
    status, out, err = run_program(SERVED + OPEN + body)
    assert (status, err) == (0, "")
    assert "parent process" in out
    assert out.endswith("True 0\n")


def test_ctrl_c_in_the_start_of_the_thread_comes_out_as_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(self: threading.Thread) -> None:
        raise KeyboardInterrupt

    client = CoinexClient("spot", url="ws://127.0.0.1:1/", background=True)
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        with pytest.raises(KeyboardInterrupt), client:
            client.run(seconds=1)
    client.close()


def test_n6_a_thread_that_ends_before_anybody_waits_for_it_leaves_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    waits = Worker.wait

    def late(worker: Worker, is_met: Callable[[], bool], until: float) -> bool:
        worker.join(HANGS_AFTER)
        return waits(worker, is_met, until)

    monkeypatch.setattr(Worker, "wait", late)
    cx = CoinexClient(url=f"ws://127.0.0.1:{refusing_port()}/v2/spot", background=True)
    with pytest.raises(ConnectFailed, match="Connection refused"), cx:
        pytest.fail("the block must not begin")
