"""Connecting for real: several addresses, dead ones, silent ones, names that hang."""

from __future__ import annotations

import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
import trio

from coinex_proto import Backoff, Callbacks, Config, ConnectFailed, Retrying, UsageError, coinex
from coinex_trio import SYSTEM, BlockingClient, open_client
from coinex_trio._io.sockets import Waker
from coinex_trio.network import LEAST_SLEEP, LONGEST_POLL, SystemNetwork, resolve, too_late
from tests.coinex_trio.loopback import loopback
from tests.coinex_trio.venue import Venue, VenueTransport, VirtualNetwork
from tests.ports import refusing_port
from tests.processes import HANGS_AFTER
from tests.threads import new_threads

Addresses = tuple[tuple[str, int], ...]


class NamesNetwork(SystemNetwork):
    """The real network with a resolver of our own."""

    def __init__(self, answer: Callable[[], Addresses]) -> None:
        super().__init__()
        self.answer = answer

    def resolve(self, host: str, port: int) -> Addresses:
        return self.answer()


@contextmanager
def black_hole() -> Iterator[tuple[str, int]]:
    """An address that never answers a SYN: a listener whose queue is full."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        address: tuple[str, int] = listener.getsockname()
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(address)
        yield address


def blocking(network: SystemNetwork, config: Config) -> None:
    with BlockingClient(coinex.spot(url="ws://localhost:1/"), config=config, network=network) as client:
        client.request(coinex.Ping())


def under_trio(network: SystemNetwork, config: Config) -> None:
    async def main() -> None:
        dialect = coinex.spot(url="ws://localhost:1/")
        async with open_client(dialect, config=config, network=network) as client:
            await client.request(coinex.Ping())

    trio.run(main)


Use = Callable[[SystemNetwork, Config], None]
both = pytest.mark.parametrize("use", [blocking, under_trio])


@both
def test_n3_when_the_first_address_is_dead_the_next_is_taken(use: Use) -> None:
    with loopback() as server:
        use(NamesNetwork(lambda: (("127.0.0.1", refusing_port()), ("127.0.0.1", server.port))), Config())
        assert len(server.venues) == 1


@both
def test_n5_when_the_first_address_is_silent_the_next_is_taken_within_a_second(use: Use) -> None:
    with loopback() as server, black_hole() as hole:
        began = time.monotonic()
        use(NamesNetwork(lambda: (hole, ("127.0.0.1", server.port))), Config(open_timeout=HANGS_AFTER))
        assert 0.25 <= time.monotonic() - began < 60  # where the system would take minutes


@both
def test_n7_when_all_addresses_are_silent_the_opening_time_ends_it(use: Use) -> None:
    with black_hole() as hole, pytest.raises(ConnectFailed, match=r"no connection within 0\.4 s"):
        use(NamesNetwork(lambda: (hole,)), Config(open_timeout=0.4))


@both
def test_n6_the_reason_of_a_refused_connection_is_named(use: Use) -> None:
    dead = ("127.0.0.1", refusing_port())
    with pytest.raises(ConnectFailed, match=r"localhost:1: Connection refused$"):
        use(NamesNetwork(lambda: (dead,)), Config())


@both
def test_n1_a_name_that_does_not_exist_is_named_as_that(use: Use) -> None:
    def unknown() -> Addresses:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with pytest.raises(ConnectFailed, match="name resolution: Name or service not known"):
        use(NamesNetwork(unknown), Config())


@both
def test_n1_a_name_that_does_not_exist_yet_is_asked_for_again(use: Use) -> None:
    with loopback() as server:
        answers: list[Addresses | None] = [None, None, (("127.0.0.1", server.port),)]

        def found() -> Addresses:
            if (answer := answers.pop(0)) is None:
                raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
            return answer

        use(NamesNetwork(found), Config(retry_first=True, backoff=Backoff(first=0.01, ceiling=0.01)))
        assert answers == []


@both
def test_a_name_without_an_address_is_named_as_that(use: Use) -> None:
    with pytest.raises(ConnectFailed, match="the name has no address"):
        use(NamesNetwork(lambda: ()), Config())


@both
def test_n4_n6_after_a_refused_connection_the_name_is_resolved_afresh_and_tried_again(use: Use) -> None:
    with loopback() as server:
        answers = [(("127.0.0.1", refusing_port()),), (("127.0.0.1", server.port),)]
        use(NamesNetwork(lambda: answers.pop(0)), Config(retry_first=True))
        assert answers == []


def test_n2_a_resolver_that_hangs_costs_one_thread_however_many_attempts() -> None:
    hang = threading.Event()
    asked: list[str] = []
    attempts: list[int] = []

    def hanging() -> Addresses:
        asked.append("once")
        hang.wait(HANGS_AFTER)
        return ()

    async def main() -> None:
        config = Config(open_timeout=0.005, retry_first=True, backoff=Backoff(first=0.001, ceiling=0.001))
        network, callbacks = NamesNetwork(hanging), Callbacks()
        with new_threads() as came, trio.CancelScope() as scope:

            def retry(event: Retrying) -> None:
                attempts.append(event.attempt)
                if len(attempts) >= 100 and asked:
                    scope.cancel()

            callbacks.add(Retrying, retry)
            dialect = coinex.spot(url="ws://localhost:1/")
            async with open_client(dialect, callbacks=callbacks, config=config, network=network):
                pass
        assert len(came()) <= 1
        hang.set()

    trio.run(main)
    assert len(attempts) >= 100
    assert len(asked) == 1


def test_addresses_of_the_system_come_without_doubles() -> None:
    found = resolve("localhost", 80)
    assert ("127.0.0.1", 80) in found
    assert len(set(found)) == len(found)


def test_a_transport_of_another_network_cannot_be_waited_for() -> None:
    with pytest.raises(UsageError, match="another network"):
        SYSTEM.wait([(VenueTransport(Venue()), False)], 0.0)


def test_time_reads_as_unix_time() -> None:
    assert abs(SYSTEM.now() - time.time()) < 1


@pytest.mark.parametrize("network", [SystemNetwork(), VirtualNetwork()])
def test_a_time_out_is_described_on_a_network_without_an_error_of_its_own(
    network: SystemNetwork | VirtualNetwork,
) -> None:
    assert too_late(network, "venue.example", 443, 2.5) == "no connection within 2.5 s"


# Clocks -------------------------------------------------------------------------------------------------------------------


class Clocks:
    """The clocks of a machine: one that counts sleep, one that does not, and the wall's."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.boot, self.awake, self.wall = 50.0, 40.0, 1000.0
        monkeypatch.setattr(time, "clock_gettime", lambda _: self.boot)
        monkeypatch.setattr(time, "monotonic", lambda: self.awake)
        monkeypatch.setattr(time, "time", lambda: self.wall)

    def work(self, seconds: float) -> None:
        self.boot, self.awake, self.wall = self.boot + seconds, self.awake + seconds, self.wall + seconds

    def sleep(self, seconds: float) -> None:
        self.boot, self.wall = self.boot + seconds, self.wall + seconds


def test_time_is_unix_time_as_of_the_beginning_and_goes_on_in_a_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = Clocks(monkeypatch)
    network = SystemNetwork()
    assert (network.now(), network.slept()) == (1000.0, 0.0)
    clocks.work(5.0)
    assert (network.now(), network.slept()) == (1005.0, 0.0)
    clocks.sleep(60.0)
    assert (network.now(), network.slept()) == (1065.0, 60.0)
    clocks.sleep(LEAST_SLEEP / 2)
    assert network.slept() == 60.0, "clocks differ by a little"
    clocks.sleep(LEAST_SLEEP)
    assert network.slept() == 60.0 + 1.5 * LEAST_SLEEP
    clocks.wall = 5.0
    assert network.now() == 1065.0 + 1.5 * LEAST_SLEEP, "setting the wall clock does not move it"


@pytest.mark.parametrize("why", ["no name", "no clock"])
def test_where_no_clock_counts_sleep_none_is_seen(monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    clocks = Clocks(monkeypatch)
    name = "CLOCK_MONOTONIC" if sys.platform == "darwin" else "CLOCK_BOOTTIME"
    if why == "no name":
        monkeypatch.delattr(time, name)
    else:
        monkeypatch.setattr(time, "clock_gettime", lambda _: (_ for _ in ()).throw(OSError()))
    network = SystemNetwork()
    clocks.work(5.0)
    clocks.sleep(60.0)
    assert (network.now(), network.slept()) == (1005.0, 0.0)


class Poll:
    """What `select.poll` gives, without waiting."""

    asked: float = -1.0

    def register(self, fileno: int, mask: int) -> None: ...

    def poll(self, milliseconds: float) -> list[tuple[int, int]]:
        Poll.asked = milliseconds
        return []


@pytest.mark.parametrize(
    ("ahead", "milliseconds"), [(0.25, 250.0), (-5.0, 0.0), (0.0, 0.0), (3600.0, LONGEST_POLL * 1000)]
)
def test_a_wait_ends_at_its_time_and_not_later_than_a_sleep_would_be_noticed(
    monkeypatch: pytest.MonkeyPatch, ahead: float, milliseconds: float
) -> None:
    Clocks(monkeypatch)
    monkeypatch.setattr(select, "poll", Poll)
    network = SystemNetwork()
    assert list(network.wait((), network.now() + ahead)) == []
    assert Poll.asked == pytest.approx(milliseconds)


def test_a_name_that_is_being_resolved_is_not_asked_for_again_until_it_is_known() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def answer() -> Addresses:
        begun.set()
        assert go_on.wait(HANGS_AFTER)
        return (("127.0.0.1", 1),)

    network = NamesNetwork(answer)
    first = network.look_up("exchange.example", 1)
    assert begun.wait(HANGS_AFTER)
    assert network.look_up("exchange.example", 1) is first
    assert network.look_up("exchange.example", 2) is not first
    go_on.set()
    while network.look_up("exchange.example", 1) is first:
        time.sleep(0.001)


def test_families_of_addresses_alternate_and_each_address_comes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    inet, inet6 = socket.AF_INET, socket.AF_INET6
    rows = [(inet6, "::1"), (inet6, "::2"), (inet6, "::2"), (inet, "1.1.1.1"), (inet6, "::3")]
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda _, port, **__: [(family, 1, 6, "", (name, port)) for family, name in rows]
    )
    assert resolve("exchange.example", 7) == (("::1", 7), ("1.1.1.1", 7), ("::2", 7), ("::3", 7))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [])
    assert resolve("exchange.example", 7) == ()


def test_the_systems_network_leads_straight_to_the_address() -> None:
    way = SystemNetwork().way_to("exchange.example", 7)
    assert (way.host, way.port, way.tunnel) == ("exchange.example", 7, None)


@contextmanager
def connected() -> Iterator[tuple[SystemNetwork, Any, socket.socket, Waker]]:
    """A transport, the other end of it, and a waker."""
    network, waker = SystemNetwork(), Waker()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
        transport = network.dial(host, port, None)
        until = network.now() + HANGS_AFTER
        while not transport.progress(network.now()):
            network.wait(((transport, False),), min(until, transport.wakes_at()))
        there, _ = listener.accept()
        try:
            yield network, transport, there, waker
        finally:
            there.close()
            transport.close()
            waker.close()


def test_a_wait_ends_with_what_can_go_on() -> None:
    with connected() as (network, transport, there, waker):

        def waited(seconds: float = HANGS_AFTER, *, wants_write: bool = False) -> set[object]:
            watched: Any = ((transport, wants_write), (waker, False))
            return set(network.wait(watched, network.now() + seconds))

        assert waited(0.0) == set()
        assert transport in waited(wants_write=True), "there is room"
        waker.wake()
        assert waker in waited()
        waker.drain()
        assert waited(0.0) == set()
        there.sendall(b"x")
        assert transport in waited()
        waker.wake()
        assert waited() == {transport, waker}
        assert transport.receive(10) == b"x"
