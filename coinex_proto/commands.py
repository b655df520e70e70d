"""What a caller requests of a venue, and the wire form that a dialect gives it.

A command is a value: the venue's verb, its parameters, and how to read the answer. This module must not know any venue.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Generic, TypeVar

from attrs import field, frozen

from coinex_proto.ids import ReplyKey, TopicKey
from coinex_proto.orders.fact import OrderFact
from coinex_proto.updates import Update

R_co = TypeVar("R_co", covariant=True)


@frozen(kw_only=True)
class Command(Generic[R_co]):
    """One request to a venue; `R` is what its answer is read as."""

    is_private: ClassVar[bool] = False
    """True: needs a signed-in connection, hence a dialect with credentials."""
    is_once: ClassVar[bool] = False
    """True: starts a topic, and the venue refuses it while that is on already: where it may be, the topic is ended first."""
    already_on: ClassVar[frozenset[int | str]] = frozenset()
    """The codes of that refusal: it is on then, from elsewhere, and its first state never reached this session."""

    def parse(self, body: bytes) -> R_co | Update:
        """The result, from the raw JSON of the answer's body (empty when the answer has none).

        Raises `PayloadError` when the body is not what the venue documents. A command that places an order, a
        `Command[OrderView]`, gives the `Update` that tells the order's state: `Session` makes the view of it.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how its answer is read")

    def order(self) -> OrderFact | None:
        """What sending this says of an order: for a command that places one, the order in state `sending`."""
        return None

    def order_if_unknown(self) -> OrderFact | None:
        """What it says of an order when its outcome is not known: of one that it changes or cancels, state `unknown`."""
        return None


NO_PARTS: Final[Mapping[str, TopicKey]] = {}
"""There is one answer."""


@frozen(kw_only=True)
class Outgoing:
    """A command in its wire form."""

    text: bytes = field(repr=False)
    """UTF-8 JSON; hidden, since it may hold a signature."""
    keys: tuple[ReplyKey, ...]
    bucket: str | None = None
    """Which of the dialect's `limits` it takes from; None: none."""
    weight: float = 1.0
    may_wait: bool = True
    """False: a command that trades; with its bucket empty it is refused with `NotReady`, never delayed."""
    parts: Mapping[str, TopicKey] = NO_PARTS
    """Where the venue answers each topic of a list by itself, under the same keys: the `Answer.part` of each, and the key of
    its topic. Empty: there is one answer."""
    is_reply_optional: bool = False
    """True: no answer within `request_timeout` counts as success, with None as result."""


@frozen(kw_only=True)
class Refusal:
    """The venue's no, in one form for all venues."""

    code: int | str | None
    message: str = ""
    retryable: bool = False
    """The same request may succeed after a pause."""
    is_undocumented: bool = False
    """Nobody documented this code: what it says, and whether it will pass, is not known."""
    is_clock: bool = False
    """It may be the fault of our clock: worth asking the venue's time once."""
    is_unknown: bool = False
    """The request may have taken effect all the same."""
    ends_login: bool = False
    """The venue has forgotten the sign-in of this connection: a new one is needed."""
    hint: str = ""
    pause: float = 0.0
    """Seconds during which nothing more of this request's bucket should leave."""


def describe(command: Command[Any]) -> str:
    """The command's name, for logs and error texts: never its values."""
    return type(command).__name__
