"""The laws of the core for a venue of your own: give a dialect and recorded messages, and let pytest run them.

    VENUE = Recording(dialect=Kraken(), topics=(Book("BTC/USD"),), messages=(b'{"channel":"heartbeat"}', …))

    @pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
    def test_a_law_holds(law):
        law(VENUE)

Each law plays the recording to a `Session` and raises `AssertionError` with what differed. A recording begins with the
first message after the upgrade; request ids count from 1, in the order in which a session sends, so that recorded answers
find their requests. Needs no pytest and no driver. This module must not know any venue.
"""

from __future__ import annotations

import base64
import hashlib
import json
import pickle
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, TypeAlias

from attrs import field, frozen

from coinex_proto.config import Config, Sources
from coinex_proto.decoding import UNREADABLE, decode_plain
from coinex_proto.dialect import Answer, Challenge, Dialect, SendNow
from coinex_proto.events import Lost, Unrecognised
from coinex_proto.json import to_json
from coinex_proto.session import Session
from coinex_proto.topics import Topic
from coinex_proto.updates import Event, Update

WALL_NS: Final = 1_700_000_000 * 10**9
MAX_ENTRIES: Final = 3
"""Entries of a list that are broken; the others are like them."""
SECONDS: Final = 3600.0
"""So long a session is left alone with its timers."""
MAX_TIMERS: Final = 10_000
"""More timers than this within `SECONDS` are a loop."""
UNCUT: Final = 2**30
"""Bytes in one read, of which all that was recorded is less."""
CUTS: Final = (1, 2, 3, 7, 64, 1000)
"""Bytes in one read."""
JUNK: Final = (
    b"",
    b"{",
    b"null",
    b"[]",
    b"{}",
    b"0",
    b'"x"',
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"a":' * 5000,
    b"1e999999999",
)
"""Messages that no venue sends."""
HOSTILE: Final = (
    b"null",
    b"true",
    b'"NaN"',
    b'"Infinity"',
    b"1e999999999",
    b"-1",
    b"9" * 400,
    b'""',
    b"[]",
    b"{}",
    b'["x"]',
)
"""What a member of a recorded message is replaced by, one after the other."""


@frozen(kw_only=True)
class Recording:
    """What a venue said on one connection."""

    dialect: Dialect
    messages: Sequence[bytes] = field(repr=False)
    """Each as it came, inflated or not."""
    topics: Sequence[Topic[Any]] = ()
    """Subscribed before the first message."""
    config: Config = field(factory=lambda: Config(retry_first=True))


def events_are_the_same_however_bytes_are_cut(recording: Recording) -> None:
    """Chunking."""
    whole = _play(recording).seen
    for size in CUTS:
        _same(_play(recording, cut=size).seen, whole, f"in reads of {size} bytes")


def events_are_the_same_whenever_they_are_taken(recording: Recording) -> None:
    """Draining: after each read, or all at the end."""
    late, early = _play(recording), _play(recording, drains=True)
    _same(early.seen, late.seen, "taken after each read")
    _same([early.sent.hex()], [late.sent.hex()], "bytes to send")


def nothing_that_a_peer_says_raises(recording: Recording) -> None:
    """Peer-proof: junk, messages cut off, and messages with hostile members; nor does a number slip through that is none."""
    for message in (*JUNK, *_broken(recording.messages)):
        found = recording.dialect.decode(message)
        for item in found:
            assert isinstance(item, (Answer, Challenge, SendNow, Update, Unrecognised)), f"{item!r} is no Inbound"
            if isinstance(item, Update):
                assert all(map(Decimal.is_finite, _numbers(item))), f"{item!r}: a number that is not finite"
                json.loads(to_json(item))
    for message in (*JUNK, *_broken(recording.messages)):
        talk = _Talk(recording)
        for each in (*recording.messages[: len(recording.messages) // 2], message, *recording.messages):
            talk.hear(_frame(each))
        talk.take()


def timers_come_to_rest(recording: Recording) -> None:
    """Timers: none is due again at once, and a peer that says no more is found out."""
    talk = _played(recording)
    served, limit = 0, talk.now + SECONDS
    while (due := talk.session.next_deadline()) is not None and due <= limit:
        served += 1
        assert served < MAX_TIMERS, f"{served} timers within {SECONDS:g} s"
        talk.now = max(talk.now, due)
        talk.session.handle_timeout(talk.now)
        following = talk.session.next_deadline()
        assert following is None or following > talk.now, "a timer that was served is due again at once"
    talk.take()
    assert talk.session.wants_close, "a silent peer was not found out"
    assert not talk.session.trusted(*recording.topics), "topics of a dead connection are trusted"


def a_replay_gives_the_same_again(recording: Recording) -> None:
    """Replay: the same inputs at the same times give the same outputs, and updates survive JSON, pickling and copies."""
    first, second = _play(recording), _play(recording)
    _same(second.seen, first.seen, "played again")
    _same([second.sent.hex()], [first.sent.hex()], "bytes to send")
    for event in first.events:
        json.loads(to_json(event))
        if isinstance(event, Update):
            assert pickle.loads(pickle.dumps(event)) == event, f"{event!r} is another after pickling"


def what_cannot_be_trusted_is_said_at_the_end_of_the_line(recording: Recording) -> None:
    """Trust: whatever was live is `Lost` when the connection breaks, and nothing is trusted after it."""
    talk = _played(recording)
    live = [topic for topic in recording.topics if talk.session.trusted(topic)]
    talk.session.disconnected(talk.now, "gone")
    talk.take()
    told = {topic for event in talk.events if isinstance(event, Lost) for topic in event.topics}
    assert set(live) <= told, f"not told that they are lost: {set(live) - told}"
    assert not any(talk.session.trusted(topic) for topic in recording.topics), "topics without a connection are trusted"


Law: TypeAlias = Callable[[Recording], None]

LAWS: Final[tuple[Law, ...]] = (
    events_are_the_same_however_bytes_are_cut,
    events_are_the_same_whenever_they_are_taken,
    nothing_that_a_peer_says_raises,
    timers_come_to_rest,
    a_replay_gives_the_same_again,
    what_cannot_be_trusted_is_said_at_the_end_of_the_line,
)


# Playing --------------------------------------------------------------------------------------------------------------


class _Talk:
    """A session on an upgraded connection that has asked for its topics."""

    def __init__(self, recording: Recording, cut: int = UNCUT) -> None:
        sources = Sources(
            wall_time_ns=lambda: WALL_NS, random_bytes=lambda count: bytes(range(256))[:count].ljust(count)
        )
        self.session = Session(recording.dialect, sources, recording.config)
        self.now = 0.0
        self.events: list[Event] = []
        self.sent = b""
        self._cut = cut
        self.session.subscribe(*recording.topics, now=self.now)
        self.session.next_step(self.now)
        self.session.connected(self.now)
        self.hear(_switching(self.session.data_to_send()))

    def hear(self, data: bytes) -> None:
        if not self.session.wants_close:
            for start in range(0, len(data), self._cut):
                self.session.receive_data(data[start : start + self._cut], self.now)

    def take(self) -> None:
        while (event := self.session.next_event()) is not None:
            self.events.append(event)
        self.sent += self.session.data_to_send()

    @property
    def seen(self) -> list[str]:
        return [f"{event!r} {event.raw!r}" if isinstance(event, Update) else repr(event) for event in self.events]


def _played(recording: Recording, *, cut: int = UNCUT, drains: bool = False) -> _Talk:
    talk = _Talk(recording, cut)
    for message in recording.messages:
        talk.now += 0.01
        talk.hear(_frame(message))
        if drains:
            talk.take()
    talk.take()
    return talk


def _play(recording: Recording, *, cut: int = UNCUT, drains: bool = False) -> _Talk:
    """To the end of the line."""
    talk = _played(recording, cut=cut, drains=drains)
    talk.session.disconnected(talk.now, "gone")
    talk.take()
    return talk


def _same(found: Sequence[str], wanted: Sequence[str], how: str) -> None:
    for number, (one, other) in enumerate(zip(found, wanted, strict=False)):
        assert one == other, f"{how}, number {number} is {one}, and otherwise {other}"
    assert len(found) == len(wanted), f"{how}, there are {len(found)}, and otherwise {len(wanted)}"


def _switching(request: bytes) -> bytes:
    """The 101 for this upgrade (RFC 6455, 4.2.2)."""
    headers = (line.partition(b":") for line in request.split(b"\r\n"))
    (key,) = (value.strip() for name, _, value in headers if name.lower() == b"sec-websocket-key")
    accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    lines = (b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket", b"Connection: Upgrade")
    return b"\r\n".join((*lines, b"Sec-WebSocket-Accept: " + accept)) + b"\r\n\r\n"


def _frame(payload: bytes) -> bytes:
    """One message in one binary frame, unmasked as a server's (RFC 6455, 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((0x82, size)) + payload
    return (struct.pack("!BBH", 0x82, 126, size) if size < 2**16 else struct.pack("!BBQ", 0x82, 127, size)) + payload


# Breaking -------------------------------------------------------------------------------------------------------------


def _broken(messages: Sequence[bytes]) -> Iterator[bytes]:
    """Each message cut off, and with each of its members replaced or left out."""
    for message in dict.fromkeys(messages):
        yield message[: len(message) // 2]
        yield message[:-1]
        yield message + b"x"
        try:
            value = decode_plain(message)
        except UNREADABLE:
            continue  # compressed
        yield from (_text(other) for other in _variants(value))


def _variants(value: Any) -> Iterator[Any]:
    """The value with one part of it replaced or missing, for each part (of a list the first ones) and replacement."""
    if isinstance(value, (dict, list)):
        for place in value if isinstance(value, dict) else range(len(value[:MAX_ENTRIES])):
            for other in (*map(_Verbatim, HOSTILE), *_variants(value[place])):
                changed = value.copy()
                changed[place] = other
                yield changed
            shorter = value.copy()
            del shorter[place]
            yield shorter


@frozen
class _Verbatim:
    text: bytes


def _text(value: Any) -> bytes:
    """JSON, numbers digit for digit."""
    match value:
        case _Verbatim():
            return value.text
        case dict():
            return b"{%b}" % b",".join(b"%b:%b" % (_text(name), _text(each)) for name, each in value.items())
        case list():
            return b"[%b]" % b",".join(map(_text, value))
        case Decimal():
            return format(value, "f").encode()
        case _:
            return json.dumps(value).encode()


def _numbers(value: object) -> Iterator[Decimal]:
    """All decimal numbers within an update."""
    if isinstance(value, Decimal):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _numbers(each)
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from _numbers(each)
    else:
        for attribute in getattr(type(value), "__attrs_attrs__", ()):
            yield from _numbers(getattr(value, attribute.name))
