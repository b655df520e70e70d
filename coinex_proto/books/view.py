"""What users read of an order book: numbers while the session vouches for them, `BookNotTrusted` otherwise.

The book itself is a venue's (`book.py`). This module must not know any venue.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Protocol, TypeAlias, final

from attrs import frozen

from coinex_proto.books.book import Levels, Version
from coinex_proto.books.ladder import Level, LevelTexts
from coinex_proto.errors import BookNotTrusted, UsageError
from coinex_proto.ids import TopicKey
from coinex_proto.numbers import CONTEXT, exact, plain
from coinex_proto.speedups import speed
from coinex_proto.topics import Topic
from coinex_proto.updates import Event


class Source(Protocol):
    """Where a view takes its levels from."""

    def levels(self) -> Levels:
        """Both sides as they are now."""
        ...


@final
class BookView:
    """A read-only order book: live when it comes from a session or client, fixed when it comes from `snapshot()`.

    Numbers are exact `Decimal`s. They raise `BookNotTrusted` while `trusted` is False; `unproved` shows the same numbers
    whatever their state, for displays. A live view stays valid across reconnects.
    """

    __slots__ = (
        "_is_checked",
        "_is_line_proved",
        "_original",
        "_received_at",
        "_source",
        "_topic",
        "_why",
        "is_proved",
    )

    def __init__(
        self, topic: Topic[BookChanged], book: Source, is_line_proved: Callable[[], bool] = lambda: True
    ) -> None:
        """`is_line_proved`: whether the connection is still what it was when the book was proved, by the clocks of now."""
        self._topic = topic
        self._source = book
        self._is_line_proved = is_line_proved
        self._is_checked = True
        """False: numbers never raise, as those of `unproved`."""
        self._original: BookView | None = None
        """Whose trust this one shows; None: its own."""
        self.is_proved: bool = False
        """Behind `trusted`, which is for readers. Only the session that keeps the book writes it, by `prove` and `distrust`.

        Clearing it is enough to make the numbers raise, and is safe where no stack is left for a call and no memory for a
        text: it is a plain slot.
        """
        self._why = "not subscribed yet"
        self._received_at: float | None = None

    # What is known of it ----------------------------------------------------------------------------------------------

    @property
    def topic(self) -> Topic[BookChanged]:
        """The topic it belongs to."""
        return self._topic

    @property
    def market(self) -> str:
        """The market's name."""
        return str(self._topic.key[1])

    @property
    def trusted(self) -> bool:
        """Whether the numbers are proved. Ask it again after anything that waits.

        A live view looks at the clocks: right after a sleep of the machine it is False before anybody has noticed.
        """
        original = self._original or self
        return original.is_proved and (type(original._source) is Levels or original._is_line_proved())

    @property
    def why(self) -> str:
        """Why it is not trusted; empty while it is."""
        original = self._original or self
        if not original.is_proved:
            return original._why or "taking in an update was cut off"
        return "" if self.trusted else "the connection was not proved for too long: the machine slept, or nobody read"

    @property
    def received_at(self) -> float | None:
        """When the push came that proved it last, as `Update.received_at`; None: never. Readable in any state."""
        return (self._original or self)._received_at

    @property
    def updated_at_ms(self) -> int | None:
        """The venue's own time of the levels, Unix milliseconds. Readable in any state."""
        return self._source.levels().updated_at_ms

    # Numbers ----------------------------------------------------------------------------------------------------------

    @property
    def bids(self) -> Sequence[Level]:
        """(price, size) of all bids, best first: a fixed sequence that does not follow later changes."""
        return self._levels().bids

    @property
    def asks(self) -> Sequence[Level]:
        """(price, size) of all asks, best first: a fixed sequence that does not follow later changes."""
        return self._levels().asks

    @property
    def best_bid(self) -> Level | None:
        """(price, size) of the highest bid; None when there are no bids."""
        bids = self._levels().bids
        return bids[0] if bids else None

    @property
    def best_ask(self) -> Level | None:
        """(price, size) of the lowest ask; None when there are no asks."""
        asks = self._levels().asks
        return asks[0] if asks else None

    @property
    def mid(self) -> Decimal | None:
        """The middle between best bid and best ask; None when a side is empty."""
        bids, asks, _ = self._levels()
        if not bids or not asks:
            return None
        return plain(CONTEXT.multiply(CONTEXT.add(bids[0][0], asks[0][0]), _HALF))

    @property
    def spread(self) -> Decimal | None:
        """Best ask minus best bid, negative while the book is crossed; None when a side is empty."""
        bids, asks, _ = self._levels()
        return plain(CONTEXT.subtract(asks[0][0], bids[0][0])) if bids and asks else None

    @property
    def is_crossed(self) -> bool:
        """Whether the best bid is at or above the best ask. Such a book, when it is proved, is the venue's own."""
        bids, asks, _ = self._levels()
        return bool(bids and asks and bids[0][0] >= asks[0][0])

    def cost_of(self, size: str | int | Decimal) -> Decimal | None:
        """What taking this size from the book costs, in quote currency and without fees; None when it does not hold so much.

        The sign is the direction: a size above zero buys from the asks and costs a positive amount; one below zero sells
        to the bids, and its cost is negative: that much comes in. A size of a float is a `UsageError`.
        """
        wanted = Decimal(exact(size, "size"))
        levels = self._levels()
        cost = _paid(levels.bids if wanted < 0 else levels.asks, wanted.copy_abs())
        if cost is None:
            return None
        return plain(cost.copy_negate() if wanted < 0 else cost)

    # Copies -----------------------------------------------------------------------------------------------------------

    @property
    def unproved(self) -> BookView:
        """The same book, live or fixed as this one, with numbers that never raise."""
        twin = BookView(self._topic, self._source)
        twin._original = self._original or self
        twin._is_checked = False
        return twin

    def front(self) -> BookView:
        """A live view that shows this book until it is told to `follow` another one."""
        front = BookView(self._topic, self._source)
        front._original = self._original or self
        return front

    def snapshot(self) -> BookView:
        """The book as it is now, for good; trusted or not as this one is now."""
        return _fixed(*self._frozen())

    # For Session ------------------------------------------------------------------------------------------------------

    @property
    def version(self) -> Version:
        """What tells it from other states of the same book, on whatever connection."""
        source: Any = self._source
        try:
            version: Version = source.version
        except AttributeError:  # of a book that has no checksum
            bids, asks, time = source.levels()
            version = time, (_content(bids), _content(asks))
        return version

    def changed(self, market: str) -> BookChanged:
        """A snapshot for everybody, within the step that has just proved it, which has looked at the clocks."""
        topic = self._topic
        levels = self._source.levels()
        book = _made_view(topic, levels, True, None, self.is_proved, self._why, self._received_at)
        return _made_changed(topic, market, book)

    def prove(self, received_at: float) -> None:
        """From now on the numbers may be read. Only the session that keeps the book calls this."""
        if self._original is not None or type(self._source) is Levels:
            self._check_live()
        self.is_proved, self._why, self._received_at = True, "", received_at

    def follow(self, view: BookView) -> None:
        """From now on this view, made by `front`, shows that book. Only who keeps several lines of one topic calls this."""
        self._source, self._original = view._source, view._original or view

    def distrust(self, why: str) -> None:
        """From now on the numbers raise. Only the session that keeps the book calls this."""
        self._check_live()
        self.is_proved, self._why = False, why

    # ------------------------------------------------------------------------------------------------------------------

    def _check_live(self) -> None:
        if isinstance(self._source, Levels) or self._original is not None:
            raise UsageError("only the live view of a book changes")

    def _levels(self) -> Levels:
        if self._is_checked and not self.trusted:
            raise BookNotTrusted(self._topic, self.why)
        return self._source.levels()

    def _frozen(self) -> _Frozen:
        return (
            self._topic,
            self._source.levels(),
            self._is_checked,
            self.trusted,
            self.why,
            (self._original or self)._received_at,
        )

    def _repr_html_(self) -> str:
        """For notebooks: a ladder with bars, and whether it can be trusted."""
        from coinex_proto.notebook import book_html

        return book_html(self)

    def __reduce__(self) -> tuple[Any, ...]:
        # Copies and pickles are snapshots: nobody could clear their trust later.
        return _fixed, self._frozen()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BookView):
            return NotImplemented
        return self is other or self._state() == other._state()

    def __hash__(self) -> int:
        return hash(self._topic)

    def _state(self) -> tuple[object, ...]:
        return self._topic, self.trusted, self.why, self.received_at, self._source.levels()

    def __repr__(self) -> str:
        bids, asks, _ = self._source.levels()
        best = f"bid {_shown(bids)}, ask {_shown(asks)}, {len(bids)}+{len(asks)} levels"
        return (
            f"<BookView {self.market}: {best}>"
            if self.trusted
            else f"<BookView {self.market}: not trusted: {self.why}>"
        )


_Frozen: TypeAlias = "tuple[Topic[BookChanged], Levels, bool, bool, str, float | None]"


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


def _fixed(
    topic: Topic[BookChanged], levels: Levels, is_checked: bool, is_trusted: bool, why: str, received_at: float | None
) -> BookView:
    """A view that stays as it is."""
    return _made_view(topic, levels, is_checked, None, is_trusted, why, received_at)


# By hand, and by the extension: there is one of each for every change of a book.


def _view_made_purely(
    topic: Topic[BookChanged],
    levels: Levels,
    is_checked: bool,
    original: BookView | None,
    is_trusted: bool,
    why: str,
    received_at: float | None,
) -> BookView:
    view = BookView.__new__(BookView)
    view._topic = topic
    view._source = levels
    view._is_checked = is_checked
    view._original = original
    view.is_proved = is_trusted
    view._why = why
    view._received_at = received_at
    return view


def _changed_made_purely(topic: Topic[BookChanged], market: str, book: BookView) -> BookChanged:
    event: BookChanged = _new(BookChanged)
    _set_topic(event, topic)
    _set_market(event, market)
    _set_book(event, book)
    return event


_new: Callable[[type[Any]], Any] = object.__new__
_set_topic, _set_market, _set_book = (vars(BookChanged)[name].__set__ for name in ("topic", "market", "book"))
_made_view, _made_changed = _view_made_purely, _changed_made_purely
if speed is not None:
    _slots_of_view = ("_topic", "_source", "_is_checked", "_original", "is_proved", "_why", "_received_at")
    _made_view = speed.Maker(BookView, tuple(vars(BookView)[name] for name in _slots_of_view))
    _made_changed = speed.Maker(BookChanged, tuple(vars(BookChanged)[name] for name in ("topic", "market", "book")))
_HALF = Decimal("0.5")


def _paid(side: Sequence[Level], wanted: Decimal) -> Decimal | None:
    """The sum of price times size over the first levels that hold this size."""
    cost = Decimal(0)
    for price, size in side:
        if wanted <= size:
            return CONTEXT.add(cost, CONTEXT.multiply(price, wanted))
        cost = CONTEXT.add(cost, CONTEXT.multiply(price, size))
        wanted = CONTEXT.subtract(wanted, size)
    return cost if not wanted else None


def _content(side: Sequence[Level]) -> object:
    return side.joined() if isinstance(side, LevelTexts) else tuple(side)


def _shown(side: Sequence[Level]) -> str:
    return f"{side[0][0]} ({side[0][1]})" if side else "none"
