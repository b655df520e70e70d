"""How a consumer's connection reads what NATS sends: the reader without a server, and the socket on one of asyncio."""

from __future__ import annotations

import asyncio
from collections import deque
from copy import deepcopy
from typing import Any, cast
from urllib.parse import urlparse

import pytest
import trio
import trio.testing
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from coinex_relay.connecting import Connection
from coinex_relay.flows import MEMORY, Flow, Past, Phase
from coinex_relay.messages import Stored, headers_of
from coinex_relay.reading import MOST_REREAD, MOST_WAITING, Inlet, Reader, Socket, take_usual, taken_usual
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
        self.flows: dict[int, Flow] = {}
        self.payloads: list[bytes] = []
        self.pings_are_answered = trio.Event()
        self.pings_are_answered.set()
        self.reader = Reader(cast(Connection, self))

    def take_many(self, data: bytes, at: int) -> int:
        self.is_reading = True
        return take_usual(data, at, self.flows, self.payloads, Phase.LIVE, MEMORY)

    def read_ends(self) -> None:
        self.is_reading = False

    async def _process_ping(self) -> None:
        self.log.append("a ping")
        if not self.pings_are_answered.is_set():
            await self.pings_are_answered.wait()

    async def _process_pong(self) -> None:
        self.log.append("a pong")

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


def live(**others: Any) -> Flow:
    """A chain that has come to c1 of relay a, the server's message 9."""
    return Flow(TAIL, ("depth",), True, False, Past(9, "c1", "a"), Phase.LIVE, **others)


def wire(block: bytes, payload: bytes = PAYLOAD, sid: int = 1, root: str = "md-live") -> bytes:
    size = len(block)
    return b"HMSG %s.%s %d %d %d\r\n" % (
        root.encode(),
        TAIL.encode(),
        sid,
        size,
        size + len(payload),
    ) + b"".join((block, payload, b"\r\n"))


def test_what_has_a_taker_comes_with_its_headers() -> None:
    usual = block_of(OURS, TAIL)
    lost = block_of({**OURS, "Relay-Trust": "lost"}, TAIL)
    answer = b"NATS/1.0 204\r\n\r\n"
    found = Taken().read(wire(usual) + wire(lost) + wire(answer, b"", root="_INBOX") + wire(usual, b""))
    assert found == [
        (f"md-live.{TAIL}", PAYLOAD, usual),
        (f"md-live.{TAIL}", PAYLOAD, lost),
        (f"_INBOX.{TAIL}", b"", answer),
        (f"md-live.{TAIL}", b"", usual),
    ]
    assert headers_of(lost) == {**OURS, "Relay-Trust": "lost", **(headers_of(usual) or {})}


def test_the_links_of_a_live_chain_are_taken_at_once_and_whatever_else_is_shown() -> None:
    taken = Taken()
    taken.flows[1] = live()
    second = {**OURS, "Nats-Msg-Id": "c3.c2", "Nats-Sequence": "14", "Nats-Last-Sequence": "12"}
    hole = {**second, "Nats-Msg-Id": "c5.c4", "Nats-Sequence": "20", "Nats-Last-Sequence": "14"}
    found = taken.read(*[wire(block_of(one, TAIL)) for one in (OURS, second, hole)])
    assert taken.payloads == [PAYLOAD, PAYLOAD]
    assert found == [(f"md-live.{TAIL}", PAYLOAD, block_of(hole, TAIL))]
    assert (taken.flows[1].past, list(taken.flows[1].recent)) == (Past(14, "c3", "a"), ["c2", "c3"])


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


def test_a_message_of_which_the_rest_comes_while_nats_py_is_busy_is_taken_whole() -> None:
    taken, usual = Taken(), wire(block_of(OURS, TAIL))
    taken.pings_are_answered = trio.Event()

    async def main() -> None:
        first = taken.reader.receive(b"PING\r\n" + usual[:-20])
        async with trio.open_nursery() as nursery:
            nursery.start_soon(taken.reader.parse, first)
            await trio.testing.wait_all_tasks_blocked()
            rest = taken.reader.receive(usual[-20:] + usual)
            taken.pings_are_answered.set()
        await taken.reader.parse(rest)

    trio.run(main)
    assert taken.read(usual) == ["a ping", *Taken().read(usual * 3)]


@pytest.mark.parametrize("before", [0, 200_000])
def test_a_message_in_many_reads_is_put_together_up_to_a_size_whatever_came_before_it(before: int) -> None:
    block = block_of(OURS, TAIL)
    ahead = [wire(block)] * (before // len(wire(block)))
    beside = len(wire(block, b"x" * 10**5)) - 10**5 - 2
    for size, way in ((MOST_REREAD - 1, f"md-live.{TAIL}"), (MOST_REREAD, "by nats-py")):
        message = wire(block, b"x" * (size - beside))
        assert len(message) == size + 2
        found = Taken().read(b"".join([*ahead, message[:-1]]), message[-1:])
        assert [one[0] for one in found[len(ahead) :]] == [way]


class Wire:
    """A transport whose stream's protocol says what it hears."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.protocol: Any = self
        self.reading: list[str] = []

    def get_protocol(self) -> Any:
        return self.protocol

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol

    def pause_reading(self) -> None:
        self.reading.append("paused")

    def resume_reading(self) -> None:
        self.reading.append("resumed")

    def eof_received(self) -> bool:
        self.heard.append(("eof_received",))
        return True

    def __getattr__(self, name: str) -> Any:
        return lambda *told: self.heard.append((name, *told))


def received(wire: Wire, data: bytes) -> None:
    """As asyncio hands it over: as much as the buffer holds."""
    while data:
        buffer = wire.protocol.get_buffer(-1)
        size = min(len(data), len(buffer))
        buffer[:size] = data[:size]
        wire.protocol.buffer_updated(size)
        data = data[size:]


def test_the_socket_is_not_read_while_much_waits_for_nats_py() -> None:
    async def main() -> None:
        wire = Wire()
        inlet = Inlet(Taken().reader, wire)
        received(wire, b"PING\r\n" * 10)
        assert wire.reading == []
        received(wire, b"PING\r\n" * (MOST_WAITING // 6))
        received(wire, b"PONG\r\n")
        assert wire.reading == ["paused"]
        data = await inlet.read()
        assert (data[:6], data[-6:], len(data)) == (b"PING\r\n", b"PONG\r\n", 6 * (10 + MOST_WAITING // 6 + 1))
        assert wire.reading == ["paused", "resumed"]

    asyncio.run(main())


def test_the_socket_is_read_on_up_to_what_may_wait_and_counted_anew_each_time() -> None:
    async def main() -> None:
        wire = Wire()
        inlet = Inlet(Taken().reader, wire)
        most = b"PING\r\n" * (MOST_WAITING // 6) + b"PING\r\n"[: MOST_WAITING % 6]
        for paused in (0, 1, 2):
            received(wire, most)
            assert wire.reading == ["paused", "resumed"] * paused, "as much as may wait"
            assert await inlet.read() == most
            assert wire.reading == ["paused", "resumed"] * paused
            received(wire, most + b"P")
            assert await inlet.read() == most + b"P"
            assert wire.reading == ["paused", "resumed"] * (paused + 1)

    asyncio.run(main())


def test_what_is_read_is_waited_for_and_nothing_is_the_end() -> None:
    async def main() -> None:
        wire = Wire()
        inlet = Inlet(Taken().reader, wire)
        received(wire, b"PING\r\n")
        assert not inlet.at_eof
        assert await inlet.read() == b"PING\r\n"
        assert not inlet.at_eof
        reading = asyncio.ensure_future(inlet.read())
        await asyncio.sleep(0)
        assert not reading.done()
        wire.protocol.connection_lost(None)
        assert await reading == b""
        assert inlet.at_eof

    asyncio.run(main())


def test_a_peer_that_sends_no_more_is_the_end_and_what_the_writer_says_to_that_counts() -> None:
    async def main() -> None:
        wire = Wire()
        inlet = Inlet(Taken().reader, wire)
        assert wire.protocol.eof_received() is True
        assert inlet.at_eof
        assert await inlet.read() == b""

    asyncio.run(main())


def test_a_socket_reads_on_where_its_stream_had_come_to_and_anew_after_each_connect() -> None:
    usual = wire(block_of(OURS, TAIL))
    taken = Taken()
    socket: Any = Socket(taken.reader)

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"INFO {}\r\n" + usual + b"PING\r\n")
        await reader.readline()
        writer.write(usual + b"PONG\r\n")
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, asyncio.timeout(5):
            for _ in range(2):
                await socket.connect(urlparse(f"nats://127.0.0.1:{port}"), 1 << 16, 5)
                assert await socket.readline() == b"INFO {}\r\n"
                assert not socket.at_eof()
                read = b""
                while not socket.at_eof():
                    left = await socket.read(1 << 16)
                    await taken.reader.parse(left)
                    if not read:
                        socket.write(b"go on\r\n")
                    read += left
                assert read == b"PING\r\nPONG\r\n"
                socket.close()
                await socket.wait_closed()

    asyncio.run(main())
    assert [one if isinstance(one, str) else one[0] for one in taken.log] == 2 * [
        f"md-live.{TAIL}",
        "a ping",
        f"md-live.{TAIL}",
        "a pong",
    ]


def test_a_socket_is_there_before_it_is_connected_or_nats_py_would_make_one_of_its_own() -> None:
    assert bool(Socket(Taken().reader)) is True


@pytest.mark.parametrize("error", [None, OSError(104, "Connection reset by peer")])
def test_the_end_comes_behind_all_that_was_read_and_the_writer_hears_of_it(error: OSError | None) -> None:
    async def main() -> None:
        wire = Wire()
        inlet = Inlet(Taken().reader, wire)
        received(wire, b"PING\r\n")
        wire.protocol.pause_writing()
        wire.protocol.resume_writing()
        wire.protocol.eof_received()
        wire.protocol.connection_lost(error)
        at_eof = [inlet.at_eof]
        assert await inlet.read() == b"PING\r\n"
        at_eof.append(inlet.at_eof)
        assert at_eof == [False, True]
        assert await inlet.read() == b""
        assert wire.heard == [
            ("pause_writing",),
            ("resume_writing",),
            ("eof_received",),
            ("connection_lost", error),
        ]

    asyncio.run(main())


BLOCK = block_of(OURS, TAIL)
ONE = wire(BLOCK)


def said(**changes: str) -> bytes:
    return wire(block_of({**OURS, **{name.replace("_", "-"): value for name, value in changes.items()}}, TAIL))


@pytest.mark.parametrize(
    ("data", "is_taken"),
    {
        "the next link": (ONE, True),
        "a whole book": (said(Relay_Whole="1"), True),
        "whole in other words": (said(Relay_Whole="2"), False),
        "without a payload": (wire(BLOCK, b""), True),
        "the feed's own word": (wire(BLOCK, b"\0{}"), False),
        "of another relay": (said(Relay_Id="b"), False),
        "of one relay alone": (said(Nats_Msg_Id="a.c1"), False),
        "behind another content": (said(Nats_Msg_Id="c2.c0"), False),
        "one that begins a chain": (said(Nats_Msg_Id="c2."), False),
        "shared by several subjects": (said(Relay_Payload="x"), False),
        "the relay's word": (said(Relay_Trust="lost"), False),
        "with a hole before it": (said(Nats_Last_Sequence="10"), False),
        "where the one before has gone": (said(Nats_Last_Sequence="0"), True),
        "an old one": (said(Nats_Sequence="9", Nats_Last_Sequence="8"), False),
        "a long number": (said(Nats_Sequence="9" * 18), True),
        "a number that is too long": (said(Nats_Sequence="9" * 19), False),
        "a number that is none": (said(Nats_Sequence="12a"), False),
        "another subscription": (wire(BLOCK, sid=2), False),
        "another root": (wire(BLOCK, root="_INBOX"), False),
        "a header more": (wire(BLOCK[:-2] + b"X: y\r\n\r\n"), False),
        "more headers than it says": (wire(BLOCK + b"more"), False),
        "a subject with a reply": (ONE.replace(b" 1 ", b" 1 inbox ", 1), False),
        "a stream's name with a carriage return": (ONE.replace(b"Stream: MD", b"Stream: M\rD"), False),
        "fewer bytes than its headers": (ONE.replace(f" {len(BLOCK) + len(PAYLOAD)}\r".encode(), b" 9\r", 1), False),
        "not ASCII": (ONE.replace(b"c2.c1", b"c\xe9.c1"), False),
        "nothing": (b"", False),
        "PING": (b"PING\r\n", False),
    }.values(),
)
def test_only_a_usual_message_that_is_the_next_link_is_taken_at_once(data: bytes, is_taken: bool) -> None:
    assert all_twins(data) == (len(data) if is_taken else 0)
    assert all_twins(ONE + data) == len(ONE)


@pytest.mark.parametrize(
    "flow",
    [
        {"recent": {"c2": None}},
        {"others": {"b": deque([Stored(b"", "b", "c9", "c8", 8, 7, False, "", "")])}},
        {"phase": Phase.REPLAYING},
        {"phase": Phase.SEEKING},
        {"phase": Phase.WAITING},
    ],
    ids=["known", "another chain", "replaying", "seeking", "waiting"],
)
def test_a_chain_that_somebody_has_to_look_at_takes_nothing_at_once(flow: dict[str, Any]) -> None:
    assert all_twins(ONE, **flow) == 0


def test_contents_are_forgotten_in_the_order_in_which_they_came() -> None:
    recent = dict.fromkeys(map(str, range(MEMORY)))
    assert all_twins(ONE, recent=recent) == len(ONE)


def test_a_message_that_was_cut_is_not_taken_and_nothing_behind_the_data_is_looked_at() -> None:
    for cut in range(len(ONE)):
        assert all_twins(ONE[:cut]) == 0


@given(st.binary(max_size=8), st.integers(0, len(ONE)), st.integers(0, 20))
def test_both_twins_take_the_same_of_whatever_comes(piece: bytes, place: int, cut: int) -> None:
    all_twins(ONE[:place] + piece + ONE[place + cut :])


def all_twins(data: bytes, **flow: Any) -> int:
    """How much each twin takes, from the same flow, to the same end."""
    found = []
    for twin in (take_usual, taken_usual):
        mine, payloads = evolve(live(), **deepcopy(flow)), list[bytes]()
        found.append((twin(data, 0, {1: mine}, payloads, Phase.LIVE, MEMORY), payloads, mine, list(mine.recent)))
    assert found[0] == found[1]
    return found[0][0]
