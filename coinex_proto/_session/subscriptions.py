"""The table of wanted topics: who wants what, how far the venue has been asked, and which updates belong to whom.

A passive table: `_asking.py` moves the wire state, `_trust.py` the trust. Knows no connection and no venue.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from attrs import Factory, define, frozen

from coinex_proto.ids import TopicKey
from coinex_proto.topics import Topic, is_wide, wide

if TYPE_CHECKING:
    from coinex_proto.books.book import Book
    from coinex_proto.books.view import BookView
    from coinex_proto.errors import SdkError
    from coinex_proto.topics import Merger
    from coinex_proto.updates import Event

AnyTopic: TypeAlias = "Topic[Event]"
TopicState: TypeAlias = Literal["wanted", "asked", "acknowledged", "live", "lost", "refused"]


MAX_ROUTES: Final = 10_000
"""So many keys are remembered with their wishes: a peer may name any number of markets."""


class Wire(Enum):
    """What the venue has been told of a topic on this connection."""

    OFF = "off"
    ASKING = "asking"
    ON = "on"
    ENDING = "ending"


@frozen(kw_only=True)
class TopicStatus:
    """How a wanted topic stands."""

    topic: AnyTopic
    state: TopicState
    """wanted: not asked yet; asked; acknowledged: no first state yet; live; lost: was live; refused: the venue said no."""
    last_update_at: float | None
    """When its last update was received; None: never."""
    why: str
    """Why it is lost or refused, else empty."""


@define(eq=False)
class Subscription:
    """One topic that somebody wants, or that the venue still has to be told is wanted no more."""

    topic: AnyTopic
    key: TopicKey
    is_private: bool
    book: Book | None
    view: BookView | None
    holders: set[Hashable] = Factory(set)
    wire: Wire = Wire.OFF
    is_requested: bool = False
    """On this connection its updates can be expected: it was asked for, itself or through the all-markets topic."""
    may_be_on: bool = False
    """It was asked for in vain, but the venue may have started it and will not take the request twice."""
    requested_topic: AnyTopic | None = None
    """What the venue was last asked for: `topic` may have other parameters since."""
    must_confirm: bool = False
    """Other parameters than before: until this is acknowledged, what comes may still be of the old ones."""
    must_renew: bool = False
    """End it, then ask again: its state is in doubt."""
    is_live: bool = False
    live_at: float = 0.0
    """Since when, while it is."""
    lost_since: float | None = None
    lost_why: str = ""
    refused: SdkError | None = None
    failures: int = 0
    sign_in_refusals: int = 0
    """Connections that ended since the venue took this topic for asked without a sign-in."""
    retry_at: float | None = None
    last_update_at: float | None = None
    unproved_since: float | None = None
    """A book that gets updates which do not prove it, since then."""
    unproved_why: str = ""
    renewals: int = 0
    merger: Merger | None = None
    """Where pushes are differences: what makes whole ones of them."""

    def state(self) -> TopicState:
        """In the words of `TopicStatus`."""
        if self.is_live:
            return "live"
        if self.refused is not None:
            return "refused"
        if self.lost_since is not None:
            return "lost"
        if self.wire is Wire.ON:
            return "acknowledged"
        return "asked" if self.is_requested else "wanted"

    def status(self) -> TopicStatus:
        """For `topics()`."""
        why = str(self.refused) if self.refused is not None else self.lost_why or self.unproved_why
        return TopicStatus(topic=self.topic, state=self.state(), last_update_at=self.last_update_at, why=why)


class Subscriptions:
    """All wishes by key, those whose wire state must be looked at, and the way from an update to its wishes."""

    def __init__(self) -> None:
        self.by_key: dict[TopicKey, Subscription] = {}
        """To be read only."""
        self.routes: dict[TopicKey, tuple[Subscription, ...]] = {}
        """What `route` has found before; to be read only."""
        self.touched: dict[TopicKey, Subscription] = {}
        """Those whose wire state must be looked at; to be read only."""

    def __iter__(self) -> Iterator[Subscription]:
        return iter(self.by_key.values())

    def get(self, key: TopicKey) -> Subscription | None:
        """The wish with this key, wanted or just ending."""
        return self.by_key.get(key)

    def wanted(self) -> list[Subscription]:
        """Those that somebody holds."""
        return [subscription for subscription in self.by_key.values() if subscription.holders]

    def add(self, subscription: Subscription) -> None:
        """A new wish."""
        self.by_key[subscription.key] = subscription
        self.routes.clear()

    def remove(self, subscription: Subscription) -> None:
        """Nobody wants it and the venue has nothing to be told."""
        del self.by_key[subscription.key]
        self.routes.clear()

    def holders_changed(self) -> None:
        """Updates may go to other wishes than before."""
        self.routes.clear()

    def touch(self, subscriptions: Iterable[Subscription]) -> None:
        """Their wire state must be looked at."""
        for subscription in subscriptions:
            self.touched[subscription.key] = subscription

    def take_touched(self) -> list[Subscription]:
        """Those touched since the last call."""
        touched, self.touched = list(self.touched.values()), {}
        return touched

    def route(self, key: TopicKey) -> tuple[Subscription, ...]:
        """The wanted wishes that an update with this key belongs to: its own market's and all markets'."""
        route = self.routes.get(key)
        if route is None:
            if len(self.routes) >= MAX_ROUTES:
                self.routes.clear()
            both = (self.by_key.get(key), self.by_key.get(wide(key)) if not is_wide(key) else None)
            route = self.routes[key] = tuple(
                subscription for subscription in both if subscription is not None and subscription.holders
            )
        return route

    def cover(self, subscription: Subscription) -> Subscription | None:
        """The all-markets wish that makes asking for this market needless, if there is one."""
        if is_wide(subscription.key):
            return None
        over = self.by_key.get(wide(subscription.key))
        if over is None or over.refused is not None:
            return None
        return over if over.holders or over.wire is not Wire.OFF else None

    def covered(self, over: Subscription) -> list[Subscription]:
        """The single markets of an all-markets wish."""
        if not is_wide(over.key):
            return []
        return [
            subscription
            for subscription in self.by_key.values()
            if subscription is not over and wide(subscription.key) == over.key
        ]


def topics_of(subscriptions: Iterable[Subscription]) -> tuple[Topic[Any], ...]:
    """Their topics."""
    return tuple(subscription.topic for subscription in subscriptions)
