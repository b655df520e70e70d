"""What a relay publishes of what its client hands out, without I/O.

Events and times go in, messages come out, in order. One payload is one message on each subject that it belongs to, however
many updates it holds. Must not know NATS, nor any venue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final, final

from coinex_proto import Dialect, Event, Lost, Restored, Topic, Update, UsageError
from coinex_proto.ids import TopicKey
from coinex_proto.topics import wide
from coinex_relay.chains import Subject, is_whole, may_repeat, moment, pushed_in, take_updates
from coinex_relay.messages import (
    BEAT_EVERY,
    LOST,
    MESSAGE_ID,
    NUMBER,
    RELAY_ID,
    RESTORED,
    SHARED_PAYLOAD,
    TRUST,
    Beat,
    Hash,
    Roster,
    ToPublish,
    block_of,
    check_relay_id,
    content_hash,
    content_id,
    encode,
    to_publish,
)
from coinex_relay.sharding import Shard
from coinex_relay.subjects import DATA, Names, check_relayed
from coinex_relay.subjects import WHOLE as WHOLE_SUBJECT

MOST_WAITING: Final = 200_000
"""Messages that may wait while the server takes none; then the oldest go, and consumers see the hole."""

_OF_ALL: Final[Hash] = blake2b(digest_size=12)
"""Of payloads on several subjects."""
MOST_TAKEN: Final = 500
"""Events that may wait to be made messages of, which is quicker for many at once."""
INTRODUCED_EVERY: Final = 25
"""Heartbeats, 5 s, after which a relay says again what it carries: the server may have lost it, and without it no new consumer trusts the relay."""


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
        self._subjects: dict[TopicKey, Subject] = {}
        for topic in self.topics:
            check_relayed(dialect, topic)
            tail = self.names.tail(topic)
            is_book = dialect.book(topic) is not None
            subject = Subject(self.relay, tail, is_book, content_hash(tail))
            if self._subjects.setdefault(topic.key, subject).tail != tail:
                raise UsageError(f"{topic} cannot be relayed beside another topic of the same key")
        if not self.topics:
            raise UsageError(f"shard {shard} has none of these topics: take fewer shards, or more markets")
        self._by_name: dict[str, Subject] = {one.data: one for one in self._subjects.values()}
        self._taken: list[Event] = []
        """What no messages were made of yet."""
        self._waiting: deque[ToPublish] = deque()
        self._group: list[tuple[Subject, bool, bool]] = []
        """Of the payload that is being taken: subject, whether a book can begin with it, whether words may repeat."""
        self._raw = b""
        self._received_at = 0.0
        self._number = 0
        self._beats = 0
        self._version = 1
        self._told_version = 0

    def take(self, event: Event) -> None:
        """One event of the client, in order."""
        self._taken.append(event)
        if len(self._taken) >= MOST_TAKEN:
            self._work_off()

    def _work_off(self, open_events: int = 1) -> None:
        """Makes messages of what was taken. What cannot be read raises, and goes.

        `open_events`: how many of the last ones may be of a payload of which more comes.
        """
        events = self._taken
        while events:
            raw = pushed_in(events[0])
            if raw and raw is not self._raw:
                self._flush()
                if self._take_usual(len(events) - open_events):
                    continue
            event = events.pop(0)
            if isinstance(event, Lost):
                self._trust(event.topics, LOST, event.why)
            elif isinstance(event, Restored):
                self._trust(event.topics, RESTORED, event.why)
            elif raw:
                assert isinstance(event, Update)
                self._add_to_group(event, raw)

    def _take_usual(self, most: int) -> bool:
        """Whether messages were made of the next events, which nobody has to look at."""
        found: list[ToPublish] = []
        room = (MOST_WAITING - len(self._waiting)) // 2  # a whole book is two messages
        try:
            taken = take_updates(self._taken, self._subjects, self._number, min(most, room), found)
        except BaseException:
            del self._taken[0]
            raise
        del self._taken[:taken]
        self._number += taken
        self._waiting.extend(found)
        return taken > 0

    def _add_to_group(self, update: Update, raw: bytes) -> None:
        """It goes out with the others of its payload."""
        key = update.topic_key
        subject = self._subjects.get(key) or self._subjects.get(wide(key))
        if subject is None:
            return
        group = self._group
        if group and any(subject is known for known, _, _ in group):
            return
        if not group:
            self._raw, self._received_at = raw, update.received_at
        group.append((subject, is_whole(subject, update), may_repeat(update)))

    def _end_payload(self) -> None:
        """Makes messages of all that was taken."""
        self._work_off(0)
        self._flush()

    def _flush(self) -> None:
        """The payload is taken whole: it goes out on each of its subjects."""
        group, raw = self._group, self._raw
        if not group:
            return
        self._group, self._raw = [], b""
        if len(self._waiting) >= MOST_WAITING:
            self._make_room()
        received = moment(self._received_at)
        shared = f"{SHARED_PAYLOAD}: {content_id(_OF_ALL, raw)}\r\n" if len(group) > 1 else ""
        for subject, has_whole, repeats in group:
            if subject.begins:
                subject.begins, subject.lost = False, None
                self._version += 1
            self._number += 1
            self._waiting += subject.messages(
                raw, self._number, received, may_repeat=repeats, is_whole=has_whole, shared=shared
            )

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
            self._put(to_publish(subject.data, why.encode(), block_of(headers)))

    def beat(self, bye: str = "") -> None:
        """The time of a heartbeat has come (`BEAT_EVERY`); `bye`: it is the last one, and why."""
        self._end_payload()
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
            self._put(to_publish(f"{WHOLE_SUBJECT}.{beats}", encode(roster), block, is_beat=True))
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
        self._put(to_publish(subject, encode(beat), block_of(headers), is_beat=True))

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
        return bool(self._waiting or self._group or self._taken)

    def take_messages(self, most: int = MOST_WAITING) -> list[ToPublish]:
        """What has to be published now, in order; call it between two payloads."""
        self._end_payload()
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
