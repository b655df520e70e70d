"""A topic's place on NATS: the names of its contents, each of which says what came before it, and the messages made of them.

What most updates are, one payload of one topic that goes on with its chain, is taken here; `Publisher` has all that is not so simple.
Must not know NATS, nor any venue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias, final

from attrs import Factory, define, field

from coinex_proto import Event, Update
from coinex_proto.ids import TopicKey
from coinex_proto.speedups import speed
from coinex_relay.messages import (
    FIRST_LINE,
    MESSAGE_ID,
    NUMBER,
    RECEIVED,
    RELAY_ID,
    WHOLE_LINE,
    Hash,
    ToPublish,
    block_of,
    content_id,
    to_publish,
)
from coinex_relay.subjects import DATA, WHOLE

TOLD_APART: Final = 8
"""Messages of a subject among which equal bytes have different names."""

SLOTS: Final = ("relay", "data", "whole", "is_book", "begins", "hash", "recent", "last")
"""What the extension reads of a subject, in its order."""


@final
@define
class Subject:
    """One topic on NATS."""

    relay: str
    tail: str
    is_book: bool
    hash: Hash = field(repr=False, eq=False)
    """Of its contents, for `content_id`."""
    last: str = ""
    """The content before; empty: the next one begins a chain."""
    recent: dict[str, None] = Factory(dict)
    """The names of the last `TOLD_APART` contents."""
    lost: str | None = "nothing has come yet"
    """Why the relay does not trust it; None: it does."""
    begins: bool = True
    """Data are all that is missing; False: where the client has lost the topic, it says itself when that is over."""
    data: str = field(init=False)
    whole: ToPublish = field(init=False)
    """What tells consumers that a book can begin with the message before."""

    def __attrs_post_init__(self) -> None:
        self.data = f"{DATA}.{self.tail}"
        self.whole = to_publish(f"{WHOLE}.{self.tail}", b"", block_of({RELAY_ID: self.relay}))

    def named(self, payload: bytes) -> str:
        """Its name in the chain: a quote that goes there and back within a millisecond comes again in the same bytes."""
        name = content = content_id(self.hash, payload)
        times = 0
        while name in self.recent:
            times += 1
            name = f"{content}-{times}"
        self.recent[name] = None
        if len(self.recent) > TOLD_APART:
            del self.recent[next(iter(self.recent))]
        return name

    def messages(
        self, payload: bytes, number: int, received_at: str, *, may_repeat: bool, is_whole: bool, shared: str = ""
    ) -> list[ToPublish]:
        """The payload as the next of its chain, or under an id of this relay's own where it may repeat itself word for word.

        `shared`: the header of a payload that goes out on several subjects.
        """
        if may_repeat:
            message_id = f"{self.relay}.{number}"
        else:
            name = self.named(payload)
            message_id = f"{name}.{self.last}"
            self.last = name
        block = (
            f"{FIRST_LINE}{MESSAGE_ID}: {message_id}\r\n{RELAY_ID}: {self.relay}\r\n{NUMBER}: {number}\r\n"
            f"{RECEIVED}: {received_at}\r\n{shared}{WHOLE_LINE if is_whole else ''}\r\n"
        )
        message = to_publish(self.data, payload, block)
        return [message, self.whole] if is_whole else [message]

    def end_chain(self, why: str) -> None:
        """What comes next may have a hole before it."""
        self.lost, self.last = why, ""
        self.recent.clear()


def pushed_in(event: Event) -> bytes:
    """The payload in which the venue pushed an update; empty for what came in none, for what a query brought, and for other events."""
    return event.raw if isinstance(event, Update) and not event.is_recovered else b""


def may_repeat(update: Update) -> bool:
    """Whether the same words later are news: there is neither a time nor an id in them."""
    return not update.has_trade_ids and update.venue_time is None


def is_whole(subject: Subject, update: Update) -> bool:
    """Whether a book can begin with it."""
    return subject.is_book and bool(getattr(update, "is_full", True))


def moment(received_at: float) -> str:
    """Unix seconds as the headers have them."""
    return f"{received_at:.6f}"


_END: Final = b"the end"


def taken_updates(
    events: list[Event], subjects: Mapping[TopicKey, Subject], number: int, most: int, found: list[ToPublish], /
) -> int:
    """The twin of the extension's `take_updates`."""
    at, received_at, received = 0, None, ""
    payloads = [pushed_in(event) for event in events]
    try:
        for update, payload, following in zip(events, payloads, [*payloads[1:], _END], strict=False):
            if at >= most or not payload or not following or following is payload:
                break
            assert isinstance(update, Update)
            subject = subjects.get(update.topic_key)
            if subject is None or subject.begins:
                break
            if update.received_at != received_at:  # once a read
                received_at = update.received_at
                received = moment(received_at)
            has_whole, repeats = is_whole(subject, update), may_repeat(update)
            found += subject.messages(payload, number + at + 1, received, may_repeat=repeats, is_whole=has_whole)
            at += 1
    except Exception:
        if not at:
            raise
    return at


TakeUpdates: TypeAlias = Callable[[list[Event], Mapping[TopicKey, Subject], int, int, list[ToPublish]], int]
take_updates: Final[TakeUpdates] = getattr(speed, "take_updates", taken_updates)
"""Takes updates from the first on, as long as each is alone in its payload, has a topic of its own, and its chain goes on.

Events, in order; subjects by the keys of their topics; the relay's last number; how many updates may be taken; a list for the messages.
Returns how many were taken. One is, if the event behind it is an update of another payload, or there is none. What cannot be read
raises when it is the first.
"""
if speed is not None:
    speed.subjects(Subject, tuple(vars(Subject)[name] for name in SLOTS), ToPublish, TOLD_APART)
