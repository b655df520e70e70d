"""What goes over NATS beside the venue's payloads: headers, heartbeats, and what a relay carries.

A payload is published as it came. Its content id is a hash of subject and payload; `Nats-Msg-Id` is the content's id and that
of the one before on the same subject, so that equal bytes of two relays are one message, and a hole is seen by whoever follows.
Bytes that come again soon have a number behind the hash. What repeats itself word for word (no time, no trade ids) has an id of its relay's own: the same words later are news.
No I/O; must not know any venue.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any, Final, NamedTuple, Protocol, Self, final

import msgspec

from coinex_proto import UsageError

MESSAGE_ID: Final = "Nats-Msg-Id"
RELAY_ID: Final = "Relay-Id"
NUMBER: Final = "Relay-Sequence"
RECEIVED: Final = "Relay-Received"
"""Unix seconds at which the relay read it, by its wall clock."""
WHOLE: Final = "Relay-Whole"
"""`1`: a book can begin with it."""
SHARED_PAYLOAD: Final = "Relay-Payload"
"""Where one payload is published on several subjects: what they have in common."""
TRUST: Final = "Relay-Trust"
"""`lost` or `restored`: the message is the relay's own word, of this topic."""
SEQUENCE: Final = "Nats-Sequence"
LAST_SEQUENCE: Final = "Nats-Last-Sequence"
TIME: Final = "Nats-Time-Stamp"

FIRST_LINE: Final = "NATS/1.0\r\n"
"""Of every block of headers."""
WHOLE_LINE: Final = f"{WHOLE}: 1\r\n"

LOST: Final = "lost"
RESTORED: Final = "restored"

BEAT_EVERY: Final = 0.2
"""Seconds between two heartbeats of a relay."""
LOST_AFTER: Final = 0.8
"""Seconds without one after which a consumer trusts nothing of that relay: fail-over takes less than one second."""
OLD_AFTER: Final = 2.0
"""Seconds on the way after which nothing is trusted that comes; longer than a busy machine takes, since beginning anew is work too."""

_RELAY_ID: Final = re.compile(r"[A-Za-z0-9\-]{1,64}")


def check_relay_id(name: str) -> str:
    """The id, which must be one token. Raises `UsageError`."""
    if not _RELAY_ID.fullmatch(name):
        raise UsageError("a relay's id is letters, digits and '-', at most 64 of them, of which --id may give 55")
    return name


class Hash(Protocol):
    """What `hashlib` makes."""

    def copy(self) -> Self:
        """Another one that goes on from here."""
        ...

    def update(self, data: bytes, /) -> None:
        """Adds bytes."""
        ...

    def hexdigest(self) -> str:
        """What has come of them."""
        ...


def content_hash(tail: str) -> Hash:
    """For the contents of this subject, which it tells from those of others: see `content_id`."""
    return blake2b(digest_size=12, key=blake2b(tail.encode(), digest_size=32).digest())


def content_id(of_subject: Hash, payload: bytes) -> str:
    """96 bits: what two relays have in common when the venue sent both the same bytes."""
    found = of_subject.copy()
    found.update(payload)
    return found.hexdigest()


class ToPublish(msgspec.Struct, frozen=True, gc=False):
    """One message for NATS; see `to_publish`."""

    subject: str
    head: bytes
    """Its line and headers, as they go over the wire."""
    payload: bytes
    size: int
    """Bytes of headers and payload: what a server has a limit for."""
    is_beat: bool = False
    """A heartbeat, or what it refers to: the server is asked to confirm it."""

    @property
    def block(self) -> bytes:
        """Its headers as they go over the wire."""
        return self.head.partition(b"\r\n")[2]

    @property
    def headers(self) -> dict[str, str]:
        """The same by name."""
        return headers_of(self.block) or {}

    def head_with(self, reply: str) -> bytes:
        """Its head with the subject to which the server answers, which stands between the first two spaces without one between."""
        return self.head.replace(b"  ", f" {reply} ".encode(), 1)


def to_publish(subject: str, payload: bytes, block: str, *, is_beat: bool = False) -> ToPublish:
    """A message; `block`: its headers as they go over the wire, in ASCII."""
    size = len(block) + len(payload)
    return ToPublish(subject, f"HPUB {subject}  {len(block)} {size}\r\n{block}".encode(), payload, size, is_beat)


def block_of(headers: Mapping[str, str]) -> str:
    """Headers as they go over the wire."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    return f"{FIRST_LINE}{lines}\r\n"


def headers_of(block: bytes | None) -> dict[str, str] | None:
    """The headers of a message; `Status` where it has one. None: there are none."""
    if not block:
        return None
    first, *lines = block.decode("utf-8", "replace").split("\r\n")
    found = {}
    for line in lines:
        name, colon, value = line.partition(": ")
        if colon:
            found[name] = value
    if len(first) > 8:
        found["Status"] = first[9:12]
    return found


@final
class Stored(NamedTuple):
    """One message of the stream, as a consumer gets it."""

    payload: bytes
    relay: str
    content: str
    """Empty: of this relay alone."""
    previous: str
    """The content before it; empty: it begins a chain."""
    sequence: int
    """Of the stream, over all subjects."""
    last_sequence: int
    """Of the message before it on its subject; 0: there is none any more, or the server did not say."""
    is_whole: bool
    trust: str
    """Empty for a payload of the venue."""
    shared: str


def read(payload: bytes, headers: Mapping[str, str] | None) -> Stored | None:
    """The message, or None for what no relay has published, or no stream stored."""
    if headers is None:
        return None
    get = headers.get
    relay, message_id = get(RELAY_ID), get(MESSAGE_ID)
    try:
        sequence, last = int(get(SEQUENCE, "")), int(get(LAST_SEQUENCE, "0"))
    except ValueError:
        return None
    if relay is None or message_id is None:
        return None
    content, _, previous = message_id.partition(".")
    if content == relay:
        content = previous = ""
    return Stored(
        payload,
        relay,
        content,
        previous,
        sequence,
        last,
        WHOLE in headers,
        get(TRUST, ""),
        get(SHARED_PAYLOAD, ""),
    )


INTEGER: Final = "[0-9]{1,18}"


def _usual_block() -> str:
    token = "([A-Za-z0-9-]+)"
    ours = f"{FIRST_LINE}{MESSAGE_ID}: {token}\\.([a-z0-9-]*)\r\n{RELAY_ID}: {token}\r\n{NUMBER}: [0-9]+\r\n{RECEIVED}: [0-9.]+\r\n"
    server = f"Nats-Stream: [^\r]*\r\nNats-Subject: [^\r]*\r\n{SEQUENCE}: ({INTEGER})\r\n{TIME}: [^\r]*\r\n{LAST_SEQUENCE}: ({INTEGER})\r\n\r\n"
    return f"{ours}(?:{WHOLE_LINE})?{server}"


USUAL_BLOCK: Final = _usual_block()
"""A pattern of the headers that nearly all messages have: as a relay writes them, and the server goes on when it publishes what it has
stored. Its groups: content, the one before, relay, the message's number, and that of the one before on its subject.
"""


def read_live(payload: bytes, headers: bytes | None) -> Stored | None:
    """As `read`, of headers as they came."""
    return read(payload, headers_of(headers))


class Beat(msgspec.Struct, frozen=True):
    """One heartbeat: published like data, so that it proves the whole way through the stream."""

    relay: str
    number: int
    every: float
    roster: int
    """Version of what the relay carries."""
    shard: str = "1/1"
    bye: str = ""
    """Not empty: the relay ends in good order, and why."""


class Roster(msgspec.Struct, frozen=True):
    """What a relay carries."""

    relay: str
    version: int
    subjects: tuple[str, ...]
    """Ends of subjects, as `Names.tail` gives them."""
    lost: dict[str, str]
    """Those that the relay itself does not trust now, and why."""


class _Error(msgspec.Struct, frozen=True):
    description: str = "refused"


class _Confirmation(msgspec.Struct, frozen=True):
    error: _Error | None = None


_encode: Final = msgspec.json.Encoder().encode
_confirmation: Final = msgspec.json.Decoder(_Confirmation).decode
_beat: Final = msgspec.json.Decoder(Beat).decode
_roster: Final = msgspec.json.Decoder(Roster).decode


def encode(message: Beat | Roster | dict[str, Any] | list[Any]) -> bytes:
    """As JSON."""
    return _encode(message)


def read_beat(payload: bytes) -> Beat | None:
    """The heartbeat; None for what is none."""
    try:
        beat = _beat(payload)
    except msgspec.MsgspecError:
        return None
    return beat if 0.01 <= beat.every <= 10.0 and _RELAY_ID.fullmatch(beat.relay) else None


def read_roster(payload: bytes) -> Roster | None:
    """What a relay carries; None for what is no roster."""
    try:
        return _roster(payload)
    except msgspec.MsgspecError:
        return None


def printable(text: str) -> str:
    """A text that came over NATS, for a terminal or a log: anyone who may publish may have written it."""
    return "".join([letter if letter.isprintable() else "\ufffd" for letter in text[:500]])


def read_confirmation(payload: bytes) -> str | None:
    """What the server says of a message that was published: empty, it is stored; else why it is not. None: no such word."""
    try:
        error = _confirmation(payload).error
    except msgspec.MsgspecError:
        return None
    return "" if error is None else error.description[:200] or "refused"
