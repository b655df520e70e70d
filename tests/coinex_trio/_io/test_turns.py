"""Several clients in one `run()`: who takes a turn, what stays registered, and what happens around fork, stop and close."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import pytest

from coinex_proto import Config, Event, Ready, Sources, coinex
from coinex_trio import BlockingClient, run
from coinex_trio._io.blocking_io import BlockingIO
from coinex_trio._io.sockets import SocketTransport
from coinex_trio._io.turns import Registrations, Turns
from coinex_trio.network import SystemNetwork
from tests.coinex_proto.harness.websocket_server import BINARY, frame, sent_frames, switching
from tests.coinex_trio.venue import TICKER, VirtualNetwork
from tests.processes import HANGS_AFTER as HANG

BTC = coinex.Ticker("BTCUSDT")
QUIET = Config(close_timeout=0.05, ping_interval=3600.0)
"""Nothing is due but what a test does."""


class Exchange:
    """Accepts sockets one after the other in a thread, acknowledges, and keeps them for pushes."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}/"
        self.peers: list[socket.socket] = []
        self.unsubscribed = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                peer = self._listener.accept()[0]
            except OSError:
                return
            self.peers.append(peer)
            threading.Thread(target=self._answer, args=(peer,), daemon=True).start()

    def _answer(self, peer: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += peer.recv(65536)
        peer.sendall(switching(head))
        with contextlib.suppress(OSError):
            while data := peer.recv(65536):
                for first, payload in sent_frames(data):
                    if first & 15 == 1:
                        request = json.loads(payload)
                        peer.sendall(self._message({"id": request["id"], "code": 0, "message": "OK"}))
                        if request["method"] == "state.unsubscribe":
                            self.unsubscribed.set()
            peer.close()

    def _message(self, value: object) -> bytes:
        return frame(BINARY, gzip.compress(json.dumps(value).encode()))

    def push(self, at: int, last: str) -> None:
        """One ticker."""
        data = {"state_list": [{**TICKER, "market": "BTCUSDT", "last": last}]}
        self.peers[at].sendall(self._message({"method": "state.update", "data": data, "id": None}))

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in self.peers:
            peer.close()


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    made = Exchange()
    yield made
    made.close()


@pytest.fixture
def turns(monkeypatch: pytest.MonkeyPatch) -> list[BlockingIO]:
    """Who took a turn, in order."""
    taken: list[BlockingIO] = []
    turn = BlockingIO.turn

    def counted(io: BlockingIO) -> None:
        taken.append(io)
        turn(io)

    monkeypatch.setattr(BlockingIO, "turn", counted)
    return taken


def opened(exchange: Exchange, count: int, network: SystemNetwork | None = None) -> list[BlockingClient]:
    """So many clients, each connected, in the order of the exchange's sockets."""
    clients = []
    for _ in range(count):
        client = BlockingClient(coinex.spot(url=exchange.url), network=network or SystemNetwork(), config=QUIET)
        client.subscribe(BTC)
        client.__enter__()
        client.ready()
        clients.append(client)
    return clients


@pytest.fixture
def clients(exchange: Exchange) -> Iterator[list[BlockingClient]]:
    made = opened(exchange, 5, SystemNetwork())
    yield made
    for client in made:
        client.close()


def ends_with(clients: list[BlockingClient], last: str, got: list[tuple[int, str]]) -> None:
    """Notes who saw which ticker; the one with this price stops all."""

    def see(at: int, update: Any) -> None:
        got.append((at, str(update.last)))
        if str(update.last) == last:
            for client in clients:
                client.stop()

    for at, client in enumerate(clients):
        client.on(coinex.TickerUpdate)(partial(see, at))


def test_only_the_client_whose_message_comes_takes_a_turn(
    exchange: Exchange, clients: list[BlockingClient], turns: list[BlockingIO]
) -> None:
    got: list[tuple[int, str]] = []
    ends_with(clients, "9", got)
    others: list[BlockingIO] = []

    def begun(update: Any) -> None:
        exchange.push(3, "1")  # in the round of the first message everybody takes a turn, to begin with

    def first(update: Any) -> None:
        turns.clear()
        exchange.push(3, "2")

    def second(update: Any) -> None:
        others.extend(io for io in turns if io is not clients[3]._io)
        exchange.push(3, "9")

    seen = iter((begun, first, second))

    def see(update: Any) -> None:
        step = next(seen, None)
        if step is not None:
            step(update)

    clients[3].on(coinex.TickerUpdate)(see)
    exchange.push(3, "0")
    run(*clients, seconds=HANG)
    assert got == [(3, "0"), (3, "1"), (3, "2"), (3, "9")]
    assert others == []


def test_a_client_that_a_callback_of_another_uses_takes_its_turn_at_once(
    exchange: Exchange, clients: list[BlockingClient]
) -> None:
    one, two = clients[:2]
    one.on(coinex.TickerUpdate)(lambda _: two.unsubscribe(BTC))
    exchange.push(0, "1")

    def stop() -> None:
        assert exchange.unsubscribed.wait(HANG)
        one.stop()
        two.stop()

    reader = threading.Thread(target=stop)
    reader.start()
    run(one, two, seconds=HANG)
    reader.join(HANG)
    assert exchange.unsubscribed.is_set()


def test_a_callback_that_raises_leaves_the_messages_of_the_others_for_the_next_run(
    exchange: Exchange, clients: list[BlockingClient]
) -> None:
    got: list[tuple[int, str]] = []
    ends_with(clients, "2", got)
    raised: list[str] = []

    def fail(update: Any) -> None:
        if not raised:
            raised.append(str(update.last))
            exchange.push(1, "1")
            raise ZeroDivisionError

    clients[0].on(coinex.TickerUpdate)(fail)
    clients[1].on(coinex.TickerUpdate)(lambda _: exchange.push(2, "2"))
    exchange.push(0, "1")
    with pytest.raises(ZeroDivisionError):
        run(*clients, seconds=HANG)
    run(*clients, seconds=HANG)
    assert sorted(got) == [(0, "1"), (1, "1"), (2, "2")]


def test_messages_alone_do_not_make_it_look_at_all_clients_again(
    exchange: Exchange, clients: list[BlockingClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    keep = Registrations.keep

    def counted(kept: Registrations, ios: Sequence[BlockingIO]) -> None:
        looked.append(len(ios))
        keep(kept, ios)

    def go_on(update: Any) -> None:
        if update.last == 20:
            for client in clients:
                client.stop()
        else:
            exchange.push(0, str(update.last + 1))

    monkeypatch.setattr(Registrations, "keep", counted)
    clients[0].on(coinex.TickerUpdate)(go_on)
    exchange.push(0, "1")
    run(*clients, seconds=HANG)
    assert 1 <= len(looked) <= 7


def test_one_that_is_no_longer_driven_takes_no_turns(
    exchange: Exchange, clients: list[BlockingClient], turns: list[BlockingIO]
) -> None:
    one, two = (client._io.each[0] for client in clients[:2])
    with Turns(clients[0]._network) as driven:
        driven.drive([one, two])
        driven.step(clients[0]._network.now())
        driven.drive([one])
        driven.step(clients[0]._network.now())
        turns.clear()
        exchange.push(1, "1")
        exchange.push(0, "1")
        until = clients[0]._network.now() + HANG
        while one not in turns:
            driven.step(until)
        driven.step(clients[0]._network.now() + 0.05)
    assert two not in turns


def test_what_the_kernel_did_not_take_at_first_is_sent_as_soon_as_it_has_room(
    exchange: Exchange, clients: list[BlockingClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[int] = []
    send = SocketTransport.send

    def full_at_first(transport: SocketTransport, data: bytes | bytearray | memoryview) -> int:
        if transport is clients[1]._io.transport and len(refused) < 20:
            refused.append(len(data))
            return 0
        return send(transport, data)

    def ask(_: Event) -> None:
        monkeypatch.setattr(SocketTransport, "send", full_at_first)
        clients[1].unsubscribe(BTC)

    def stop() -> None:
        if exchange.unsubscribed.wait(HANG):
            for client in clients:
                client.stop()

    clients[0].on(coinex.TickerUpdate)(ask)
    exchange.push(0, "1")
    waiting = threading.Thread(target=stop)
    waiting.start()
    run(*clients, seconds=2 * HANG)
    waiting.join()
    assert len(refused) == 20
    assert exchange.unsubscribed.is_set()


def test_one_that_is_stopped_goes_and_the_others_go_on(exchange: Exchange, clients: list[BlockingClient]) -> None:
    got: list[tuple[int, str]] = []
    ends_with(clients, "2", got)

    def stop_one(_: object) -> None:
        clients[0].stop()
        exchange.push(1, "2")

    clients[0].on(coinex.TickerUpdate)(stop_one)
    exchange.push(0, "1")
    run(*clients, seconds=HANG)
    assert got == [(0, "1"), (1, "2")]


def test_run_leaves_every_client_as_it_was_and_each_can_be_run_alone(
    exchange: Exchange, clients: list[BlockingClient]
) -> None:
    run(*clients, seconds=0.0)
    run(*clients, seconds=0.05)
    assert all(client._io.waker is None for client in clients)
    got: list[tuple[int, str]] = []
    ends_with(clients, "3", got)
    exchange.push(4, "3")
    clients[4].run(seconds=HANG)
    assert got == [(4, "3")]


def test_a_client_alone_before_a_run_of_several_and_alone_again_is_woken_by_the_right_waker(
    exchange: Exchange, clients: list[BlockingClient], turns: list[BlockingIO]
) -> None:
    one = clients[0]
    one.run(seconds=0.02)
    run(*clients, seconds=0.02)
    turns.clear()
    one.run(seconds=0.2)
    assert len(turns) < 10  # a socket that was closed and is still waited for would end each wait at once


def test_a_jump_of_the_wall_clock_lets_every_client_look_at_it(exchange: Exchange, turns: list[BlockingIO]) -> None:
    class Jumping(SystemNetwork):
        def __init__(self) -> None:
            super().__init__()
            self.ahead = 0
            real = self.sources
            self.sources = Sources(
                wall_time_ns=lambda: real.wall_time_ns() + self.ahead, random_bytes=real.random_bytes
            )

    network = Jumping()
    clients = opened(exchange, 3, network)
    seen: list[Event] = []

    def first(update: Any) -> None:
        if not seen:
            seen.append(update)
            turns.clear()
            network.ahead = 60 * 10**9
            exchange.push(0, "2")
        elif len(seen) == 1 and {clients[1]._io, clients[2]._io} <= set(turns):
            seen.append(update)
            for client in clients:
                client.stop()
        else:
            exchange.push(0, "3")

    clients[0].on(coinex.TickerUpdate)(first)
    exchange.push(0, "1")
    run(*clients, seconds=HANG)
    assert len(seen) == 2
    for client in clients:
        client.close()


def test_a_forked_child_that_ends_within_a_callback_takes_nothing_from_its_parent(
    exchange: Exchange, clients: list[BlockingClient]
) -> None:
    got: list[tuple[int, str]] = []
    ends_with(clients, "2", got)

    def fork(_: object) -> None:
        child = os.fork()
        if child == 0:
            for client in clients:
                client.close()  # as leaving their `with` would
            os._exit(0)
        os.waitpid(child, 0)
        exchange.push(1, "2")

    clients[0].on(coinex.TickerUpdate)(fork)
    exchange.push(0, "1")
    run(*clients, seconds=HANG)
    assert got == [(0, "1"), (1, "2")]


def test_a_socket_that_a_forked_child_still_holds_is_not_waited_for_after_it_was_closed(
    exchange: Exchange, clients: list[BlockingClient], turns: list[BlockingIO]
) -> None:
    ends, wakes = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(wakes)
        os.read(ends, 1)
        os._exit(0)
    os.close(ends)
    try:
        ready: list[object] = []
        for client in clients[:2]:
            client.on(Ready)(ready.append)

        def stop(_: object) -> None:
            exchange.peers[1].shutdown(socket.SHUT_RDWR)
            clients[1].stop()

        clients[0].on(coinex.TickerUpdate)(stop)
        exchange.push(0, "1")
        with Turns(clients[0]._network) as driven:
            driven.drive([client._io.each[0] for client in clients[:2]])
            until = clients[0]._network.now() + HANG
            while not clients[1]._core.is_over:
                driven.step(until)
            turns.clear()
            driven.step(clients[0]._network.now() + 0.2)
            driven.step(clients[0]._network.now() + 0.2)
        assert clients[1]._io not in turns
    finally:
        os.close(wakes)
        os.waitpid(child, 0)


def test_times_that_change_often_do_not_pile_up(exchange: Exchange, clients: list[BlockingClient]) -> None:
    with Turns(clients[0]._network) as driven:
        driven.drive([client._io.each[0] for client in clients])
        kept = driven._kept
        assert kept is not None
        entry = kept._entries[clients[0]._io.each[0]]
        far = clients[0]._network.now() + 1e6
        for number in range(10_000):
            kept._schedule(entry, far - number)
        assert len(kept._times) < 200
        assert entry.scheduled == far - 9_999
        assert entry.scheduled in [at for at, _, found in kept._times if found is entry]


def test_a_network_of_its_own_is_asked_to_wait_for_all_of_them() -> None:
    class Counting(SystemNetwork):
        waits = 0

        def wait(self, watched: Any, until: float) -> Any:
            self.waits = max(self.waits, len(watched))
            return super().wait(watched, until)

    made = Exchange()
    network = Counting()
    clients = opened(made, 2, network)
    run(*clients, seconds=0.05)
    assert network.waits == 4  # each with its waker
    for client in clients:
        client.close()
    made.close()


def test_on_virtual_time_only_those_that_have_something_to_do_take_a_turn(turns: list[BlockingIO]) -> None:
    network = VirtualNetwork()
    clients = [BlockingClient(coinex.spot(), network=network) for _ in range(3)]
    for client in clients:
        client.subscribe(BTC)
        client.__enter__()
    run(*clients, seconds=0.5)
    turns.clear()
    network.at(network.now() - 1_700_000_000.0 + 0.1, lambda: network.all[1].ticker("7"))
    run(*clients, seconds=0.2)
    assert turns.count(clients[1]._io.each[0]) == turns.count(clients[0]._io.each[0]) + 1
    for client in clients:
        client.close()
