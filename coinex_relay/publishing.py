"""What a relay publishes of what its client hands out, without I/O.

Events and times go in, messages come out, in order. One payload is one message on each subject that it belongs to, however
many updates it holds. Must not know NATS, nor any venue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final, final

from coinex_proto import BookChanged, Dialect, Event, Lost, Restored, Topic, Update, UsageError
from coinex_proto.ids import TopicKey
from coinex_proto.topics import wide
from coinex_relay.messages import (
    BEAT_EVERY,
    LOST,
    MESSAGE_ID,
    NUMBER,
    RECEIVED,
    RELAY_ID,
    RESTORED,
    SHARED_PAYLOAD,
    TRUST,
    WHOLE,
    Beat,
    Roster,
    ToPublish,
    block_of,
    check_relay_id,
    content_id,
    content_key,
    encode,
)
from coinex_relay.sharding import Shard
from coinex_relay.subjects import DATA, Names
from coinex_relay.subjects import WHOLE as WHOLE_SUBJECT

MOST_WAITING: Final = 200_000
"""Messages that may wait while the server takes none; then the oldest go, and consumers see the hole."""


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
        self._tails: dict[TopicKey, str] = {}
        self._books: set[str] = set()
        for topic in self.topics:
            tail = self.names.tail(topic)
            if self._tails.setdefault(topic.key, tail) != tail:
                raise UsageError(f"{topic} cannot be relayed beside another topic of the same key")
            if dialect.book(topic) is not None:
                self._books.add(tail)
            elif issubclass(topic.event, BookChanged) or topic.merger() is not None:
                raise UsageError(f"{topic} cannot be relayed: its book does not begin with a push")
        self._keys = {tail: content_key(tail) for tail in self._tails.values()}
        if not self.topics:
            raise UsageError(f"shard {shard} has none of these topics: take fewer shards, or more markets")
        self._waiting: deque[ToPublish] = deque()
        self._group: list[tuple[str, bool, bool]] = []
        """Of the payload that is being taken: end of subject, whether a book can begin with it, whether words may repeat."""
        self._raw = b""
        self._received_at = 0.0
        self._number = 0
        self._beats = 0
        self._last: dict[str, str] = {}
        """The content before, by the subject's end."""
        self._lost: dict[str, str] = dict.fromkeys(self._tails.values(), "nothing has come yet")
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
        raw = update.raw
        if not raw or update.is_recovered:
            return
        if raw is not self._raw:
            self._flush()
            self._raw, self._received_at = raw, update.received_at
        key = update.topic_key
        tail = self._tails.get(key) or self._tails.get(wide(key))
        if tail is None or any(tail == known for known, _, _ in self._group):
            return
        is_own = update.venue_time is None and not update.has_trade_ids
        is_whole = tail in self._books and bool(getattr(update, "is_full", True))
        self._group.append((tail, is_whole, is_own))

    def _flush(self) -> None:
        """The payload is taken whole: it goes out on each of its subjects."""
        group, raw = self._group, self._raw
        if not group:
            return
        self._group, self._raw = [], b""
        shared = content_id(b"", raw) if len(group) > 1 else ""
        received = f"{self._received_at:.6f}"
        for tail, is_whole, is_own in group:
            subject = f"{DATA}.{tail}"
            if self._lost.pop(tail, None) is not None:
                self._version += 1
            headers = self._headers()
            if not is_own:
                content = content_id(self._keys[tail], raw)
                headers[MESSAGE_ID] = f"{content}.{self._last.get(tail, '')}"
                self._last[tail] = content
            headers[RECEIVED] = received
            if shared:
                headers[SHARED_PAYLOAD] = shared
            if is_whole:
                headers[WHOLE] = "1"
            self._put(ToPublish(subject, raw, block_of(headers)))
            if is_whole:
                self._put(ToPublish(f"{WHOLE_SUBJECT}.{tail}", b"", block_of({RELAY_ID: self.relay})))

    def _headers(self) -> dict[str, str]:
        self._number += 1
        return {
            MESSAGE_ID: f"{self.relay}.{self._number}",
            RELAY_ID: self.relay,
            NUMBER: str(self._number),
        }

    def _trust(self, topics: Iterable[Topic[Event]], word: str, why: str) -> None:
        """A chain ends when its topic is lost: what comes after it may have a hole before it."""
        self._flush()
        for topic in topics:
            tail = self._tails.get(topic.key)
            if tail is None:
                continue
            self._version += 1
            if word == LOST:
                self._lost[tail] = why
                self._last.pop(tail, None)
            else:
                self._lost.pop(tail, None)
            self._put(ToPublish(f"{DATA}.{tail}", why.encode(), block_of({**self._headers(), TRUST: word})))

    def beat(self, bye: str = "") -> None:
        """The time of a heartbeat has come (`BEAT_EVERY`); `bye`: it is the last one, and why."""
        self._flush()
        if self._told_version != self._version:
            self._told_version = self._version
            roster = Roster(
                relay=self.relay, version=self._version, subjects=tuple(self._tails.values()), lost=dict(self._lost)
            )
            beats = self.names.beats(self.relay)
            self._put(ToPublish(f"{WHOLE_SUBJECT}.{beats}", encode(roster), block_of({RELAY_ID: self.relay})))
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

    def _put(self, message: ToPublish) -> None:
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(message)

    def has_messages(self) -> bool:
        """Whether anything waits to be published."""
        return bool(self._waiting or self._group)

    def take_messages(self) -> list[ToPublish]:
        """What has to be published now, in order; call it between two payloads."""
        self._flush()
        messages = list(self._waiting)
        self._waiting.clear()
        self.published += len(messages)
        return messages
