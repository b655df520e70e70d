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
class Wish:
    """One topic that somebody wants, or that the venue still has to be told is wanted no more."""

    topic: AnyTopic
    key: TopicKey
    is_private: bool
    book: Book | None
    view: BookView | None
    holders: set[Hashable] = Factory(set)
    wire: Wire = Wire.OFF
    is_asked: bool = False
    """On this connection its updates can be expected: it was asked for, itself or through the all-markets topic."""
    may_be_on: bool = False
    """It was asked for in vain, but the venue may have started it and will not take the request twice."""
    told: AnyTopic | None = None
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
    doubt_at: float | None = None
    """A book that gets updates which do not prove it, since then."""
    doubt_why: str = ""
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
        return "asked" if self.is_asked else "wanted"

    def status(self) -> TopicStatus:
        """For `topics()`."""
        why = str(self.refused) if self.refused is not None else self.lost_why or self.doubt_why
        return TopicStatus(topic=self.topic, state=self.state(), last_update_at=self.last_update_at, why=why)


class Wishes:
    """All wishes by key, those whose wire state must be looked at, and the way from an update to its wishes."""

    def __init__(self) -> None:
        self.by_key: dict[TopicKey, Wish] = {}
        """To be read only."""
        self.routes: dict[TopicKey, tuple[Wish, ...]] = {}
        """What `route` has found before; to be read only."""
        self.touched: dict[TopicKey, Wish] = {}
        """Those whose wire state must be looked at; to be read only."""

    def __iter__(self) -> Iterator[Wish]:
        return iter(self.by_key.values())

    def get(self, key: TopicKey) -> Wish | None:
        """The wish with this key, wanted or just ending."""
        return self.by_key.get(key)

    def wanted(self) -> list[Wish]:
        """Those that somebody holds."""
        return [wish for wish in self.by_key.values() if wish.holders]

    def add(self, wish: Wish) -> None:
        """A new wish."""
        self.by_key[wish.key] = wish
        self.routes.clear()

    def remove(self, wish: Wish) -> None:
        """Nobody wants it and the venue has nothing to be told."""
        del self.by_key[wish.key]
        self.routes.clear()

    def holders_changed(self) -> None:
        """Updates may go to other wishes than before."""
        self.routes.clear()

    def touch(self, wishes: Iterable[Wish]) -> None:
        """Their wire state must be looked at."""
        for wish in wishes:
            self.touched[wish.key] = wish

    def take_touched(self) -> list[Wish]:
        """Those touched since the last call."""
        touched, self.touched = list(self.touched.values()), {}
        return touched

    def route(self, key: TopicKey) -> tuple[Wish, ...]:
        """The wanted wishes that an update with this key belongs to: its own market's and all markets'."""
        route = self.routes.get(key)
        if route is None:
            if len(self.routes) >= MAX_ROUTES:
                self.routes.clear()
            both = (self.by_key.get(key), self.by_key.get(wide(key)) if not is_wide(key) else None)
            route = self.routes[key] = tuple(wish for wish in both if wish is not None and wish.holders)
        return route

    def cover(self, wish: Wish) -> Wish | None:
        """The all-markets wish that makes asking for this market needless, if there is one."""
        if is_wide(wish.key):
            return None
        over = self.by_key.get(wide(wish.key))
        if over is None or over.refused is not None:
            return None
        return over if over.holders or over.wire is not Wire.OFF else None

    def covered(self, over: Wish) -> list[Wish]:
        """The single markets of an all-markets wish."""
        if not is_wide(over.key):
            return []
        return [wish for wish in self.by_key.values() if wish is not over and wide(wish.key) == over.key]


def topics_of(wishes: Iterable[Wish]) -> tuple[Topic[Any], ...]:
    """Their topics."""
    return tuple(wish.topic for wish in wishes)
