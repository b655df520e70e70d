"""A venue's dialect whose wire is a relay: the venue's payloads are read by its own dialect, requests go to the feed.

No I/O; must not know NATS, nor any venue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, final

import msgspec
from attrs import field, frozen

from coinex_proto import (
    Answer,
    Command,
    Dialect,
    Endpoint,
    Event,
    Outgoing,
    RequestId,
    Topic,
    Unrecognised,
    Update,
    UsageError,
)
from coinex_proto.books.book import Book
from coinex_proto.commands import describe
from coinex_proto.dialect import Enclosed, HasPlainPushes, Inbound, Interrupted
from coinex_proto.ids import ANYTHING, TopicKey
from coinex_proto.topics import wide
from coinex_relay.actions import Wanted
from coinex_relay.feed import CONTROL, Feed
from coinex_relay.messages import encode
from coinex_relay.subjects import Names, check_relayed

MOST_TOPICS: Final = 500
"""Of one request."""


@final
@frozen(kw_only=True)
class Join(Command[None]):
    """Follow these topics."""

    topics: tuple[Topic[Event], ...]

    def parse(self, body: bytes) -> None:
        """There is nothing to read."""


@final
@frozen(kw_only=True)
class Part(Command[None]):
    """Follow them no more."""

    topics: tuple[Topic[Event], ...]

    def parse(self, body: bytes) -> None:
        """There is nothing to read."""


@final
@frozen(kw_only=True)
class Prove(Command[None]):
    """Have the NATS server answer."""

    def parse(self, body: bytes) -> None:
        """There is nothing to read."""


PROVE: Final = Prove()


@final
@frozen(kw_only=True)
class RelayDialect(Dialect):
    """The public market data of a venue, over a relay."""

    venue: Dialect
    where: Endpoint
    """Where the feed listens, or any place where it is in memory."""
    names: Names = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "names", Names.of(self.venue))

    @property
    def name(self) -> str:
        """The venue's, and that it is a relay's."""
        return f"{self.venue.name} by relay"

    @property
    def endpoint(self) -> Endpoint:
        """Of the feed."""
        return self.where

    @property
    def ping(self) -> Command[Any]:
        """Proves the way to the NATS server and back."""
        return PROVE

    def encode(self, command: Command[Any], request_id: RequestId) -> Outgoing:
        """For the feed. Raises `UsageError` for every command of the venue."""
        if isinstance(command, Join):
            said: list[Any] = ["join", request_id, [self._wanted(topic) for topic in command.topics]]
        elif isinstance(command, Part):
            said = ["part", request_id, [self.names.tail(topic) for topic in command.topics]]
        elif isinstance(command, Prove):
            said = ["prove", request_id]
        else:
            raise UsageError(
                f"{describe(command)} cannot be sent over a relay, which carries market data only; use a connection of your own"
            )
        return Outgoing(text=encode(said), keys=(("relay", int(request_id)),))

    def _wanted(self, topic: Topic[Event]) -> list[Any]:
        needs_whole = self.venue.book(topic) is not None
        return [self.names.tail(topic), topic.key, needs_whole, topic.is_whole_state and not needs_whole]

    def decode(self, payload: bytes) -> Sequence[Inbound]:
        """The venue's payload by the venue's dialect, or the feed's own word."""
        if payload[:1] != CONTROL:
            return self.venue.decode(payload)
        word, _, enclosed = payload[1:].partition(b"\n")
        said = _said(word)
        if said.only:
            key = _key(said.only)
            return Enclosed([one for one in self.venue.decode(enclosed) if _concerns(one, key)], payload=enclosed)
        if said.ok is not None:
            return (Answer(keys=(("relay", said.ok),)),)
        return (Interrupted(concerns=tuple(_key(key) for key in said.lost), why=said.why),)

    @property
    def plain_pushes(self) -> Mapping[str, Any]:
        """The venue's: the extension reads them as on a connection of its own."""
        return self.venue.plain_pushes if isinstance(self.venue, HasPlainPushes) else {}

    def subscribe(self, topics: Sequence[Topic[Event]]) -> Sequence[tuple[Command[Any], Sequence[Topic[Event]]]]:
        """Of the feed. Raises `UsageError` for what cannot come over a relay, and for what the venue's socket does not have."""
        for topic in topics:
            check_relayed(self.venue, topic)
        self.venue.subscribe(topics)
        return [(Join(topics=tuple(group)), group) for group in _groups(topics)]

    def unsubscribe(self, topics: Sequence[Topic[Event]]) -> Sequence[tuple[Command[Any], Sequence[Topic[Event]]]]:
        """Of the feed."""
        return [(Part(topics=tuple(group)), group) for group in _groups(topics)]

    def book(self, topic: Topic[Event]) -> Book | None:
        """The venue's: it is proved here again."""
        return self.venue.book(topic)


def _groups(topics: Sequence[Topic[Event]]) -> list[Sequence[Topic[Event]]]:
    return [topics[at : at + MOST_TOPICS] for at in range(0, len(topics), MOST_TOPICS)]


def _concerns(item: Inbound, key: TopicKey) -> bool:
    if isinstance(item, Update):
        return key in (item.topic_key, wide(item.topic_key))
    return not isinstance(item, Unrecognised) or item.concerns in (None, ANYTHING, key)


class _Said(msgspec.Struct, frozen=True):
    ok: int | None = None
    only: tuple[Any, ...] = ()
    """Of the payload behind it nothing but this topic counts."""
    lost: tuple[tuple[Any, ...], ...] = ()
    why: str = ""


_said: Final = msgspec.json.Decoder(_Said).decode
_asked: Final = msgspec.json.Decoder(list[Any]).decode


def _key(parts: Sequence[Any]) -> TopicKey:
    return tuple(tuple(part) if isinstance(part, list) else part for part in parts)


def ask(feed: Feed, text: str | bytes, now: float) -> None:
    """Hands a request of a session to the feed."""
    said = _asked(text)
    match said:
        case ["join", int(request), list(wanted)]:
            feed.join(
                request,
                [
                    Wanted(tail=tail, key=_key(key), needs_whole=whole, is_state=state)
                    for tail, key, whole, state in wanted
                ],
                now,
            )
        case ["part", int(request), list(tails)]:
            feed.leave(request, tails)
        case ["prove", int(request)]:
            feed.prove(request)
        case _:
            raise AssertionError("a request that no dialect of a relay makes")


__all__ = ["Join", "Part", "Prove", "RelayDialect", "ask"]
