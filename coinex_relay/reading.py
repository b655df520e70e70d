"""How bytes of NATS come in: from the socket to whoever takes a message, within the read, without a queue, a stream or a task between.

nats-py reads from a stream in a task of its own, which is one more round of the event loop for each read. Here the socket's bytes
come to `Reader` first, which hands on what it knows; what is left is nats-py's, by its own read loop. Facts: nats-py 2.16.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeAlias, final

from nats.aio.transport import TcpTransport
from nats.protocol.parser import AWAITING_CONTROL_LINE, Parser

from coinex_driver.limits import READ_SIZE
from coinex_proto.speedups import speed
from coinex_relay.feed import CONTROL
from coinex_relay.flows import Flow, Phase
from coinex_relay.messages import INTEGER, USUAL_BLOCK
from coinex_relay.subjects import LIVE

MOST_REREAD: Final = 1 << 18
"""Bytes of a message that comes in many reads and is put together anew with each; a larger one is nats-py's."""
MOST_WAITING: Final = 1 << 20
"""Bytes that may wait for nats-py's read loop before no more are received."""

_USUAL: Final = re.compile(rf"HMSG {LIVE}\.[^ \r]+ ({INTEGER}) ({INTEGER}) ({INTEGER})\r\n{USUAL_BLOCK}").match
_MESSAGE: Final = re.compile(rf"HMSG ([^ \r]+) ({INTEGER}) (?:[^ \r]+ )?({INTEGER}) ({INTEGER})\r\n").match

Take: TypeAlias = Callable[[str, bytes, bytes | None], None]
"""Subject, payload, and its headers as they came."""


def taken_usual(
    data: bytes, at: int, flows: Mapping[int, Flow], payloads: list[bytes], _live: Phase, _memory: int, /
) -> int:
    """The twin of the extension's `take_usual`; a flow has the last two itself."""
    text, size = data.decode("latin-1"), len(data)
    while (found := _USUAL(text, at)) is not None:
        number, headers, both, content, previous, relay, sequence, last = found.groups()
        head = found.end(3) + 2
        body, end = head + int(headers), head + int(both)
        payload = data[body:end]
        flow = flows.get(int(number))
        if (
            size < end + 2
            or not found.end() == body <= end
            or payload[:1] == CONTROL
            or flow is None
            or not flow.goes_on(content, previous, relay, int(sequence), int(last))
        ):
            break
        payloads.append(payload)
        at = end + 2
    return at


take_usual: Final[Callable[[bytes, int, Mapping[int, Flow], list[bytes], Phase, int], int]] = getattr(
    speed, "take_usual", taken_usual
)
"""Takes live messages from a place on, each as long as it is the next one of its chain and nobody has to look at it.

Flows by the number of their subscription; a list for their payloads, in order; `Phase.LIVE` and `MEMORY`, which the extension does not
know. Returns where the first other message begins.
"""


class Taker(Protocol):
    """What a reader asks of its connection."""

    direct: dict[int, Take]
    """Who takes messages, by the number of the subscription. They must not raise."""
    take_many: Callable[[bytes, int], int]
    """Takes what it can of a read from a place on, before anybody of `direct` is asked, and says where it stopped."""
    read_ends: Callable[[], None]
    """Called after the messages of each read."""


@final
class Reader(Parser):
    """nats-py's parser, with a short way for messages with headers that have a taker: what a consumer's flow is made of."""

    nc: Taker
    buf: bytearray
    """What has come of a message that is cut off."""

    def __init__(self, connection: Taker) -> None:
        super().__init__(connection)
        self._given = 0
        """Bytes that nats-py's read loop has got and not parsed yet: nothing may go past them."""

    def receive(self, data: bytes) -> bytes:
        """Takes what it can of a read. What it returns has to come to `parse`, before anything that is received later."""
        if self.state != AWAITING_CONTROL_LINE or self._given:
            self._given += len(data)
            return data
        if self.buf:
            data = bytes(self.buf) + data
            self.buf = bytearray()
        nc = self.nc
        at = nc.take_many(data, 0)
        left = b"" if at == len(data) else self._take(data, at)
        self._given = len(left)
        nc.read_ends()
        return left

    async def parse(self, data: bytes = b"") -> None:
        """What `receive` has left: nats-py gets one line or payload at a time, and what follows it may be taken again."""
        size = len(data)
        try:
            if self.state == AWAITING_CONTROL_LINE:
                data = bytes(self.buf) + data
                self.buf = bytearray()
            while data:
                if self.state == AWAITING_CONTROL_LINE:
                    data = self._take(data, self.nc.take_many(data, 0))
                    if not data:
                        break
                    end = data.find(b"\r\n") + 2
                    end = end if end > 1 else len(data)
                else:
                    end = self.needed + 2 - len(self.buf)
                part, data = data[:end], data[end:]
                await super().parse(part)
        finally:
            self._given = max(0, self._given - size)
            self.nc.read_ends()

    def _take(self, data: bytes, at: int) -> bytes:
        """Gives messages from a place on to their takers, and returns what is nats-py's.

        If all that is left is a part of one message with a taker, or of a line, it waits in `buf` for the rest of it.
        """
        nc, size, text = self.nc, len(data), data.decode("latin-1")
        while (line := _MESSAGE(text, at)) is not None:
            take = nc.direct.get(int(line[2]))
            if take is None:
                return data[at:]
            head = line.end()
            body, end = head + int(line[3]), head + int(line[4])
            if size < end + 2:
                is_cut = end - at < MOST_REREAD
                break
            take(line[1], data[body:end], data[head:body])
            at = nc.take_many(data, end + 2)
        else:
            is_cut = size - at < MOST_REREAD and text.find("\r\n", at) < 0
        if is_cut:
            self.buf = bytearray(data[at:])
            return b""
        return data[at:]


@final
class Socket(TcpTransport):
    """nats-py's transport, whose reads are what the reader has left of them."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._reader = reader
        self._inlet: Inlet | None = None

    def __bool__(self) -> bool:
        """True, or nats-py would make one of its own."""
        return True

    async def connect(self, uri: Any, buffer_size: int, connect_timeout: int) -> None:
        """Called by nats-py."""
        self._inlet = None
        await super().connect(uri, buffer_size, connect_timeout)

    async def read(self, buffer_size: int) -> bytes:
        """What is next for nats-py's parser; empty at the end."""
        if self._inlet is None:
            stream, writer = self._io_reader, self._io_writer
            assert stream is not None
            assert writer is not None
            self._inlet = Inlet(self._reader, writer.transport)
            stream.feed_eof()  # what has come with the greeting is all that it has
            if data := self._reader.receive(await stream.read()):
                return data
        return await self._inlet.read()

    def at_eof(self) -> bool:
        """Called by nats-py before each read."""
        return self._inlet is not None and self._inlet.at_eof


@final
class Inlet(asyncio.BufferedProtocol):
    """Takes the place of a stream's protocol, which still hears what concerns its writer.

    With a buffer of its own: asyncio would read 256 kB at a time, and Python's collector would look at all that comes of it.
    """

    def __init__(self, reader: Reader, transport: Any) -> None:
        self._reader = reader
        self._transport = transport
        self._writer_side: Any = transport.get_protocol()
        self._buffer = memoryview(bytearray(READ_SIZE))
        self._waiting: list[bytes] = []
        self._size = 0
        self._has_more = asyncio.Event()
        self._has_ended = False
        transport.set_protocol(self)

    @property
    def at_eof(self) -> bool:
        """Nothing will come any more."""
        return self._has_ended and not self._waiting

    async def read(self) -> bytes:
        """All that waits."""
        await self._has_more.wait()
        data = b"".join(self._waiting)
        self._waiting.clear()
        if self._size > MOST_WAITING:
            self._transport.resume_reading()
        self._size = 0
        if not self._has_ended:
            self._has_more.clear()
        return data

    def get_buffer(self, sizehint: int) -> memoryview:
        """Called by asyncio."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Called by asyncio."""
        if left := self._reader.receive(bytes(self._buffer[:nbytes])):
            self._waiting.append(left)
            self._has_more.set()
            before, self._size = self._size, self._size + len(left)
            if before <= MOST_WAITING < self._size:
                self._transport.pause_reading()

    def eof_received(self) -> bool | None:
        """Called by asyncio."""
        self._ends()
        keeps_open: bool | None = self._writer_side.eof_received()
        return keeps_open

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by asyncio."""
        self._ends()
        self._writer_side.connection_lost(exc)

    def pause_writing(self) -> None:
        """Called by asyncio."""
        self._writer_side.pause_writing()

    def resume_writing(self) -> None:
        """Called by asyncio."""
        self._writer_side.resume_writing()

    def _ends(self) -> None:
        self._has_ended = True
        self._has_more.set()
