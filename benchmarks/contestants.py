"""Who runs over the same bytes: each is made ready outside the clock, then takes the pieces and says how many messages it saw."""

import gzip
import json
import math
import zlib
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from typing import Any

import msgspec

from benchmarks.server import acknowledgements, upgrade_response
from benchmarks.stream import Message
from coinex_proto import Config, Connection, Session, Sources, coinex
from coinex_proto._wire import inflate
from coinex_proto.coinex._pushes import PUSHES
from coinex_proto.lines import Lines

Pieces = Sequence[bytes]
Run = Callable[[], int]
"""Takes all pieces and gives how many messages (or events) came out."""

NOW = 1_760_000_000.0
SOURCES = Sources(wall_time_ns=lambda: int(NOW * 1e9), random_bytes=lambda count: b"\x5a" * count)


def opened(wire: Connection | Session) -> None:
    """Upgrades, and acknowledges what is asked for, until there is nothing left to say."""
    wire.receive_data(upgrade_response(wire.data_to_send()), NOW)
    while sent := wire.data_to_send():
        wire.receive_data(acknowledgements(sent), NOW)
    while wire.next_event() is not None:
        pass


def connection(messages: Sequence[Message], pieces: Pieces) -> Run:
    """Ours: bytes to typed events."""
    wire = Connection(coinex.spot(), SOURCES)
    wire.start(NOW)
    opened(wire)
    receive, next_event = wire.receive_data, wire.next_event

    def run() -> int:
        count = 0
        for piece in pieces:
            receive(piece, NOW)
            while next_event() is not None:
                count += 1
        return count

    return run


def session(messages: Sequence[Message], pieces: Pieces, config: Config = Config()) -> Run:  # noqa: B008 - frozen
    """Ours, with every book applied, checked against its checksum, and handed out as a snapshot."""
    wire = Session(coinex.spot(), SOURCES, config)
    for name in markets_of(messages):
        wire.subscribe(coinex.Depth(name), coinex.Trades(name), coinex.BestQuote(name), now=NOW)
    wire.subscribe(coinex.Ticker(), now=NOW)
    wire.next_step(NOW)
    wire.connected(NOW)
    opened(wire)
    at = NOW
    while (deadline := wire.next_deadline()) is not None and deadline < NOW + 15.0:  # topic requests are paced
        at = deadline
        wire.handle_timeout(at)
        while sent := wire.data_to_send():
            wire.receive_data(acknowledgements(sent), at)
    return counting(wire, [(wire.receive_data, pieces)], at)


def counting(
    wire: Session | Lines, receivers: Sequence[tuple[Callable[[bytes, float], object], Pieces]], at: float
) -> Run:
    """Each of these takes its pieces, by turns, and what comes out is counted."""
    while wire.next_event() is not None:
        pass
    next_event, turns = wire.next_event, max(len(pieces) for _, pieces in receivers)

    def run() -> int:
        count = 0
        for turn in range(turns):
            for receive, pieces in receivers:
                if turn < len(pieces):
                    receive(pieces[turn], at)
                    while next_event() is not None:
                        count += 1
        assert wire.stats.checksums_failed == 0
        return count

    return run


def conflated(messages: Sequence[Message], pieces: Pieces) -> Run:
    """The same, each book checked and handed out once a read."""
    return session(messages, pieces, Config(every_read=True))


def lines(messages: Sequence[Message], pieces: Pieces, config: Config) -> Run:
    """The same by several lines, each of which takes all that it is sent, by turns: each update comes out once."""
    wire = Lines(coinex.spot(), SOURCES, config)
    for name in markets_of(messages):
        wire.subscribe(coinex.Depth(name), coinex.Trades(name), coinex.BestQuote(name), now=NOW)
    at = NOW + 1.0
    for line in wire.lines:
        line.next_step(at)
        line.connected(at)
        line.receive_data(upgrade_response(line.data_to_send()), at)
    while at < NOW + 15.0:  # topic requests are paced
        at += 0.5
        for line in wire.lines:
            line.handle_timeout(at)
            while sent := line.data_to_send():
                line.receive_data(acknowledgements(sent), at)
    first, *others = [line.receive_data for line in wire.lines]
    public = b"".join(message.frame for message in messages if message.kind != "private")  # only the first signs in
    size = max(map(len, pieces))
    rest = [public[start : start + size] for start in range(0, len(public), size)]
    return counting(wire, [(first, pieces), *((other, rest) for other in others)], at)


def one_line(messages: Sequence[Message], pieces: Pieces) -> Run:
    """A client that can renew its connection."""
    return lines(messages, pieces, Config(renew_every=math.inf))


def two_lines(messages: Sequence[Message], pieces: Pieces) -> Run:
    """A client that takes everything over two connections."""
    return lines(messages, pieces, Config(lines=2))


def markets_of(messages: Sequence[Message]) -> tuple[str, ...]:
    """The markets whose books are in the stream."""
    found = {
        json.loads(message.payload)["data"]["market"]: None for message in messages if message.kind == "depth full"
    }
    return tuple(found)


def limit(messages: Sequence[Message], pieces: Pieces) -> Run:
    """zlib and msgspec into the same models, on messages that somebody else has cut already: nothing can be quicker in Python."""
    members = [message.member for message in messages]
    decode, inflater = PUSHES.decode, zlib.decompressobj

    def run() -> int:
        count = 0
        for member in members:
            decode(inflater(31).decompress(member))
            count += 1
        return count

    return run


def reference(messages: Sequence[Message], pieces: Pieces) -> Run:
    """zlib and msgspec into dicts, on messages that are cut already: nothing of the SDK is in it, so that a budget can be
    a multiple of it on any machine.
    """
    members = [message.member for message in messages]
    decode, inflater = msgspec.json.decode, zlib.decompressobj

    def run() -> int:
        for member in members:
            decode(inflater(31).decompress(member))
        return len(members)

    return run


def framed_by_websockets(pieces: Pieces) -> Callable[[], Iterable[bytes]]:
    """The sans-IO half of the library `websockets`: payloads of binary frames."""
    from websockets.client import ClientProtocol
    from websockets.frames import Frame
    from websockets.uri import parse_uri

    protocol = ClientProtocol(parse_uri("wss://socket.coinex.com/v2/spot"))
    protocol.send_request(protocol.connect())
    protocol.receive_data(upgrade_response(b"".join(protocol.data_to_send())))
    protocol.events_received()

    def payloads() -> Iterable[bytes]:
        for piece in pieces:
            protocol.receive_data(piece)
            for event in protocol.events_received():
                assert isinstance(event, Frame)
                yield bytes(event.data)

    return payloads


def websockets_gzip_json(messages: Sequence[Message], pieces: Pieces) -> Run:
    """What most programs do: websockets, gzip.decompress, json.loads. Gives dicts, numbers as text."""
    payloads = framed_by_websockets(pieces)

    def run() -> int:
        count = 0
        for payload in payloads():
            json.loads(gzip.decompress(payload))
            count += 1
        return count

    return run


def websockets_zlib_orjson(messages: Sequence[Message], pieces: Pieces) -> Run:
    """The quick variant of the same. Gives dicts, numbers as text."""
    import orjson

    payloads = framed_by_websockets(pieces)
    loads: Callable[[bytes], Any] = orjson.loads

    def run() -> int:
        count = 0
        for payload in payloads():
            loads(zlib.decompressobj(31).decompress(payload))
            count += 1
        return count

    return run


def with_zlib(make: Callable[[Sequence[Message], Pieces], Run]) -> Callable[[Sequence[Message], Pieces], Run]:
    """As after a plain installation: nothing is inflated by isal, even where it is installed."""

    def made(messages: Sequence[Message], pieces: Pieces) -> Run:
        timed = make(messages, pieces)

        def run() -> int:
            installed, inflate.isal_zlib = inflate.isal_zlib, None
            try:
                return timed()
            finally:
                inflate.isal_zlib = installed

        return run

    return made


def contestants() -> dict[str, Callable[[Sequence[Message], Pieces], Run]]:
    """By name; those whose libraries are not installed are left out."""
    found: dict[str, Callable[[Sequence[Message], Pieces], Run]] = {
        "reference": reference,
        "limit": limit,
        "connection": with_zlib(connection),
        "session with books": with_zlib(session),
        "session with books, once a read": with_zlib(conflated),
        "one line": with_zlib(one_line),
        "two lines": with_zlib(two_lines),
    }
    if inflate.isal_zlib is not None and inflate._whole is None:  # the extension goes first
        found["connection, isal"] = connection
        found["session with books, isal"] = session
    if find_spec("websockets") is None:
        return found
    found["websockets + gzip + json"] = websockets_gzip_json
    if find_spec("orjson") is not None:
        found["websockets + zlib + orjson"] = websockets_zlib_orjson
    return found
