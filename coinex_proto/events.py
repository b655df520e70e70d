"""Everything that can come out of a connection or a session.

Events are immutable. `Update` is the base class of everything a venue sends; the other classes report what happened to the
connection, the topics and the requests. This module must not know any venue.
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
    """A message that could not be understood, or an answer to nothing; the connection stays up."""

    raw: bytes = field(repr=False)
    """The payload, decompressed if possible."""
    why: str
    concerns: TopicKey | None = None
    """The topic it was a push of, as far as one can tell: that topic missed something.

    With None as market, any topic of that kind; `ANYTHING` means one cannot tell.
    """
    orders: OrdersMissed | None = field(default=None, repr=False)
    """The own orders it may have been about; None with `concerns=ANYTHING`: any of them."""


# The connection -------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Ready(Event):
    """Upgraded and, with credentials, signed in: commands may be sent."""


@frozen(kw_only=True)
class LoginFailed(Event):
    """The venue refused the sign-in, and the connection closes. A `Retrying` after it means that the client will try again."""

    error: LoginRefused


@frozen(kw_only=True)
class CloseReason:
    """Why a connection ended."""

    code: int
    """Close code of RFC 6455: the peer's, or ours if we closed; 1006 if there was none."""
    text: str
    error: ConnectFailed | None = None
    """Set if the connection never opened."""

    def __str__(self) -> str:
        return f"{self.text} ({self.code})" if self.text else str(self.code)


@frozen(kw_only=True)
class Closed(Event):
    """The connection is gone; this is its last event."""

    reason: CloseReason


@frozen(kw_only=True)
class Retrying(Event):
    """The next attempt to connect, number `attempt` in a row, will be made at `at` (seconds on the clock of `now`)."""

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
    """The new connection failed or did not verify every topic. The old one carries on, and renewal is tried again at `at`."""

    line: int
    """The one that carries on."""
    why: str
    at: float
    """Seconds on the clock of `now`."""


@frozen(kw_only=True)
class LineChanged(Event):
    """One of a client's several lines is ready, closed, about to connect again, refused, or ended for good.

    `Ready` and `Closed` are about the client: whether any line can send commands.
    """

    line: int
    state: Literal["ready", "closed", "retrying", "refused", "ended", "alone", "clock"]
    """"alone": the venue allows only one sign-in, so this line is renewed by reconnecting from now on. "clock": the venue's clock on this line
    differs from that on the other, so updates are no longer matched by their time.
    """
    why: str


# Topics ---------------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Subscribed(Event):
    """The venue acknowledged the subscription. For a public topic that alone does not prove that data will come."""

    topic: Topic[Event]


@frozen(kw_only=True)
class SubscribeFailed(Event):
    """The venue rejected this topic; other topics are not affected.

    If `error.retryable`, and after a time-out, the session subscribes again by itself, after a longer pause each time.
    """

    topic: Topic[Event]
    error: SdkError


@frozen(kw_only=True)
class Unsubscribed(Event):
    """This topic has ended: the venue acknowledged that, or gave no answer. Further pushes of it are dropped."""

    topic: Topic[Event]


@frozen(kw_only=True)
class Lost(Event):
    """From now on these topics can't be trusted. There is one event per cause, before any later data."""

    topics: tuple[Topic[Event], ...]
    since: float
    """When they were last verified, by the wall clock as it is set now: anything after that may have been missed.

    Unix seconds if `now` is in Unix seconds, as with our drivers; otherwise seconds on the clock of `now`. The same holds for
    the times in the events below.
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
    """For topics that report own orders: how many orders are still `unknown`, not queried or not answered yet."""


@frozen(kw_only=True)
class BackfillStarted(Event):
    """Queries are about to ask the venue what happened on these topics from `since` to `until`."""

    topics: tuple[Topic[Event], ...]
    since: float
    until: float


@frozen(kw_only=True)
class Backfilled(Event):
    """The venue has been asked what happened from `since` to `until`; what was found was delivered before this event."""

    topic: Topic[Event]
    since: float
    until: float
    recovered: int
    """How many updates were delivered for it, each with `is_recovered`; anything seen before is not delivered again."""
    missing: str = ""
    """What could not be recovered, in words; empty if nothing is known to be missing."""


# Requests -------------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Replied(Event, Generic[R]):
    """The answer to a request; each request ends in exactly one `Replied` or `Failed`."""

    request_id: RequestId
    command: Command[R]
    result: R
    was_answered: bool = True
    """False: a request of a kind that the venue need not answer, and it did not; `result` is None."""


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
    """Something new is known about an own order."""

    order: OrderView
    """A snapshot."""


@frozen(kw_only=True)
class OrdersGuarded(Event):
    """The guard has cancelled open orders; how that ended, per order."""

    cause: Literal["lost", "exit", "error"]
    """Own orders were lost for too long, the block was left, or a callback raised."""
    orders: tuple[ExitOrder, ...]
    """An "unknown" one may still be open."""
    is_listed: bool
    """In the end the venue listed nothing more to cancel. False: there may be orders this client does not know about."""
    why: str = ""
    """Why the venue's list could not be read."""

    @property
    def is_clear(self) -> bool:
        """Whether everything to be cancelled is gone, according to the venue."""
        return self.is_listed and all(order.outcome != "unknown" for order in self.orders)


@frozen(kw_only=True)
class OrdersQueried(Event):
    """The venue is about to be asked about own orders over HTTP."""

    orders: tuple[OrderView, ...] = ()
    """The orders of unknown state it is asked about, as snapshots."""
    is_whole_list: bool = False
    """True: it is asked for the list of all open orders, to compare with what is known here."""
