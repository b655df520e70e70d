"""Everything that can come out of a connection or a session.

Events are immutable. `Update` is the base of what a venue says; the other classes are what became of the connection, the
topics and the requests. This module must not know any venue.
"""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from attrs import field, frozen

from coinex_proto.books.view import BookChanged
from coinex_proto.commands import Command
from coinex_proto.errors import ConnectFailed, LoginRefused, SdkError
from coinex_proto.ids import RequestId, TopicKey
from coinex_proto.orders.exit_order import ExitOrder
from coinex_proto.orders.fact import OrdersMissed
from coinex_proto.orders.view import OrderView
from coinex_proto.topics import Topic
from coinex_proto.updates import Event, Update, recovered, stamp

__all__ = [
    "ABNORMAL_CLOSURE",
    "BackfillStarted",
    "Backfilled",
    "BookChanged",
    "CloseReason",
    "Closed",
    "Event",
    "Failed",
    "LineChanged",
    "LoginFailed",
    "Lost",
    "OrderChanged",
    "OrdersGuarded",
    "OrdersQueried",
    "Ready",
    "RenewalFailed",
    "Renewed",
    "Replied",
    "Restored",
    "Retrying",
    "SubscribeFailed",
    "Subscribed",
    "Unrecognised",
    "Unsubscribed",
    "Update",
    "recovered",
    "stamp",
]

R = TypeVar("R")

ABNORMAL_CLOSURE = 1006
"""RFC 6455 7.4.1: the connection ended without a Close frame."""


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
    orders: OrdersMissed | None = field(default=None, repr=False)
    """The own orders of which it may have told; None with `concerns=ANYTHING`: any of them."""


# The connection -------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Ready(Event):
    """Upgraded and, with credentials, signed in: commands may be sent."""


@frozen(kw_only=True)
class LoginFailed(Event):
    """The venue refused the sign-in; the connection closes. `Retrying` behind it says that it is tried again."""

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
    why: str = field(default="", eq=False)
    """How the last connection, or the attempt to open one, ended."""


@frozen(kw_only=True)
class Renewed(Event):
    """The topics of one line have moved to a new connection without a gap."""

    line: int
    """The new one's number."""
    replaced: int
    """The old one's, which closes now."""
    why: str


@frozen(kw_only=True)
class RenewalFailed(Event):
    """A new connection did not come, or did not verify every topic; the old line goes on, and it is tried again at `at`."""

    line: int
    """The one that goes on."""
    why: str
    at: float
    """Seconds on the clock of `now`."""


@frozen(kw_only=True)
class LineChanged(Event):
    """One of a client's several lines is ready, closed, about to connect again, refused, or ended for good.

    `Ready` and `Closed` are of the client: whether any line can send commands.
    """

    line: int
    state: Literal["ready", "closed", "retrying", "refused", "ended", "alone", "clock"]
    """"alone": the venue allows one sign-in only, and there are no two lines of it any more. "clock": the venue's clock on it
    is not that of the other line, so that updates are not told apart by their time any more.
    """
    why: str


# Topics ---------------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Subscribed(Event):
    """The venue acknowledged; for a public topic that alone does not prove that data will come."""

    topic: Topic[Event]


@frozen(kw_only=True)
class SubscribeFailed(Event):
    """The venue did not take this topic; nothing else is touched.

    With `error.retryable`, and after a time-out, the session asks again by itself, after a longer pause each time.
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
    """When they were last proved, by the wall clock as it is set now: what happened after it may not have been seen.

    Unix seconds where `now` reads as those, as under our drivers, else seconds on the clock of `now`; so are the others.
    """
    why: str


@frozen(kw_only=True)
class Restored(Event):
    """These topics are live again: what happened from `since` to `until` was not seen."""

    topics: tuple[Topic[Event], ...]
    since: float
    until: float
    why: str
    """Why they were lost."""
    unknown_orders: int = 0
    """Of topics that tell of own orders: so many orders are still `unknown`, not asked about or not answered for yet."""


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
class OrderChanged(Event):
    """Something became known of an own order."""

    order: OrderView
    """A snapshot."""


@frozen(kw_only=True)
class OrdersGuarded(Event):
    """The guard has cancelled what is open, and how that ended for each order."""

    cause: Literal["lost", "exit", "error"]
    """Own orders were lost for too long, the block was left, or a callback has raised."""
    orders: tuple[ExitOrder, ...]
    """"unknown": it may still stand."""
    is_listed: bool
    """At the end the venue has listed nothing more that was to be cancelled. False: there may be orders nobody here knows."""
    why: str = ""
    """What kept the venue's list from being seen."""

    @property
    def is_clear(self) -> bool:
        """Nothing that was to be cancelled stands any more, as far as the venue says."""
        return self.is_listed and all(order.outcome != "unknown" for order in self.orders)


@frozen(kw_only=True)
class OrdersQueried(Event):
    """The venue is about to be asked about own orders over HTTP."""

    orders: tuple[OrderView, ...] = ()
    """Those of unknown state that are asked about, as snapshots."""
    is_whole_list: bool = False
    """True: for the list of all open orders, to compare it with what is known here."""
