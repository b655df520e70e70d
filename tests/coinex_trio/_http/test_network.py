"""HTTP over a network in memory: the local exchange without sockets, on virtual time."""

from __future__ import annotations

import math
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
import trio

from coinex_proto import Config, RequestTimedOut, Sources
from coinex_proto.coinex import Credentials
from coinex_proto.coinex.http import HttpOutcomeUnknown, HttpUnreachable, assets, spot, system
from coinex_proto.simulator import CoinexServer
from coinex_trio._http.network import proxy_of, trio_transport
from coinex_trio.http import BlockingHttp, open_http
from coinex_trio.network import SYSTEM, SystemNetwork, Transport
from coinex_trio.proxy import ProxyNetwork

START = 1_700_000_000.0
URL = "http://127.0.0.1:1/v2"
QUICK = Config(open_timeout=2.0, request_timeout=3.0)
ORDER = spot.PutOrder(market="BTCUSDT", side="buy", type="limit", amount="0.1", price="99", client_id="c1")


class Pipe:
    """A server connection as the client's transport; `take` bytes at a time."""

    def __init__(self, serve: Callable[[bytes], bytes | None], piece: int = 1 << 20) -> None:
        self._serve = serve
        self._piece = piece
        self._out = bytearray()
        self.is_over = False
        self.is_closed = False
        self.opens_at = -math.inf

    def progress(self, now: float) -> bool:
        return now >= self.opens_at

    def wakes_at(self) -> float:
        return self.opens_at

    def send(self, data: bytes | bytearray | memoryview) -> int:
        taken = bytes(data[: self._piece])
        answer = self._serve(taken)
        if answer is None:
            self.is_over = True
        else:
            self._out += answer
        return len(taken)

    def receive(self, size: int) -> bytes | None:
        if not self._out:
            return b"" if self.is_over else None
        data = bytes(self._out[: min(size, self._piece)])
        del self._out[: len(data)]
        return data

    def shutdown(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self.is_closed = True


class Stream(trio.abc.Stream):
    """The same for trio."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await trio.lowlevel.checkpoint()
        while data:
            data = data[self._pipe.send(data) :]

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        await trio.lowlevel.checkpoint()
        data = self._pipe.receive(max_bytes or 65536)
        if data is None:
            await trio.sleep_forever()
        assert data is not None
        return data

    async def aclose(self) -> None:
        self._pipe.close()
        await trio.lowlevel.checkpoint()


class Memory:
    """A network that leads to whatever `make` gives; waiting moves the clock."""

    def __init__(self, make: Callable[[], Pipe]) -> None:
        self._make = make
        self.time = START
        self.pipes: list[Pipe] = []

    @property
    def sources(self) -> Sources:
        return Sources(wall_time_ns=lambda: int(self.time * 1e9), random_bytes=lambda count: b"\x80" * count)

    def now(self) -> float:
        return self.time

    def dial(self, host: str, port: int, ssl_context: ssl.SSLContext | None) -> Pipe:
        assert ssl_context is None
        self.pipes.append(self._make())
        return self.pipes[-1]

    def wait(self, watched: Sequence[tuple[Transport, bool]], until: float) -> Sequence[Transport]:
        assert until < math.inf
        self.time = max(self.time, until)
        return ()

    async def open_stream(
        self, host: str, port: int, ssl_context: ssl.SSLContext | None, resolver: trio.CapacityLimiter
    ) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        return Stream(self.dial(host, port, ssl_context))


@contextmanager
def exchange_in_memory(piece: int = 1 << 20) -> Iterator[tuple[Memory, CoinexServer]]:
    server = CoinexServer(now=START, seed=3)
    server.quote("BTCUSDT", "100", "101", "5")

    def make() -> Pipe:
        connection = server.accept(network.time)

        def serve(data: bytes) -> bytes:
            server.advance(network.time)
            connection.receive_data(data, network.time)
            return connection.data_to_send()

        return Pipe(serve, piece)

    network = Memory(make)
    yield network, server


def credentials(server: CoinexServer) -> Credentials:
    return Credentials(server.access_id, server.secret_key)


@pytest.mark.parametrize("piece", [1 << 20, 7])
def test_an_order_is_placed_and_cancelled_without_a_socket(piece: int) -> None:
    # Law 1
    with (
        exchange_in_memory(piece) as (network, server),
        BlockingHttp(credentials(server), url=URL, network=network) as http,
    ):
        placed = http.request(ORDER)
        assert http.resolve_order("c1").orders[0].order_id == placed.order_id
        http.request(spot.CancelOrder(market="BTCUSDT", order_id=placed.order_id))
        assert http.request(spot.ListPendingOrder()).rows == ()
    assert all(pipe.is_closed for pipe in network.pipes)


def test_an_hour_of_rate_limits_takes_no_time() -> None:
    with exchange_in_memory() as (network, server), BlockingHttp(credentials(server), url=URL, network=network) as http:
        for _ in range(100):
            http.request(assets.GetSpotBalance())
    assert network.time - START == pytest.approx(9.0, abs=0.2)


async def test_the_same_under_trio() -> None:
    with exchange_in_memory(piece=50) as (network, server):
        async with open_http(credentials(server), url=URL, network=network) as http:
            placed = await http.request(ORDER)
            assert (await http.resolve_order("c1")).orders[0].order_id == placed.order_id
    assert all(pipe.is_closed for pipe in network.pipes)


def nobody_answers() -> Memory:
    return Memory(lambda: Pipe(lambda data: b""))


def test_a_silent_peer_is_given_up_after_the_request_timeout() -> None:
    network = nobody_answers()
    config = Config(request_timeout=3.0)
    with BlockingHttp(Credentials("A", "B"), url=URL, network=network, config=config, retries=0) as http:
        with pytest.raises(HttpOutcomeUnknown, match="no complete answer within request_timeout"):
            http.request(ORDER)
        assert network.time - START == pytest.approx(3.0)
        with pytest.raises(RequestTimedOut):
            http.request(system.Time())
    assert all(pipe.is_closed for pipe in network.pipes)


async def test_a_silent_peer_is_given_up_under_trio_too(autojump_clock: trio.testing.MockClock) -> None:
    network = nobody_answers()
    async with open_http(Credentials("A", "B"), url=URL, network=network) as http:
        with pytest.raises(HttpOutcomeUnknown):
            await http.request(ORDER)
    assert all(pipe.is_closed for pipe in network.pipes)


@pytest.mark.parametrize("answer", [None, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", b"SSH-2.0\r\n\r\n"])
def test_a_peer_that_ends_early_or_speaks_something_else_leaves_the_order_unknown(answer: bytes | None) -> None:
    def make() -> Pipe:
        pipe = Pipe(lambda data: answer)
        pipe.is_over = True
        return pipe

    with (
        BlockingHttp(Credentials("A", "B"), url=URL, network=Memory(make)) as http,
        pytest.raises(HttpOutcomeUnknown),
    ):
        http.request(ORDER)


def failing(how: str, error: Exception) -> Memory:
    def fail(*_: Any) -> Any:
        raise error

    def make() -> Pipe:
        if how == "dial":
            fail()
        pipe = Pipe(lambda data: b"")
        setattr(pipe, how, fail)
        return pipe

    return Memory(make)


@pytest.mark.parametrize("how", ["dial", "progress"])
def test_a_connection_that_is_refused_sends_nothing(how: str) -> None:
    network = failing(how, ConnectionRefusedError(111, "Connection refused"))
    with (
        BlockingHttp(Credentials("A", "B"), url=URL, network=network) as http,
        pytest.raises(HttpUnreachable, match="Connection refused"),
    ):
        http.request(ORDER)
    assert all(pipe.is_closed for pipe in network.pipes)


async def test_a_connection_that_is_refused_under_trio_sends_nothing() -> None:
    network = failing("dial", ConnectionRefusedError(111, "Connection refused"))
    async with open_http(Credentials("A", "B"), url=URL, network=network) as http:
        with pytest.raises(HttpUnreachable, match="Connection refused"):
            await http.request(ORDER)


@pytest.mark.parametrize("how", ["send", "receive"])
async def test_a_connection_that_breaks_leaves_the_order_unknown(how: str) -> None:
    # S25
    error = ConnectionResetError(104, "Connection reset by peer")
    with (
        BlockingHttp(Credentials("A", "B"), url=URL, network=failing(how, error), config=QUICK) as http,
        pytest.raises(HttpOutcomeUnknown),
    ):
        http.request(ORDER)


@pytest.mark.parametrize("how", ["send", "receive"])
async def test_a_connection_that_breaks_under_trio_leaves_the_order_unknown(
    how: str, autojump_clock: trio.testing.MockClock
) -> None:
    error = ConnectionResetError(104, "Connection reset by peer")
    async with open_http(Credentials("A", "B"), url=URL, network=failing(how, error), config=QUICK) as client:
        with pytest.raises(HttpOutcomeUnknown):
            await client.request(ORDER)


def test_a_broken_connection_says_how_it_broke() -> None:
    error = ConnectionResetError(104, "Connection reset by peer")
    with (
        BlockingHttp(url=URL, network=failing("receive", error), retries=0) as http,
        pytest.raises(HttpUnreachable, match=r"GET /time: no answer from 127\.0\.0\.1: Connection reset by peer"),
    ):
        http.request(system.Time())


def test_a_peer_that_takes_nothing_is_given_up() -> None:
    def make() -> Pipe:
        return Pipe(lambda data: b"", piece=0)

    network = Memory(make)
    with (
        BlockingHttp(Credentials("A", "B"), url=URL, network=network, config=QUICK) as http,
        pytest.raises(HttpOutcomeUnknown, match="no complete answer within request_timeout"),
    ):
        http.request(ORDER)
    assert network.time - START == pytest.approx(3.0)


async def test_a_connection_that_never_opens_under_trio_sends_nothing(autojump_clock: trio.testing.MockClock) -> None:
    network = nobody_answers()

    async def never(*_: Any) -> trio.abc.Stream:
        await trio.sleep_forever()

    network.open_stream = never  # type: ignore[assignment, method-assign]
    async with open_http(Credentials("A", "B"), url=URL, network=network, config=QUICK) as http:
        with pytest.raises(HttpUnreachable, match="no connection in time"):
            await http.request(ORDER)
    assert trio.current_time() == pytest.approx(2.0)


def test_a_connection_that_does_not_open_in_time_sends_nothing() -> None:
    def make() -> Pipe:
        pipe = Pipe(lambda data: b"")
        pipe.opens_at = math.inf
        return pipe

    network = Memory(make)
    with (
        BlockingHttp(Credentials("A", "B"), url=URL, network=network, config=Config(open_timeout=2.0)) as http,
        pytest.raises(HttpUnreachable, match="no connection in time"),
    ):
        http.request(ORDER)
    assert network.time - START == pytest.approx(2.0)
    assert network.pipes[0].is_closed


def test_a_connection_that_opens_late_is_waited_for() -> None:
    with exchange_in_memory() as (network, _):
        original = network.dial

        def dial(host: str, port: int, ssl_context: ssl.SSLContext | None) -> Pipe:
            pipe = original(host, port, ssl_context)
            pipe.opens_at = network.time + 1.5
            return pipe

        network.dial = dial  # type: ignore[method-assign]
        with BlockingHttp(url=URL, network=network) as http:
            assert http.request(system.Ping()).result == "pong"
    assert network.time == START + 1.5


def test_under_trio_the_system_s_network_is_left_to_httpx() -> None:
    assert trio_transport(SYSTEM) is None
    assert isinstance(trio_transport(nobody_answers()), httpx2.AsyncBaseTransport)


def test_http_goes_through_the_networks_proxy_unless_another_was_named_for_it() -> None:
    proxied = ProxyNetwork("http://user:word@proxy:1")
    assert proxy_of(proxied, None) == "http://user:word@proxy:1"
    assert proxy_of(proxied, "http://other:2") == "http://other:2"
    assert proxy_of(SystemNetwork(), None) is None
    assert proxy_of(SystemNetwork(), "http://other:2") == "http://other:2"
