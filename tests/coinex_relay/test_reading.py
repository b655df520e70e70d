"""How a consumer's connection reads what NATS sends: the reader without a server, and the socket on one of asyncio."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
import trio
import trio.testing

from coinex_relay.connecting import Connection
from coinex_relay.messages import headers_of
from coinex_relay.reading import MOST_WAITING, Inlet, Reader
from tests.coinex_relay.world import block_of

TAIL = "coinex.spot.depth.BTCUSDT"
OURS = {
    "Nats-Msg-Id": "c2.c1",
    "Relay-Id": "a",
    "Relay-Sequence": "7",
    "Relay-Received": "1700000000.000001",
    "Nats-Sequence": "12",
    "Nats-Last-Sequence": "9",
}
PAYLOAD = b'{"method":"depth.update"}\r\nHMSG is no line of NATS here'


class Taken:
    """What comes of bytes, in order, and where reads begin and end."""

    def __init__(self) -> None:
        self.log: list[Any] = []
        self.direct = {1: lambda *message: self.log.append(message)}
        self.is_reading = False
        self.pings_are_answered = trio.Event()
        self.pings_are_answered.set()
        self.reader = Reader(cast(Connection, self))

    def read_begins(self) -> None:
        assert not self.is_reading
        self.is_reading = True

    def read_ends(self) -> None:
        assert self.is_reading
        self.is_reading = False

    async def _process_ping(self) -> None:
        self.log.append("a ping")
        await self.pings_are_answered.wait()

    async def _process_msg(self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes | None) -> None:
        self.log.append(("by nats-py", sid, data))

    def read(self, *pieces: bytes) -> list[Any]:
        async def main() -> None:
            for piece in pieces:
                if left := self.reader.receive(piece):
                    await self.reader.parse(left)

        trio.run(main)
        assert not self.is_reading
        return self.log


def wire(block: bytes, payload: bytes = PAYLOAD, sid: int = 1, root: str = "md-live") -> bytes:
    size = len(block)
    return b"HMSG %s.%s %d %d %d\r\n" % (
        root.encode(),
        TAIL.encode(),
        sid,
        size,
        size + len(payload),
    ) + b"".join((block, payload, b"\r\n"))


def test_the_usual_headers_come_read_and_others_as_they_are() -> None:
    usual = block_of(OURS, TAIL)
    lost = block_of({**OURS, "Relay-Trust": "lost"}, TAIL)
    answer = b"NATS/1.0 204\r\n\r\n"
    found = Taken().read(wire(usual) + wire(lost) + wire(answer, b"", root="_INBOX") + wire(usual, b""))
    read = ("c2", "c1", "a", None, None, "12", "9")
    assert found == [
        (f"md-live.{TAIL}", PAYLOAD, read),
        (f"md-live.{TAIL}", PAYLOAD, lost),
        (f"_INBOX.{TAIL}", b"", answer),
        (f"md-live.{TAIL}", b"", read),
    ]
    assert headers_of(lost) == {**OURS, "Relay-Trust": "lost", **(headers_of(usual) or {})}


def test_a_read_may_end_anywhere() -> None:
    whole = wire(block_of(OURS, TAIL)) + wire(block_of({**OURS, "Relay-Whole": "1"}, TAIL))
    expected = Taken().read(whole)
    assert len(expected) == 2
    for cut in range(len(whole) + 1):
        assert Taken().read(whole[:cut], whole[cut:]) == expected


def test_what_nobody_takes_goes_the_way_of_nats_py_and_those_behind_it_come_all_the_same() -> None:
    usual = block_of(OURS, TAIL)
    found = Taken().read(wire(usual, sid=2) + wire(usual), wire(usual))
    assert [one[0] for one in found] == ["by nats-py", f"md-live.{TAIL}", f"md-live.{TAIL}"]


def test_headers_that_say_another_size_than_they_have_are_not_taken_for_the_usual_ones() -> None:
    usual = block_of(OURS, TAIL)
    more = usual + b"Relay-Payload: of the payload"
    found = Taken().read(wire(more))
    assert found == [(f"md-live.{TAIL}", PAYLOAD, more)]


def test_nothing_goes_past_what_nats_py_is_still_at() -> None:
    taken, usual = Taken(), wire(block_of(OURS, TAIL))
    taken.pings_are_answered = trio.Event()

    async def main() -> None:
        left = taken.reader.receive(usual + b"PING\r\n" + usual)
        assert [one[0] for one in taken.log] == [f"md-live.{TAIL}"]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(taken.reader.parse, left)
            await trio.testing.wait_all_tasks_blocked()
            later = taken.reader.receive(usual + b"PING\r\n")
            assert len(taken.log) == 2
            taken.pings_are_answered.set()
        assert len(taken.log) == 3
        await taken.reader.parse(later)
        assert taken.reader.receive(usual) == b""

    trio.run(main)
    assert [one if one == "a ping" else one[0] for one in taken.log] == [
        f"md-live.{TAIL}",
        "a ping",
        f"md-live.{TAIL}",
        f"md-live.{TAIL}",
        "a ping",
        f"md-live.{TAIL}",
    ]


def test_a_payload_of_nats_py_that_comes_in_pieces_is_whole_and_what_follows_it_is_taken() -> None:
    usual = wire(block_of(OURS, TAIL))
    whole = b"MSG x 2 5\r\nHMSG \r\n" + usual + b"INFO {}"
    expected = [("by nats-py", 2, b"HMSG "), *Taken().read(usual)]
    for cut in range(len(whole) + 1):
        assert Taken().read(whole[:cut], whole[cut:]) == expected


class Wire:
    """A transport whose stream's protocol says what it hears."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.protocol: Any = self
        self.is_paused = False

    def get_protocol(self) -> Any:
        return self.protocol

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol

    def pause_reading(self) -> None:
        assert not self.is_paused
        self.is_paused = True

    def resume_reading(self) -> None:
        assert self.is_paused
        self.is_paused = False

    def __getattr__(self, name: str) -> Any:
        return lambda *told: self.heard.append((name, *told))


def test_the_socket_is_not_read_while_much_waits_for_nats_py() -> None:
    async def main() -> None:
        wire = Wire()
        inlet = Inlet(Taken().reader, wire)
        wire.protocol.data_received(b"PING\r\n" * 10)
        assert not wire.is_paused
        wire.protocol.data_received(b"PING\r\n" * (MOST_WAITING // 6))
        wire.protocol.data_received(b"PONG\r\n")
        assert wire.is_paused
        data = await inlet.read()
        assert (data[:6], data[-6:], len(data)) == (b"PING\r\n", b"PONG\r\n", 6 * (10 + MOST_WAITING // 6 + 1))
        assert not wire.is_paused

    asyncio.run(main())


@pytest.mark.parametrize("error", [None, OSError(104, "Connection reset by peer")])
def test_the_end_comes_behind_all_that_was_read_and_the_writer_hears_of_it(error: OSError | None) -> None:
    async def main() -> None:
        wire = Wire()
        inlet = Inlet(Taken().reader, wire)
        wire.protocol.data_received(b"PING\r\n")
        wire.protocol.pause_writing()
        wire.protocol.resume_writing()
        wire.protocol.eof_received()
        wire.protocol.connection_lost(error)
        assert not inlet.at_eof
        assert await inlet.read() == b"PING\r\n"
        assert inlet.at_eof
        assert await inlet.read() == b""
        assert wire.heard == [
            ("pause_writing",),
            ("resume_writing",),
            ("eof_received",),
            ("connection_lost", error),
        ]

    asyncio.run(main())
