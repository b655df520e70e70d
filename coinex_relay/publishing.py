"""What a relay publishes of what its client hands out, without I/O.

Events and times go in, messages come out, in order. One payload is one message on each subject that it belongs to, however
many updates it holds. Must not know NATS, nor any venue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final, final

from attrs import Factory, define, field

from coinex_proto import Dialect, Event, Lost, Restored, Topic, Update, UsageError
from coinex_proto.ids import TopicKey
from coinex_proto.topics import wide
from coinex_relay.messages import (
    BEAT_EVERY,
    FIRST_LINE,
    LOST,
    MESSAGE_ID,
    NUMBER,
    RECEIVED,
    RELAY_ID,
    RESTORED,
    SHARED_PAYLOAD,
    TRUST,
    WHOLE_LINE,
    Beat,
    Hash,
    Roster,
    ToPublish,
    block_of,
    check_relay_id,
    content_hash,
    content_id,
    encode,
)
from coinex_relay.sharding import Shard
from coinex_relay.subjects import DATA, Names, check_relayed
from coinex_relay.subjects import WHOLE as WHOLE_SUBJECT

MOST_WAITING: Final = 200_000
"""Messages that may wait while the server takes none; then the oldest go, and consumers see the hole."""

_OF_ALL: Final[Hash] = blake2b(digest_size=12)
"""Of payloads on several subjects."""
INTRODUCED_EVERY: Final = 25
"""Heartbeats, 5 s, after which a relay says again what it carries: the server may have lost it, and without it no new consumer trusts the relay."""
TOLD_APART: Final = 8
"""Messages of a subject among which equal bytes have different names."""


@final
@define
class _Subject:
    """One topic's place on NATS."""

    tail: str
    is_book: bool
    hash: Hash = field(repr=False)
    """Of its contents, for `content_id`."""
    last: str = ""
    """The content before; empty: the next one begins a chain."""
    recent: deque[str] = Factory(lambda: deque(maxlen=TOLD_APART))
    lost: str | None = "nothing has come yet"
    """Why the relay does not trust it; None: it does."""
    begins: bool = True
    """Data are all that is missing; False: where the client has lost the topic, it says itself when that is over."""
    data: str = field(init=False)
    whole: str = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.data, self.whole = f"{DATA}.{self.tail}", f"{WHOLE_SUBJECT}.{self.tail}"

    def named(self, payload: bytes) -> str:
        """Its name in the chain: a quote that goes there and back within a millisecond comes again in the same bytes."""
        name = content = content_id(self.hash, payload)
        times = 0
        while name in self.recent:
            times += 1
            name = f"{content}-{times}"
        self.recent.append(name)
        return name

    def end_chain(self, why: str) -> None:
        """What comes next may have a hole before it."""
        self.lost, self.last = why, ""
        self.recent.clear()


@final
class Publisher:
    """The outgoing side of one relay."""

    def __init__(self, relay: str, dialect: Dialect, topics: Iterable[Topic[Event]], shard: Shard = Shard()) -> None:  # noqa: B008  (frozen)
        """Raises `UsageError` for a private topic, two topics of one key, and for none at all."""
        self.relay: str = check_relay_id(relay)
        self.names: Names = Names.of(dialect)
        self.shard = shard
        self.topics: tuple[Topic[Event], ...] = tuple(topic for topic in topics if shard.has(topic))
        self.dropped: int = 0
        """Messages that could not be kept while the server took none."""
        self.published: int = 0
        self._subjects: dict[TopicKey, _Subject] = {}
        for topic in self.topics:
            check_relayed(dialect, topic)
            tail = self.names.tail(topic)
            is_book = dialect.book(topic) is not None
            if self._subjects.setdefault(topic.key, _Subject(tail, is_book, content_hash(tail))).tail != tail:
                raise UsageError(f"{topic} cannot be relayed beside another topic of the same key")
        if not self.topics:
            raise UsageError(f"shard {shard} has none of these topics: take fewer shards, or more markets")
        self._by_name: dict[str, _Subject] = {one.data: one for one in self._subjects.values()}
        self._waiting: deque[ToPublish] = deque()
        self._group: list[tuple[_Subject, bool, bool]] = []
        """Of the payload that is being taken: subject, whether a book can begin with it, whether words may repeat."""
        self._raw = b""
        self._received_at = -1.0
        self._received = ""
        self._relay_line = f"{RELAY_ID}: {self.relay}\r\n"
        self._number = 0
        self._beats = 0
        self._version = 1
        self._told_version = 0

    def take(self, event: Event) -> None:
        """One event of the client, in order."""
        if isinstance(event, Update):
            self._take_update(event)
        elif isinstance(event, Lost):
            self._trust(event.topics, LOST, event.why)
        elif isinstance(event, Restored):
            self._trust(event.topics, RESTORED, event.why)

    def _take_update(self, update: Update) -> None:
        """It goes out with the others of its payload."""
        raw = update.raw
        if not raw or update.is_recovered:
            return
        if raw is not self._raw:
            self._flush()
        key = update.topic_key
        subject = self._subjects.get(key) or self._subjects.get(wide(key))
        if subject is None:
            return
        group = self._group
        if group and any(subject is known for known, _, _ in group):
            return
        if not group:
            self._raw = raw
            if update.received_at != self._received_at:  # once a read
                self._received_at = update.received_at
                self._received = f"{RECEIVED}: {self._received_at:.6f}\r\n"
        is_own = not update.has_trade_ids and update.venue_time is None
        group.append((subject, subject.is_book and bool(getattr(update, "is_full", True)), is_own))

    def _flush(self) -> None:
        """The payload is taken whole: it goes out on each of its subjects."""
        group, raw = self._group, self._raw
        if not group:
            return
        self._group, self._raw = [], b""
        if len(self._waiting) >= MOST_WAITING:
            self._make_room()
        put = self._waiting.append
        shared = f"{SHARED_PAYLOAD}: {content_id(_OF_ALL, raw)}\r\n" if len(group) > 1 else ""
        for subject, is_whole, is_own in group:
            if subject.begins:
                subject.begins, subject.lost = False, None
                self._version += 1
            self._number += 1
            if is_own:
                message_id = f"{self.relay}.{self._number}"
            else:
                content = subject.named(raw)
                message_id = f"{content}.{subject.last}"
                subject.last = content
            block = (
                f"{FIRST_LINE}{MESSAGE_ID}: {message_id}\r\n{self._relay_line}{NUMBER}: {self._number}\r\n"
                f"{self._received}{shared}{WHOLE_LINE if is_whole else ''}\r\n"
            )
            put(ToPublish(subject.data, raw, block))
            if is_whole:
                put(ToPublish(subject.whole, b"", block_of({RELAY_ID: self.relay})))

    def _trust(self, topics: Iterable[Topic[Event]], word: str, why: str) -> None:
        """A chain ends when its topic is lost: what comes after it may have a hole before it."""
        self._flush()
        for topic in topics:
            subject = self._subjects.get(topic.key)
            if subject is None:
                continue
            self._version += 1
            subject.begins = False
            if word == LOST:
                subject.end_chain(why)
            else:
                subject.lost = None
            self._number += 1
            headers = {
                MESSAGE_ID: f"{self.relay}.{self._number}",
                RELAY_ID: self.relay,
                NUMBER: str(self._number),
                TRUST: word,
            }
            self._put(ToPublish(subject.data, why.encode(), block_of(headers)))

    def beat(self, bye: str = "") -> None:
        """The time of a heartbeat has come (`BEAT_EVERY`); `bye`: it is the last one, and why."""
        self._flush()
        if self._told_version != self._version or self._beats % INTRODUCED_EVERY == 0:
            self._told_version = self._version
            subjects = self._subjects.values()
            roster = Roster(
                relay=self.relay,
                version=self._version,
                subjects=tuple(one.tail for one in subjects),
                lost={one.tail: one.lost for one in subjects if one.lost is not None},
            )
            beats = self.names.beats(self.relay)
            block = block_of({RELAY_ID: self.relay})
            self._put(ToPublish(f"{WHOLE_SUBJECT}.{beats}", encode(roster), block, is_beat=True))
        self._beats += 1
        beat = Beat(
            relay=self.relay,
            number=self._beats,
            every=BEAT_EVERY,
            roster=self._version,
            shard=str(self.shard),
            bye=bye,
        )
        subject = f"{DATA}.{self.names.beats(self.relay)}"
        headers = {MESSAGE_ID: f"{self.relay}.b{self._beats}", RELAY_ID: self.relay}
        self._put(ToPublish(subject, encode(beat), block_of(headers), is_beat=True))

    def introduce(self) -> None:
        """What it carries is said again with the next heartbeat."""
        self._told_version = 0

    def _put(self, message: ToPublish) -> None:
        self._make_room()
        self._waiting.append(message)

    def _make_room(self) -> None:
        while len(self._waiting) >= MOST_WAITING:
            self.give_up(self._waiting.popleft())

    def give_up(self, message: ToPublish) -> None:
        """It will not be published: its topic is lost until its next data, since nothing else may tell that any are missing."""
        self.dropped += 1
        subject = self._by_name.get(message.subject)
        if subject is not None and subject.lost is None:
            subject.end_chain("the relay could not keep all messages")
            subject.begins = True
            self._version += 1

    def has_messages(self) -> bool:
        """Whether anything waits to be published."""
        return bool(self._waiting or self._group)

    def take_messages(self, most: int = MOST_WAITING) -> list[ToPublish]:
        """What has to be published now, in order; call it between two payloads."""
        self._flush()
        waiting = self._waiting
        if len(waiting) <= most:
            messages = list(waiting)
            waiting.clear()
        else:
            messages = [waiting.popleft() for _ in range(most)]
        self.published += len(messages)
        return messages

    def say_again(self, messages: Sequence[ToPublish]) -> None:
        """These were taken, and come again before all else."""
        self.published -= len(messages)
        self._waiting.extendleft(reversed(messages))
        self._make_room()
