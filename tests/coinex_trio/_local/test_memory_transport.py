"""One connection in memory."""

from __future__ import annotations

import math
from typing import Literal

import pytest

from coinex_trio._local.memory_transport import MemoryTransport


class Exchange:
    def __init__(self) -> None:
        self.received: list[bytes | None] = []

    def receive_data(self, transport: MemoryTransport, data: bytes) -> None:
        self.received.append(data)

    def receive_eof(self, transport: MemoryTransport) -> None:
        self.received.append(None)


class Connection:
    """The exchange's end, which only the exchange uses."""

    wants_close: Literal["fin", "rst"] | None = None
    room: float = math.inf
    unsent = 0

    def receive_data(self, data: bytes, now: float) -> None: ...

    def note_arrival(self, now: float) -> None: ...

    def receive_eof(self) -> None: ...

    def data_to_send(self) -> bytes:
        return b""


def connected() -> tuple[MemoryTransport, Exchange]:
    exchange = Exchange()
    return MemoryTransport(exchange, Connection()), exchange


def test_it_is_open_at_once_and_takes_everything() -> None:
    transport, exchange = connected()
    assert transport.progress(0.0)
    assert transport.wakes_at() == math.inf
    assert transport.send(bytearray(b"abc")) == 3
    transport.shutdown()
    assert exchange.received == [b"abc", None]


def test_bytes_are_received_in_pieces_and_then_the_end() -> None:
    transport, _ = connected()
    assert (transport.is_readable, transport.receive(10)) == (False, None)
    transport.inbox += b"abc"
    transport.ended = "fin"
    assert [transport.receive(2), transport.receive(2), transport.receive(2)] == [b"ab", b"c", b""]


def test_a_reset_is_an_error_on_both_ways() -> None:
    transport, _ = connected()
    transport.ended = "rst"
    with pytest.raises(ConnectionResetError):
        transport.receive(1)
    with pytest.raises(ConnectionResetError):
        transport.send(b"a")


def test_it_is_closed_once_and_whoever_waits_for_it_is_woken() -> None:
    transport, exchange = connected()
    woken: list[bool] = []
    transport.changed = lambda: woken.append(transport.is_closed)
    transport.close()
    transport.close()
    assert exchange.received == [None]
    assert woken == [True]
