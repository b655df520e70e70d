"""The seam between the shared core and a venue.

A dialect is a frozen value without state; its methods are pure functions. A fourth venue implements `Dialect`, brings its
topics, commands and updates, and touches no shared file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeAlias, final, runtime_checkable

from attrs import field, frozen

from coinex_proto.commands import Command, Outgoing, Refusal
from coinex_proto.config import Config, Endpoint, Rate
from coinex_proto.events import Unrecognised
from coinex_proto.ids import ReplyKey, RequestId, TopicKey
from coinex_proto.updates import Event, Update

if TYPE_CHECKING:
    from coinex_proto.books.book import Book
    from coinex_proto.orders.fact import OrderFact
    from coinex_proto.orders.view import OrderView
    from coinex_proto.topics import Topic


@frozen(kw_only=True)
class Answer:
    """A reply to some request."""

    keys: tuple[ReplyKey, ...]
    """Tried in this order; the first waiting request that has one of them is answered."""
    body: bytes = field(default=b"", repr=False)
    """Raw JSON for `command.parse`."""
    refusal: Refusal | None = None
    part: str | None = None
    """Which of the request's `Outgoing.parts` it answers. None: all that are left; of a refusal: one that it does not name."""
    may_be_stray: bool = False
    """The venue may send it to nobody, or once more than it was asked: then it is dropped without a word."""


@frozen(kw_only=True)
class Challenge:
    """What the server wants signed; kept for the opening of this connection."""

    value: bytes = field(repr=False)


@frozen(kw_only=True)
class SendNow:
    """The server has asked something itself, such as a ping in JSON: this command is sent at once, outside all limits.

    At most `MAX_SENT_NOW` a second, since a peer may ask without end. A command whose `Outgoing` has no keys is waited for
    no more; what comes of any other is nobody's business. Its text may repeat what the server said.
    """

    command: Command[Any]


@frozen(kw_only=True)
class Interrupted(Event):
    """The peer says that it does not know any more whether these topics are right; for the session only.

    They are lost at once, each until the next update of it, a book until the next whole one. For a peer between the venue and
    us, such as a relay: a venue itself says nothing of the kind.
    """

    concerns: tuple[TopicKey, ...]
    why: str


Inbound: TypeAlias = Answer | Challenge | SendNow | Update | Unrecognised | Interrupted
"""What a payload can hold."""


@final
class Mended(tuple[Inbound, ...]):  # noqa: SLOT001  (a tuple with slots of its own cannot be)
    """What a payload holds after a second reading: some members of its updates could not be read and are None."""

    left_out: int

    def __new__(cls, inbound: Sequence[Inbound], *, left_out: int) -> Self:
        """`left_out`: how many."""
        made = super().__new__(cls, inbound)
        made.left_out = left_out
        return made


@final
class Enclosed(tuple[Inbound, ...]):  # noqa: SLOT001  (a tuple with slots of its own cannot be)
    """What a payload holds that came with something around it: `payload` is what the venue sent."""

    payload: bytes

    def __new__(cls, inbound: Sequence[Inbound], *, payload: bytes) -> Self:
        """`payload`: goes into the updates, in place of what came."""
        made = super().__new__(cls, inbound)
        made.payload = payload
        return made


@frozen(kw_only=True)
class Opening:
    """What a dialect may use to build the opening of a connection."""

    challenge: bytes | None = field(default=None, repr=False)
    """The server's challenge, or None while none has come."""
    wall_time_ns: int
    """Nanoseconds since the Unix epoch, corrected by what is known of the venue's clock."""
    random_bytes: Callable[[int], bytes] = field(repr=False)
    endpoint: Endpoint | None = None
    """Where this connection was opened, with a query that may hold what the dialect put there."""


class Dialect(Protocol):
    """What the core must know of a venue.

    A class that inherits from it says only what its venue has: no sign-in, limits, clock, books or orders are the defaults.
    """

    @property
    def name(self) -> str:
        """Short and without secrets, for logs: "coinex spot"."""
        ...

    @property
    def endpoint(self) -> Endpoint:
        """Where to connect; asked anew before each connection."""
        ...

    @property
    def has_credentials(self) -> bool:
        """False: private topics and commands are refused with `UsageError`."""
        return False

    @property
    def limits(self) -> Mapping[str, Rate]:
        """The venue's rate limits by bucket name."""
        return {}

    @property
    def ping(self) -> Command[Any] | None:
        """What proves that the connection is alive; None: a WebSocket ping."""
        return None

    @property
    def clock(self) -> Command[int] | None:
        """Asks for the venue's time, in Unix milliseconds; None: the venue has no such request."""
        return None

    def opening(self, start: Opening) -> Sequence[Command[Any]] | None:
        """The commands to send one after the other before the connection is ready; None: wait for the challenge."""
        return ()

    def encode(self, command: Command[Any], request_id: RequestId) -> Outgoing:
        """The wire form. Raises `UsageError` for what cannot be said on this venue."""
        ...

    def decode(self, payload: bytes) -> Sequence[Inbound]:
        """What an inflated payload holds. Never raises: what cannot be read is `Unrecognised`."""
        ...

    def subscribe(self, topics: Sequence[Topic[Event]]) -> Sequence[tuple[Command[Any], Sequence[Topic[Event]]]]:
        """The requests that start these topics, each with the topics it covers, joined as far as the venue allows.

        A topic that no request covers needs none: it counts as acknowledged. Raises `UsageError` for a topic of another
        venue or socket; the session asks this (and `encode`) once before it accepts a subscription.
        """
        ...

    def unsubscribe(self, topics: Sequence[Topic[Event]]) -> Sequence[tuple[Command[Any], Sequence[Topic[Event]]]]:
        """The requests that end these topics."""
        ...

    def book(self, topic: Topic[Event]) -> Book | None:
        """A new, empty order book for this topic, or None when it has none."""
        return None

    def order(self, update: Update) -> Sequence[OrderFact]:
        """What an update says of own orders, in the tracker's words; empty for most."""
        return ()

    def private_check(self, topics: Sequence[Topic[Event]]) -> Sequence[Command[Any]]:
        """Cheap private requests whose answers prove that the venue still knows the sign-in behind these private topics.

        Empty where nothing can be asked. They change nothing, and are asked once a `Config.private_check_interval`.
        """
        return ()

    def find_out(self, orders: Sequence[OrderView]) -> Sequence[Command[Any]]:
        """The queries that tell what became of these orders of unknown state; empty where the socket has none.

        Of no orders: those that list every order that is open (`Update.is_whole_order_list`).
        A result that is an `Update` that tells orders reaches the tracker. Never raises for what the orders hold.
        """
        return ()


@runtime_checkable
class CancelsOnDisconnect(Protocol):
    """What a dialect says in addition where the venue may cancel all orders when a connection ends."""

    @property
    def cancel_on_disconnect(self) -> bool:
        """Whether it does."""
        ...


@runtime_checkable
class SpreadsTopics(Protocol):
    """What a dialect says in addition where a client has several connections; one that says nothing has no limit and
    signs in on each.
    """

    @property
    def topics_per_connection(self) -> int | None:
        """How many topics the venue allows on one connection; None: it documents no limit."""
        ...

    def without_sign_in(self) -> Dialect:
        """The same venue for a connection that carries public topics only; itself, where there is no other way."""
        ...


@runtime_checkable
class HasPlainPushes(Protocol):
    """What a dialect says in addition where the compiled extension can read its pushes, many in one call.

    Such a message is what `decode` would make of it; all others go through `decode` one by one.
    """

    @property
    def plain_pushes(self) -> Mapping[str, Any]:
        """By method, the member that lists the updates (None: there is one) and the model of each; empty: read none so."""
        ...


def documented_limit(dialect: Dialect) -> int | None:
    """How many topics the venue allows on one connection; None: it documents no limit."""
    return dialect.topics_per_connection if isinstance(dialect, SpreadsTopics) else None


def needs_lines(config: Config, dialect: Dialect) -> bool:
    """Whether one `Session` is not enough for what is asked for, so that it takes `Lines`."""
    return (
        config.renew_every is not None
        or config.lines > 1
        or config.doubled is not None
        or config.topics_per_connection is not None
        or documented_limit(dialect) is not None
    )
