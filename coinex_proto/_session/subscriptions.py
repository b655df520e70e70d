"""What is wanted, and how far the venue has been asked for it: one record a topic, and the way from an update to its topics.

Only this file writes a `Subscription`; the table of its states is in `subscription_states.py`. What a subscription's
updates prove is its `Verification`, which only `trust.py` writes. Knows no connection and no venue.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, Final, Literal, TypeAlias

from attrs import Factory, define, field, frozen

from coinex_proto._session.subscription_states import ACKNOWLEDGED, AT_VENUE, TRANSITIONS, Cause, Proof, State
from coinex_proto.books.book import Book
from coinex_proto.books.view import BookView
from coinex_proto.errors import SdkError
from coinex_proto.ids import TopicKey
from coinex_proto.topics import Merger, Topic, is_wide, wide
from coinex_proto.updates import Event, Update

AnyTopic: TypeAlias = Topic[Event]
TopicState: TypeAlias = Literal["wanted", "asked", "acknowledged", "live", "lost", "refused"]

MAX_ROUTES: Final = 10_000
"""So many keys are remembered with their subscriptions: a peer may name any number of markets."""


@frozen(kw_only=True)
class TopicStatus:
    """How a wanted topic stands."""

    topic: AnyTopic
    state: TopicState
    """wanted: not asked yet; asked; acknowledged: no first state yet; live; lost: was live; refused: the venue said no."""
    last_update_at: float | None
    """When its last update was received, as `received_at`; None: never."""
    why: str
    """Why it is lost or refused, else empty."""


class Verification:
    """What the updates of one subscription prove; written by `trust.py` only."""

    __slots__ = (
        "absent_deletes",
        "apply_read",
        "awaited_since",
        "book",
        "is_every_read",
        "is_muted",
        "key",
        "last_update_at",
        "live_at",
        "lost_since",
        "lost_why",
        "market",
        "merger",
        "proof",
        "renewals",
        "subscription",
        "unproved_since",
        "unproved_updates",
        "unproved_why",
        "view",
    )

    def __init__(self, subscription: Subscription) -> None:
        self.subscription: Subscription = subscription
        self.book: Book | None = None
        self.view: BookView | None = None
        self.is_every_read: bool = False
        """One `BookChanged` a read is enough, not one a push."""
        self.apply_read: Callable[[Sequence[Update]], str | None] | None = None
        """There too: what takes the updates of a read together, where its book can."""
        self.is_muted: bool = False
        """The updates its book is made of are handed out by another line of the client."""
        self.key: TopicKey = subscription.key
        self.market: str = ""
        self.unproved_updates: list[Update] = []
        """Of this read, of a live book that takes the updates of a read together."""
        self.merger: Merger | None = None
        """Where pushes are differences: what makes whole ones of them."""
        self.proof: Proof = Proof.UNEXPECTED
        self.live_at: float = 0.0
        """Since when, while it is."""
        self.lost_since: float | None = None
        self.lost_why: str = ""
        self.last_update_at: float | None = None
        self.awaited_since: float = 0.0
        """Since when a push is awaited, if none came later: a topic that has just gone live has its time."""
        self.unproved_since: float | None = None
        """Since when its updates do not prove its book, or it brings nothing though it was not acknowledged."""
        self.unproved_why: str = ""
        self.absent_deletes: int = 0
        """Those of its book that the statistics have counted."""
        self.renewals: int = 0
        """How often it was asked for again for that reason."""

    @property
    def is_live(self) -> bool:
        """Whether what it brings is verified."""
        return self.proof is Proof.LIVE

    @property
    def is_expected(self) -> bool:
        """On this connection its updates can come: it was asked for, itself or through the all-markets topic."""
        return self.proof is not Proof.UNEXPECTED


@define(eq=False)
class Subscription:
    """One topic that somebody wants, or that the venue still has to be asked to end."""

    topic: AnyTopic
    holders: set[Hashable] = Factory(set)
    state: State = State.OFF
    requested_topic: AnyTopic | None = None
    """What the venue was last asked for: `topic` may have other parameters since."""
    must_confirm: bool = False
    """Other parameters than before: until this is acknowledged, what comes may still be of the old ones."""
    refusal: SdkError | None = None
    """Why the venue refused it for good, until somebody wants it anew."""
    failures: int = 0
    """Requests in a row that it refused for now or did not answer: the pause before the next grows."""
    sign_in_refusals: int = 0
    """Connections that ended since the venue took this topic for asked without a sign-in: a topic is not tried for ever."""
    retry_at: float | None = None
    """When it may be asked for again, while it waits for that."""
    key: TopicKey = Factory(lambda self: self.topic.key, takes_self=True)
    verification: Verification = field(init=False, default=Factory(Verification, takes_self=True))

    @property
    def is_private(self) -> bool:
        """Whether it needs a sign-in."""
        return self.topic.is_private

    # What is wanted ---------------------------------------------------------------------------------------------------

    def want(self, topic: AnyTopic, holder: Hashable) -> None:
        """One more holder; the first one says with which parameters."""
        if self.holders:
            self.move(Cause.HELD)
        else:
            self.must_confirm |= self.state in AT_VENUE and self.topic != topic
            self.topic = topic
            self.move(Cause.WANTED)
        self.refusal = None
        self.holders.add(holder)

    def let_go(self, holder: Hashable) -> bool:
        """This holder wants it no more. True: nobody does."""
        if holder not in self.holders:
            return False
        self.holders.discard(holder)
        return not self.holders

    # How far the venue has been asked ---------------------------------------------------------------------------------

    def move(self, cause: Cause) -> None:
        """To the next state, where the table has one."""
        self.state = TRANSITIONS.get((self.state, cause), self.state)

    def requested(self) -> None:
        """The request has left."""
        self.move(Cause.REQUESTED)
        self.requested_topic = self.topic

    def acknowledged(self) -> None:
        """The venue has started it."""
        self.move(Cause.ACKNOWLEDGED)
        self.failures = self.sign_in_refusals = 0
        self.retry_at = None
        self.must_confirm = self.must_confirm and self.state is State.EXPIRED

    def delayed(self, cause: Cause, retry_at: float) -> None:
        """It was asked for in vain, and may be again then."""
        self.move(cause)
        self.failures += 1
        self.retry_at = retry_at

    def refused(self, error: SdkError) -> None:
        """It was refused for good."""
        self.move(Cause.REFUSED)
        self.refusal = error

    def set_back_by_sign_in(self) -> None:
        """Not itself was refused, but the sign-in of the connection, which has ended."""
        self.move(Cause.SET_BACK)
        self.sign_in_refusals += 1

    def retried(self) -> None:
        """The time to ask again has come, or nobody waits for it any more."""
        self.move(Cause.RETRIED)
        self.retry_at = None

    def end_requested(self) -> None:
        """The request to end it has left; what may be on and is still wanted is asked for after that."""
        was_uncertain = self.state is State.UNCERTAIN
        self.move(Cause.END_REQUESTED)
        if was_uncertain:
            self.retry_at = None
            if self.holders:
                self.move(Cause.RENEWED)

    def disconnected(self) -> None:
        """The venue has forgotten it."""
        self.move(Cause.DISCONNECTED)
        self.must_confirm = False
        self.retry_at = None
        self.failures = 0

    # In the words of users --------------------------------------------------------------------------------------------

    def status(self, stamp: Callable[[float], float]) -> TopicStatus:
        """For `topics()`; `stamp` makes wall time of the session's."""
        known = self.verification
        at = known.last_update_at
        why = str(self.refusal) if self.refusal is not None else known.lost_why or known.unproved_why
        return TopicStatus(
            topic=self.topic, state=self._in_words(), last_update_at=at if at is None else stamp(at), why=why
        )

    def _in_words(self) -> TopicState:
        known = self.verification
        if known.is_live:
            return "live"
        if self.refusal is not None:
            return "refused"
        if known.lost_since is not None:
            return "lost"
        if self.state in ACKNOWLEDGED:
            return "acknowledged"
        return "asked" if known.is_expected else "wanted"


class Subscriptions:
    """All subscriptions of a session by key, and the way from an update to those that it belongs to."""

    def __init__(self) -> None:
        self.by_key: dict[TopicKey, Subscription] = {}
        """To be read only."""
        self.routes: dict[TopicKey, tuple[Verification, ...]] = {}
        """What `route` has found before; to be read only."""

    def __iter__(self) -> Iterator[Subscription]:
        return iter(self.by_key.values())

    def get(self, key: TopicKey) -> Subscription | None:
        """The subscription with this key, wanted or just ending."""
        return self.by_key.get(key)

    def wanted(self) -> list[Subscription]:
        """Those that somebody holds."""
        return [subscription for subscription in self.by_key.values() if subscription.holders]

    def add(self, subscription: Subscription) -> None:
        """A new one."""
        self.by_key[subscription.key] = subscription
        self.routes.clear()

    def remove(self, subscription: Subscription) -> None:
        """Nobody wants it, and the venue need not be asked for anything."""
        del self.by_key[subscription.key]
        self.routes.clear()

    def holders_changed(self) -> None:
        """Updates may go to other subscriptions than before."""
        self.routes.clear()

    def route(self, key: TopicKey) -> tuple[Verification, ...]:
        """Of the wanted subscriptions that an update with this key belongs to: its own market's and all markets'."""
        route = self.routes.get(key)
        if route is None:
            if len(self.routes) >= MAX_ROUTES:
                self.routes.clear()
            both = (self.by_key.get(key), self.by_key.get(wide(key)) if not is_wide(key) else None)
            route = self.routes[key] = tuple(one.verification for one in both if one is not None and one.holders)
        return route

    def cover(self, subscription: Subscription) -> Subscription | None:
        """The all-markets subscription that makes asking for this market needless, if there is one."""
        if is_wide(subscription.key):
            return None
        over = self.by_key.get(wide(subscription.key))
        if over is None or over.refusal is not None:
            return None
        return over if over.holders or over.state in AT_VENUE else None

    def covered(self, over: Subscription) -> list[Subscription]:
        """The single markets of an all-markets subscription."""
        if not is_wide(over.key):
            return []
        return [one for one in self.by_key.values() if one is not over and wide(one.key) == over.key]


def topics_of(subscriptions: Iterable[Subscription]) -> tuple[Topic[Any], ...]:
    """Their topics."""
    return tuple(subscription.topic for subscription in subscriptions)


def requested_topics_of(subscriptions: Iterable[Subscription]) -> tuple[Topic[Any], ...]:
    """As the venue knows them: what is wanted now may have other parameters."""
    return tuple(subscription.requested_topic or subscription.topic for subscription in subscriptions)
