"""`stop()` at any moment: in signal handlers, in other threads, between any two lines; and what outlives a connection."""

from __future__ import annotations

import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from coinex_proto import Backoff, Closed, Config, Event, NotReady, OutcomeUnknown, Retrying, coinex
from coinex_trio import BlockingClient, CoinexClient, QfexClient, local_exchange, open_client, open_coinex, run
from coinex_trio.client import Client
from tests.coinex_trio.http_peer import Script, http_peer, raw
from tests.coinex_trio.venue import TrioNetwork, Venue, VenueStream, VirtualNetwork
from tests.processes import HANGS_AFTER

BTC = coinex.Ticker("BTCUSDT")
KEYS = coinex.Credentials("a" * 32, "s" * 40)
PATIENT = Config(backoff=Backoff(first=3600.0, ceiling=3600.0))
"""Nothing but `stop()` ends a wait for the next attempt."""
HANG = HANGS_AFTER


@contextmanager
def stopping(stop: Callable[[], object], when: threading.Event) -> Iterator[None]:
    """Another thread that calls `stop` when the event is set."""

    def wait() -> None:
        assert when.wait(HANG)
        stop()

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield
    finally:
        when.set()
        thread.join(HANG)


@contextmanager
def signalling(stop: Callable[[], object], when: threading.Event) -> Iterator[None]:
    """A signal whose handler calls `stop`, sent to this thread when the event is set."""
    before = signal.signal(signal.SIGUSR1, lambda *_: stop())
    me = threading.get_ident()
    try:
        with stopping(lambda: signal.pthread_kill(me, signal.SIGUSR1), when):
            yield
    finally:
        signal.signal(signal.SIGUSR1, before)


WAYS = pytest.mark.parametrize("way", [stopping, signalling])
Way = Callable[[Callable[[], object], threading.Event], Any]


@WAYS
@pytest.mark.parametrize("background", [False, True])
def test_it_ends_the_wait_for_the_next_attempt(way: Way, background: bool) -> None:
    waits = threading.Event()
    with local_exchange() as exchange, CoinexClient(url=exchange.url, config=PATIENT, background=background) as cx:
        cx.on(Retrying)(lambda _: waits.set())
        exchange.drop()
        with way(cx.stop, waits):
            cx.run(HANG)
        assert cx._core.is_over


@WAYS
def test_it_ends_the_wait_of_several_clients_in_one_run(way: Way) -> None:
    waits = threading.Event()
    with (
        local_exchange() as exchange,
        CoinexClient(url=exchange.url, config=PATIENT) as one,
        CoinexClient(url=exchange.url, config=PATIENT) as two,
    ):
        two.on(Retrying)(lambda _: waits.set())
        exchange.drop()

        def stop() -> None:
            one.stop()
            two.stop()

        with way(stop, waits):
            run(one, two, seconds=HANG)
        assert one._core.is_over
        assert two._core.is_over


@WAYS
def test_it_ends_both_sockets_of_a_facade(way: Way) -> None:
    waits = threading.Event()
    with local_exchange("qfex") as exchange:
        keys = exchange.credentials
        urls: dict[str, Any] = {"mds_url": exchange.mds_url, "trade_url": exchange.trade_url}
        with QfexClient(keys, config=PATIENT, **urls) as cx:
            cx.on(Retrying)(lambda _: waits.set())
            exchange.drop()
            with way(cx.stop, waits):
                cx.run(HANG)


@WAYS
def test_it_ends_a_wait_under_trio(way: Way) -> None:
    waits = threading.Event()

    async def main(url: str) -> None:
        async with open_coinex(url=url, config=PATIENT) as cx:
            cx.on(Retrying)(lambda _: waits.set())
            exchange.drop()
            with way(cx.stop, waits), trio.fail_after(HANG):
                async for _ in cx.events(Closed, Retrying):
                    pass

    with local_exchange() as exchange:
        trio.run(main, exchange.url)


@WAYS
@pytest.mark.parametrize("background", [False, True])
def test_it_ends_a_client_whose_peer_is_silent_in_the_upgrade(way: Way, background: bool) -> None:
    accepted = threading.Event()

    def accept() -> None:
        with listener.accept()[0] as peer:
            accepted.set()
            while peer.recv(4096):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"ws://127.0.0.1:{listener.getsockname()[1]}"
        cx = CoinexClient(url=url, config=Config(open_timeout=HANG, retry_first=True), background=background)
        accepting = threading.Thread(target=accept)
        accepting.start()
        with way(cx.stop, accepted), cx:
            assert cx._core.is_stopping
        accepting.join(HANG)


def test_it_may_be_called_between_any_two_lines_of_the_session() -> None:
    """A signal handler runs between two bytecodes; here at each line in turn, deterministically."""
    total = _stopped_at_line(-1)[0]
    assert total > 300
    for line in range(0, total, total // 97):
        _, venue, story = _stopped_at_line(line)
        if venue.methods():
            assert venue.closed_with == b"\x03\xe8", f"line {line}: not closed in good order"
        assert story.count("Closed") <= 1, f"line {line}: {story}"


def _stopped_at_line(target: int) -> tuple[int, Venue, list[str]]:
    """Opens, subscribes and receives, with `stop()` at the so-many-th line of the core; the number of lines, and what came."""
    network = VirtualNetwork()
    client = BlockingClient(coinex.spot(), network=network)
    story: list[str] = []
    client.on(Event)(lambda event: story.append(type(event).__name__))
    client.subscribe(BTC)
    count = 0

    def trace(frame: FrameType, what: str, _: object) -> Any:
        nonlocal count
        if "/coinex_proto/" not in frame.f_code.co_filename:
            return None
        if what == "line":
            count += 1
            if count == target + 1:
                client.stop()
        return trace

    sys.settrace(trace)
    try:
        client._open()
        network.last.tickers("1", "2")
        if not client._core.is_over:
            client.run(seconds=0.1)
    finally:
        sys.settrace(None)
    client.stop()
    client.run()
    client.close()
    return count, network.last, story


async def test_nothing_that_was_written_for_one_connection_leaves_on_another_under_trio(
    autojump_clock: MockClock,
) -> None:
    class Eager(VenueStream):
        async def receive_some(self, max_bytes: int | None = None) -> bytes:
            if not self.venue.out and self.venue.error is None:
                return await super().receive_some(max_bytes)
            if self.venue.out:
                data = bytes(self.venue.out)
                self.venue.out.clear()
                return data
            raise trio.BrokenResourceError from self.venue.error

    class ResetAfterUpgrade(TrioNetwork):
        async def open_stream(self, *arguments: Any) -> trio.abc.Stream:
            await trio.lowlevel.checkpoint()
            venue = self.accept(self.now(), *arguments[:3])
            if len(self.all) in (2, 3):
                take = venue.receive

                def receive(data: bytes) -> None:
                    take(data)
                    venue.error = ConnectionResetError(104, "Connection reset by peer")

                venue.receive = receive  # type: ignore[method-assign]
            return Eager(venue)

    network = ResetAfterUpgrade()
    async with open_client(coinex.spot(credentials=KEYS), network=network) as client:
        network.last.end()
        await trio.sleep(30)
        assert len(network.all) == 4
        assert all(bytes(venue._head).startswith(b"GET /") for venue in network.all[1:])
        await client.ready()


def test_nothing_that_was_written_for_one_connection_leaves_on_another_in_a_blocking_client() -> None:
    network = VirtualNetwork()

    def no_room(venue: Venue) -> None:
        if len(network.all) == 2:
            take = venue.receive

            def receive(data: bytes) -> None:
                take(data)
                venue.room = 0  # the sign-in stays in our outbox
                venue.error = ConnectionResetError(104, "Connection reset by peer")

            venue.receive = receive  # type: ignore[method-assign]

    network.prepare = no_room
    with BlockingClient(coinex.spot(credentials=KEYS), network=network) as client:
        network.last.end()
        client.run(seconds=30)
        assert len(network.all) == 3
        assert all(bytes(venue._head).startswith(b"GET /") for venue in network.all)
        client.ready()


async def test_a_send_that_fails_late_does_not_close_the_next_connection(autojump_clock: MockClock) -> None:
    network = TrioNetwork()
    async with open_client(coinex.spot(), network=network) as client:
        first = network.last
        first.room = 0
        client.send(coinex.ServerTime())
        await trio.testing.wait_all_tasks_blocked()
        first.reset(ConnectionResetError(104, "Connection reset by peer"))
        await trio.sleep(60)
        assert len(network.all) == 2
        assert client._core.is_ready


@pytest.mark.parametrize("is_answering", [False, True])
async def test_a_stop_under_trio_ends_within_the_closing_time_while_a_send_is_stuck(
    autojump_clock: MockClock, is_answering: bool
) -> None:
    network = TrioNetwork(prepare=lambda venue: setattr(venue, "answers_close", is_answering))
    async with open_client(coinex.spot(), network=network) as client:
        network.last.room = 0
        client.send(coinex.ServerTime())
        await trio.testing.wait_all_tasks_blocked()
        closed = trio.Event()
        client.on(Closed)(lambda _: closed.set())
        began = trio.current_time()
        client.stop()
        await closed.wait()
        assert trio.current_time() - began <= Config().close_timeout + 1.0


def test_a_stop_with_a_dead_peer_ends_within_the_closing_time() -> None:
    network = VirtualNetwork()
    with BlockingClient(coinex.spot(), network=network) as client:
        network.last.room = 0
        network.last.answers_close = False
        client.send(coinex.ServerTime())
        began = network.now()
        client.stop()
        client.run()
        assert network.now() - began <= Config().close_timeout + 1.0


@WAYS
@pytest.mark.parametrize("background", [False, True])
def test_it_ends_a_client_whose_name_is_being_resolved(
    way: Way, background: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, may_answer = threading.Event(), threading.Event()

    def hanging(*_: object, **__: object) -> list[Any]:
        asked.set()
        may_answer.wait(HANG)
        raise socket.gaierror(socket.EAI_AGAIN, "too late")

    monkeypatch.setattr("coinex_trio.network.socket.getaddrinfo", hanging)
    try:
        config = Config(open_timeout=HANG, retry_first=True)
        cx = CoinexClient(url="ws://localhost:1", config=config, background=background)
        with way(cx.stop, asked), cx:
            assert cx._core.is_stopping
    finally:
        may_answer.set()


@WAYS
@pytest.mark.parametrize("background", [False, True])
def test_it_ends_a_client_whose_peer_is_silent_in_tls(way: Way, background: bool) -> None:
    accepted = threading.Event()

    def accept() -> None:
        with listener.accept()[0] as peer:
            accepted.set()
            while peer.recv(4096):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"wss://127.0.0.1:{listener.getsockname()[1]}"
        cx = CoinexClient(url=url, config=Config(open_timeout=HANG, retry_first=True), background=background)
        accepting = threading.Thread(target=accept)
        accepting.start()
        with way(cx.stop, accepted), cx:
            assert cx._core.is_stopping
        accepting.join(HANG)


@WAYS
@pytest.mark.parametrize("scheme", ["ws", "wss"])
def test_it_ends_a_client_that_is_connecting_under_trio(way: Way, scheme: str) -> None:
    accepted = threading.Event()

    def accept() -> None:
        with listener.accept()[0] as peer:
            accepted.set()
            while peer.recv(4096):
                pass

    async def main(url: str) -> None:
        config = Config(open_timeout=HANG, retry_first=True)
        opening = open_coinex(url=url, config=config, allow_plaintext=True)
        stops: list[Callable[[], object]] = []
        original = Client.__init__

        def remembered(client: Client, *arguments: Any) -> None:
            original(client, *arguments)
            stops.append(client.stop)

        Client.__init__ = remembered  # type: ignore[assignment]
        try:
            with way(lambda: stops[0](), accepted), trio.fail_after(HANG):
                async with opening as cx:
                    assert cx._core.is_stopping
        finally:
            Client.__init__ = original  # type: ignore[method-assign]

    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepting = threading.Thread(target=accept)
        accepting.start()
        trio.run(main, f"{scheme}://127.0.0.1:{listener.getsockname()[1]}")
        accepting.join(HANG)


def _silent(asked: threading.Event) -> Script:
    """An HTTP server that takes a request and says nothing."""

    def script(connection: socket.socket) -> bool:
        asked.set()
        connection.settimeout(HANG)
        while connection.recv(1000):
            pass
        return False

    return script


@WAYS
@pytest.mark.parametrize("background", [False, True])
def test_it_ends_a_call_over_http_that_is_under_way_and_the_order_is_unknown(way: Way, background: bool) -> None:
    asked = threading.Event()
    config = Config(request_timeout=HANG, close_timeout=0.2)
    with (
        local_exchange() as exchange,
        http_peer(_silent(asked)) as peer,
        CoinexClient(
            "spot",
            exchange.credentials,
            url=exchange.url,
            http_url=peer.url,
            config=config,
            background=background,
        ) as cx,
    ):
        cx.ready(coinex.Orders(), timeout=HANG)
        with way(cx.stop, asked):
            order = cx.place_order("BTCUSDT", "buy", "limit", "0.1", "2")
        assert order.state == "unknown"
        assert len(peer.requests) == 1, "an order is never sent again"


@WAYS
def test_it_ends_the_pause_before_a_call_over_http_is_repeated(way: Way) -> None:
    answered = threading.Event()

    def later(connection: socket.socket) -> bool:
        raw(b"", status="503 Busy", headers=("Retry-After: 29",))(connection)
        answered.set()
        return True

    with (
        local_exchange() as exchange,
        http_peer(later) as peer,
        CoinexClient("spot", exchange.credentials, url=exchange.url, http_url=peer.url) as cx,
    ):
        cx.ready(coinex.Orders(), timeout=HANG)
        began = time.monotonic()
        with way(cx.stop, answered), pytest.raises(NotReady, match="stopped"):
            cx.http.call("GET", "/time")
        assert time.monotonic() - began < 25.0
        assert len(peer.requests) == 1


@WAYS
def test_under_trio_it_ends_a_call_over_http_that_is_under_way(way: Way) -> None:
    asked = threading.Event()

    async def main(exchange: Any, http_url: str) -> None:
        config = Config(request_timeout=HANG, close_timeout=0.2)
        async with open_coinex("spot", exchange.credentials, url=exchange.url, http_url=http_url, config=config) as cx:
            await cx.ready(coinex.Orders())
            with trio.fail_after(HANG / 2), way(cx.stop, asked), pytest.raises(OutcomeUnknown, match="stopped"):
                await cx.place_order("BTCUSDT", "buy", "limit", "0.1", "2")
            assert [order.state for order in cx.orders()] == ["unknown"]

    with local_exchange() as exchange, http_peer(_silent(asked)) as peer:
        trio.run(main, exchange, peer.url)
        assert len(peer.requests) == 1
