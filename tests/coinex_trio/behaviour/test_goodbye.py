"""The end of a connection on real sockets: the goodbye arrives, also while the venue sends without end."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
import trio

import coinex_asyncio
from coinex_proto import Config, coinex
from coinex_trio import BlockingClient, open_client
from tests.coinex_trio.venue import Venue
from tests.processes import HANGS_AFTER

PONG = b"\x8a\x7d" + b"p" * 125
CLOSE = b"\x88"
CONFIG = Config(close_timeout=HANGS_AFTER / 4)


class Flood:
    """A venue that reads nothing for a while after the upgrade, sends all the time, and then reads to the end."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.is_connected = threading.Event()
        self.client_is_leaving = threading.Event()
        self.heard = b""
        self.problem: OSError | None = None

    def url(self) -> str:
        return f"ws://127.0.0.1:{self.listener.getsockname()[1]}/"

    def serve(self) -> None:
        connection, _ = self.listener.accept()
        with connection:
            connection.settimeout(HANGS_AFTER)
            venue = Venue()
            while not venue.out:
                venue.receive(connection.recv(65536))
            connection.sendall(venue.out)
            self.is_connected.set()
            assert self.client_is_leaving.wait(HANGS_AFTER)
            try:
                with suppress(BrokenPipeError):
                    connection.sendall(PONG * 2000)  # what the client has not read when it goes
                while not self.heard.startswith(CLOSE) and (data := connection.recv(65536)):
                    self.heard += data
            except OSError as problem:
                self.problem = problem


@contextmanager
def flood() -> Iterator[Flood]:
    made = Flood()
    thread = threading.Thread(target=made.serve)
    thread.start()
    try:
        with made.listener:
            yield made
    finally:
        made.client_is_leaving.set()
        thread.join(HANGS_AFTER)


def blocking(venue: Flood) -> None:
    with BlockingClient(coinex.spot(url=venue.url()), config=CONFIG):
        assert venue.is_connected.wait(HANGS_AFTER)
        venue.client_is_leaving.set()


def in_a_thread(venue: Flood) -> None:
    with BlockingClient(coinex.spot(url=venue.url()), config=CONFIG, background=True):
        assert venue.is_connected.wait(HANGS_AFTER)
        venue.client_is_leaving.set()


def under_trio(venue: Flood) -> None:
    async def main() -> None:
        async with open_client(coinex.spot(url=venue.url()), config=CONFIG):
            assert await trio.to_thread.run_sync(venue.is_connected.wait, HANGS_AFTER)
            venue.client_is_leaving.set()

    trio.run(main)


def under_asyncio(venue: Flood) -> None:
    async def main() -> None:
        async with coinex_asyncio.open_client(coinex.spot(url=venue.url()), config=CONFIG):
            assert await asyncio.to_thread(venue.is_connected.wait, HANGS_AFTER)
            venue.client_is_leaving.set()

    asyncio.run(main())


@pytest.mark.parametrize("leave", [blocking, in_a_thread, under_trio, under_asyncio], ids=lambda leave: leave.__name__)
def test_n25_the_goodbye_arrives_although_the_venue_sends_what_nobody_reads(leave: Callable[[Flood], None]) -> None:
    with flood() as venue:
        leave(venue)
    assert venue.problem is None, "the kernel reset the connection, and the goodbye is lost"
    assert venue.heard[:1] == CLOSE
