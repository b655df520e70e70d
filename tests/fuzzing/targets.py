"""What is fuzzed: each target takes any bytes and raises nothing but what its callers expect.

The first bytes of an input choose what cannot be reached by chance: how reads are cut, and where a session stands.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final

from coinex_proto import Config, PayloadError, SdkError, Session, UsageError, coinex, coinflex, qfex
from coinex_proto._http.steps import Reply, Send, Woken
from coinex_proto._wire.inflate import GZIP_WINDOW, inflate
from coinex_proto._wire.websocket import WebSocket
from coinex_proto.coinex.http import HttpCaller, HttpOptions, spot, system
from coinex_proto.recording import Tap, replay
from coinex_proto.recording.frames import LENGTH, FrameWriter, read_frames
from coinex_proto.recording.noted import Noted, packed
from coinex_proto.simulator import CoinexServer, CoinflexServer, QfexServer
from tests.coinex_proto.harness.websocket_server import BINARY, TEXT, frame, opened, switching
from tests.coinex_proto.harness.wire import sources
from tests.fuzzing.books import books
from tests.fuzzing.corpora import inputs_of

KEYS: Final = coinex.Credentials("A" * 32, "B" * 40)
CALLS: Final[tuple[Any, ...]] = (
    system.Time(), spot.ListMarket(), spot.ListPendingOrder(market_type="SPOT"), spot.CancelOrder(market="BTCUSDT", market_type="SPOT", order_id=1),
)  # fmt: skip
LIMIT: Final = 1 << 16
"""Bytes of a message: the cost of large ones is measured elsewhere."""
CONFIG: Final = Config(retry_first=True, max_message_bytes=LIMIT)
DECODERS: Final = (coinex.spot(), coinex.futures(), qfex.mds(), qfex.trade(qfex.JwtCredentials("x")), coinflex.live())


def pieces(data: bytes) -> Iterator[bytes]:
    """The input in reads as large as its first byte says."""
    size, rest = (data[0] or 1) * 8, data[1:]
    for at in range(0, len(rest), size):
        yield rest[at : at + size]


def _session(
    dialect: Any, topics: tuple[Any, ...], opcode: int, pack: Callable[[bytes], bytes]
) -> Callable[[bytes], None]:
    """A session after its upgrade that hears these bytes: as messages (split at newlines), or raw where they begin with 0."""

    def target(data: bytes) -> None:
        if len(data) < 2:
            return
        session = Session(dialect, sources(), CONFIG)
        session.subscribe(*topics, now=0.0)
        session.next_step(0.0)
        session.connected(0.0)
        session.receive_data(switching(session.data_to_send()), 0.0)
        session.data_to_send()
        heard = data[1:] if data[0] == 0 else b"".join(frame(opcode, pack(part)) for part in data[1:].split(b"\n"))
        for number, part in enumerate(pieces(bytes([data[0]]) + heard)):
            session.receive_data(part, number * 0.01)
            while session.next_event() is not None:
                pass
            session.data_to_send()
        session.handle_timeout(100.0)
        while (event := session.next_event()) is not None:
            repr(event)

    return target


def handshake(data: bytes) -> None:
    """The answer to an upgrade."""
    if len(data) < 2:
        return
    client = WebSocket(host="x.test", port=443, tls=True, target="/", max_message_bytes=LIMIT)
    client.start()
    request = client.data_to_send()
    head = switching(request) if data[0] & 1 else b""
    client.receive_data(head[: data[0] * 2])
    for part in pieces(data):
        client.receive_data(part)
    client.receive_eof()
    client.data_to_send()


def frames(data: bytes) -> None:
    """Frames of an open WebSocket, raw."""
    if len(data) < 2:
        return
    client = opened(limit=LIMIT)
    for part in pieces(data):
        client.receive_data(part)
    client.receive_eof()


def inflating(data: bytes) -> None:
    """A gzip member, and what every venue's decoder makes of what is in it."""
    try:
        text = inflate(data, LIMIT)
    except PayloadError:
        text = data
    assert len(text) <= max(LIMIT, len(data))
    for dialect in DECODERS:
        for found in dialect.decode(text):
            repr(found)


def answers(data: bytes) -> None:
    """Answers over HTTP: the first byte is the status, what follows the body, for calls of every shape."""
    if not data:
        return
    reply = Reply(now=1.0, status=200 if data[0] & 1 else 100 + data[0] * 2, body=data[1:])
    for command in CALLS:
        steps = HttpCaller(sources(), KEYS, HttpOptions(retries=0)).request(command, 0.0)
        try:
            step = next(steps)
            while True:
                step = steps.send(reply if isinstance(step, Send) else Woken(2.0))
        except StopIteration as stop:
            repr(stop.value)
        except SdkError as error:
            str(error)


def recordings(data: bytes) -> None:
    """Files of recordings: the container, and as records of a session."""
    try:
        for _ in read_frames(iter([data])):
            pass
        for _ in read_frames(iter([gzip.compress(data)])):
            pass
        for event in replay(iter([data])):
            repr(event)
    except UsageError:
        pass


@cache
def recorded() -> tuple[bytes, list[Noted]]:
    """What a frame holds of a session that has connected, inflated; and what its tap has noted of what came then."""
    tap = Tap(coinex.spot(), sources())
    session = tap.session_class(Session)(tap.dialect, tap.sources, CONFIG)
    tap.attach(session)
    session.subscribe(coinex.Depth("BTCUSDT"), coinex.Ticker("BTCUSDT"), now=1.0)
    session.next_step(1.0)
    session.connected(1.0)
    session.receive_data(switching(session.data_to_send()), 1.0)
    writer = FrameWriter("gzip")
    frame_so_far = writer.batch([tap.header("id", 0, 1.0).record(1.0)]) + writer.batch(packed(list(tap.records)))
    tap.records.clear()
    for number, message in enumerate(inputs_of("receive-coinex")):
        session.receive_data(frame(BINARY, gzip.compress(message[1:], mtime=0)), 2.0 + number)
        session.handle_timeout(2.5 + number)
        session.data_to_send()
    return zlib.decompressobj(GZIP_WINDOW).decompress(frame_so_far), tap.records


def batches(data: bytes) -> None:
    """A batch of a recording, in a sound frame and behind what makes its session."""
    before, _ = recorded()
    try:
        for event in replay(iter([gzip.compress(before + len(data).to_bytes(LENGTH) + data, 1, mtime=0)])):
            repr(event)
    except UsageError:
        pass


def _server(make: Callable[[], Any]) -> Callable[[bytes], None]:
    """One connection to a local exchange."""

    def target(data: bytes) -> None:
        if len(data) < 2:
            return
        server = make()
        connection = server.accept(0.0)
        now = 0.0
        for part in pieces(data):
            now += 0.1
            connection.receive_data(part, now)
            connection.data_to_send()
        connection.receive_eof()
        server.advance(now + 1.0)

    return target


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    "receive-coinex": _session(
        coinex.spot(),
        (coinex.Depth("BTCUSDT"), coinex.Trades("BTCUSDT"), coinex.Ticker("BTCUSDT")),
        BINARY,
        gzip.compress,
    ),
    "receive-qfex": _session(
        qfex.mds(), (qfex.Level2("AAPL-USD"), qfex.Trades("AAPL-USD"), qfex.Bbo("AAPL-USD")), TEXT, bytes
    ),
    "receive-coinflex": _session(
        coinflex.live(), (coinflex.OrderBook(63488, 65283), coinflex.Ticker(63488, 65283)), TEXT, bytes
    ),
    "handshake": handshake,
    "frames": frames,
    "inflating": inflating,
    "books": books,
    "answers": answers,
    "recordings": recordings,
    "batches": batches,
    "simulator-coinex": _server(lambda: CoinexServer(now=0.0, seed=0)),
    "simulator-qfex": _server(lambda: QfexServer(now=0.0, seed=0)),
    "simulator-coinflex": _server(lambda: CoinflexServer(now=0.0, seed=0)),
}
