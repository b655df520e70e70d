"""Connecting for real: several addresses, dead ones, silent ones, names that hang."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
import trio

from coinex_proto import Backoff, Callbacks, Config, ConnectFailed, Retrying, UsageError, coinex
from coinex_trio import SYSTEM, BlockingClient, open_client
from coinex_trio.network import SystemNetwork, resolve, too_late
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
