"""Everything that can come out of a connection or a session.

Events are immutable. `Update` is the base of what a venue says; the other classes are what became of the connection, the
topics and the requests. This module must not know any venue.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar

from attrs import field, fields, frozen

if TYPE_CHECKING:
    from coinex_proto.books import BookView
    from coinex_proto.commands import Command, RequestId
    from coinex_proto.errors import ConnectFailed, LoginRefused, SdkError
    from coinex_proto.orders import OrderView
    from coinex_proto.topics import Topic, TopicKey

R = TypeVar("R")
U = TypeVar("U", bound="Update")

ANYTHING: Final[TopicKey] = (None, None)
"""Stands for a topic of any kind and market."""
ABNORMAL_CLOSURE = 1006
"""RFC 6455 7.4.1: the connection ended without a Close frame."""


@frozen(kw_only=True)
class Event:
    """Base of all events."""


class _Stamp:
    """Slots that msgspec does not know, so that no wire member of the same name can reach them.

    Properties and not `__getattr__`: msgspec asks a class that has it once per absent field, at 0.65 us each.
    """

    __slots__ = ("_is_recovered", "_raw", "_received_at")

    _is_recovered: bool
    _raw: bytes
    _received_at: float

    @property
    def received_at(self) -> float:
        """The `now` of the read that completed it; 0.0 when it came from no connection."""
        try:
            return self._received_at
        except AttributeError:
            return 0.0

    @received_at.setter
    def received_at(self, value: float) -> None:
        _set_received_at(self, value)

    @property
    def raw(self) -> bytes:
        """The inflated payload it came in; empty when it came from no connection."""
        try:
            return self._raw
        except AttributeError:
            return b""

    @raw.setter
    def raw(self, value: bytes) -> None:
        _set_raw(self, value)

    @property
    def is_recovered(self) -> bool:
        """True: a query told it after a gap. False: the venue pushed it."""
        try:
            return self._is_recovered
        except AttributeError:
            return False


_set_is_recovered = vars(_Stamp)["_is_recovered"].__set__
_set_received_at = vars(_Stamp)["_received_at"].__set__
_set_raw = vars(_Stamp)["_raw"].__set__


@frozen(kw_only=True)
class Update(Event, _Stamp):
    """What the venue says, in the venue's own words.

    `received_at`: the `now` of the read that completed it, Unix seconds under our drivers; 0.0 when it came from no
    connection. `raw`: the inflated payload it came in (shared by all updates of that payload). Neither takes part in
    repr or ==.
    """

    has_sequence: ClassVar[bool] = False
    """True: the class has `sequence: int | None`, a number that grows along the connection or along its topic."""
    is_merged: ClassVar[bool] = False
    """True: its topic may have a `Topic.merger`, which makes of it what the topic brings."""
    tells_order: ClassVar[bool] = False
    """True: `Dialect.order` may find something in it."""
    has_trade_ids: ClassVar[bool] = False
    """True: the class has `trade_ids` and `without_trades`, and trades seen before are taken out after a reconnect."""

    @property
    def topic_key(self) -> TopicKey:
        """The key of the topic it belongs to, with its market named."""
        raise NotImplementedError(f"{type(self).__name__} has no topic key")

    @property
    def venue_time(self) -> float | None:
        """When the venue made it, Unix seconds on the venue's clock; None: it does not say."""
        return None

    def __reduce__(self) -> tuple[Any, ...]:
        # attrs pickles and copies its own fields only: a copy would say that it came from nowhere.
        values = {attribute.name: getattr(self, attribute.name) for attribute in fields(type(self))}
        return _restored, (type(self), values, self.raw, self.received_at, self.is_recovered)


def _restored(kind: type[U], values: dict[str, Any], raw: bytes, received_at: float, is_recovered: bool) -> U:
    update = kind.__new__(kind)
    for name, value in values.items():
        object.__setattr__(update, name, value)
    stamp(update, raw, received_at)
    if is_recovered:
        recovered(update, received_at)
    return update


def stamp(update: Update, raw: bytes, received_at: float) -> None:
    """Say when and in which payload an update came (the slots' own setters: updates are frozen)."""
    _set_received_at(update, received_at)
    _set_raw(update, raw)


def recovered(update: Update, at: float) -> None:
    """Say that a query has told this update, and when."""
    _set_received_at(update, at)
    _set_is_recovered(update, True)


@frozen(kw_only=True)
class Unrecognised(Event):
    """A message that could not be understood, or that nobody had asked for; the connection goes on."""

    raw: bytes = field(repr=False)
    """The payload, inflated where that was possible."""
    why: str
    concerns: TopicKey | None = None
    """The topic whose push it was, as far as can be seen: something of it was missed.

    None as market: any of its kind; `ANYTHING`: it cannot be seen at all.
    """


# The connection -------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Ready(Event):
    """Upgraded and, with credentials, signed in: commands may be sent."""


@frozen(kw_only=True)
class LoginFailed(Event):
    """The venue refused the credentials; the connection closes and is not tried again."""

    error: LoginRefused


@frozen(kw_only=True)
class CloseReason:
    """Why a connection ended."""

    code: int
    """Close code of RFC 6455: the peer's, or ours when we had to close; 1006 when there was none."""
    text: str
    error: ConnectFailed | None = None
    """Set when the connection never opened."""

    def __str__(self) -> str:
        return f"{self.text} ({self.code})" if self.text else str(self.code)


@frozen(kw_only=True)
class Closed(Event):
    """The connection is gone; the last event of it."""

    reason: CloseReason


@frozen(kw_only=True)
class Retrying(Event):
    """The next attempt to connect, number `attempt` in a row, comes at `at` (seconds on the clock of `now`)."""

    attempt: int
    at: float


# Topics ---------------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Subscribed(Event):
    """The venue acknowledged; for a public topic that alone does not prove that data will come."""

    topic: Topic[Event]


@frozen(kw_only=True)
class SubscribeFailed(Event):
    """The venue did not take this topic; nothing else is touched.

    With `error.retryable`, and after a time-out, the session asks again by itself, at a slower pace each time.
    """

    topic: Topic[Event]
    error: SdkError


@frozen(kw_only=True)
class Unsubscribed(Event):
    """This topic has ended: the venue acknowledged it or gave no answer. What it may still push is dropped."""

    topic: Topic[Event]


@frozen(kw_only=True)
class Lost(Event):
    """From now on these topics prove nothing; one event a cause, before any later data."""

    topics: tuple[Topic[Event], ...]
    since: float
    """When they were last proved (seconds on the clock of `now`): what happened after it may not have been seen."""
    why: str


@frozen(kw_only=True)
class Restored(Event):
    """These topics are live again: what happened from `since` to `until` was not seen."""

    topics: tuple[Topic[Event], ...]
    since: float
    until: float
    why: str
    """Why they were lost."""


@frozen(kw_only=True)
class BackfillStarted(Event):
    """The venue is about to be asked, by queries, what happened on these topics from `since` to `until`."""

    topics: tuple[Topic[Event], ...]
    since: float
    until: float


@frozen(kw_only=True)
class Backfilled(Event):
    """What happened from `since` to `until` has been asked for, and what was found was handed out before this event."""

    topic: Topic[Event]
    since: float
    until: float
    recovered: int
    """Updates that were handed out for it, each with `is_recovered`; what had been seen before is not among them."""
    missing: str = ""
    """What cannot be known or was not reached, in words; empty: nothing is known to be missing."""


# Requests -------------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Replied(Event, Generic[R]):
    """The answer to a request; each request ends in exactly one `Replied` or `Failed`."""

    request_id: RequestId
    command: Command[R]
    result: R


@frozen(kw_only=True)
class Failed(Event):
    """A request that did not succeed."""

    request_id: RequestId
    command: Command[Any]
    error: SdkError
    """`RequestRefused`, `RequestTimedOut`, `OutcomeUnknown` or `PayloadError`."""


# State ----------------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class BookChanged(Event):
    """A proved order book as of this push; it never comes for a book that cannot be trusted."""

    topic: Topic[BookChanged]
    market: str
    book: BookView
    """An immutable snapshot."""

    @property
    def topic_key(self) -> TopicKey:
        """The key of `topic`."""
        return self.topic.key


@frozen(kw_only=True)
class OrderChanged(Event):
    """Something became known of an own order."""

    order: OrderView
    """A snapshot."""
