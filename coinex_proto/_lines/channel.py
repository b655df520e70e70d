"""What carries the same topics: one line, two at once, or one and its replacement; and what of them reaches the user.

Each update is handed out once, when it first comes. How two lines' updates are told apart is a rule for each kind:

- with ids (public trades, own fills): the client has one memory of what was delivered, whatever line brought it;
- whole states with the venue's time, and proved books: what is newer than what was handed out;
- other states, and differences of books, which do not chain from one line to the other: what the topic's *source* brings,
  the first line that proves it; when the source changes, the new one's state is handed out;
- what is left (other private updates): by its content, while two lines overlap.

A topic is `Lost` when no line proves it any more. Must not know any venue.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Hashable, Iterable
from typing import Any, Final, TypeAlias, cast, final

from attrs import evolve

from coinex_proto._lines.line import Line
from coinex_proto._lines.overlap import Overlap, content_of
from coinex_proto._session.beside import WentLive
from coinex_proto.books.view import BookChanged, BookView
from coinex_proto.errors import UsageError
from coinex_proto.events import Lost, Restored, Subscribed, SubscribeFailed, Unsubscribed
from coinex_proto.ids import TopicKey
from coinex_proto.topics import Topic, wide
from coinex_proto.updates import Event, Update

AnyTopic: TypeAlias = Topic[Event]

MAX_KEYS: Final = 10_000
"""Markets whose last state is remembered: a peer may name any number of them under an all-markets topic."""

LATER: Final = 10.0
"""Seconds after the end of a line in which another one may still bring what it has brought."""

MAX_SAID: Final = 64
"""States of one and the same time that are remembered; of more, only those count that the first line brings."""


@final
class Channel:
    """The topics of one or two lines."""

    def __init__(self, events: deque[Event]) -> None:
        self._events = events
        self.lines: list[Line] = []
        """In the order in which they are preferred; none that retires."""
        self.topics: dict[TopicKey, AnyTopic] = {}
        self.holders: dict[TopicKey, dict[Hashable, None]] = {}
        self.doubled: set[TopicKey] = set()
        """Topics that are subscribed on two lines."""
        self.live: dict[TopicKey, list[Line]] = {}
        """On which lines each topic is verified, in the order in which they are preferred."""
        self.lost: dict[TopicKey, Lost] = {}
        """What the user was told is lost."""
        self._sources: dict[TopicKey, Line] = {}
        self._fronts: dict[TopicKey, BookView] = {}
        self._chained: set[TopicKey] = set()
        """Books made of differences that go on from a whole push of the same line."""
        self._newest: dict[TopicKey, tuple[float, Line, float, list[tuple[Line, Update | BookChanged]]]] = {}
        """Of states with a time: that time, the line that brought it, when it came, and what was handed out of that time, each
        with its line.
        """
        self._trades: dict[tuple[TopicKey, Hashable], tuple[Line, float]] = {}
        """Which of two lines brought a trade, and when."""
        self._said: dict[TopicKey, Update] = {}
        """Of states without a time: the last that was handed out."""
        self._back: dict[tuple[float, str], list[AnyTopic]] = {}
        """Live again, and not said yet: one event for all that were lost together."""
        self._overlap: Overlap | None = None
        self._merges_until = -math.inf
        """While several lines may bring the same; before that and after it, `_only` is the one line."""
        self._only: Line | None = None
        self._last: dict[TopicKey, Update] = {}
        """The newest update that the only line has brought."""
        self._followed: dict[TopicKey, Line] = {}
        """Whose book the view shows."""
        self._are_clocks_apart = False
        """Times of two lines cannot be compared: states are handed out from their source only."""
        self.has_one_sign_in = False
        """The venue ends a signed-in connection when another one signs in."""

    # Topics -----------------------------------------------------------------------------------------------------------

    def hold(self, topics: Iterable[AnyTopic], holder: Hashable, now: float) -> None:
        """One more holder of these topics."""
        topics = tuple(topics)
        for topic in topics:
            self.topics.setdefault(topic.key, topic)
            self.holders.setdefault(topic.key, {})[holder] = None
        for line in self.lines:
            carried = [topic for topic in topics if self.carries(line, topic)]
            if carried:
                line.session.hold(*carried, holder=holder, now=now)
        for topic in topics:
            if topic.key not in self._fronts:
                self._make_front(topic)

    def release(self, topics: Iterable[AnyTopic], holder: Hashable, now: float) -> None:
        """This holder wants these topics no more."""
        topics = tuple(topics)
        for line in self.lines:
            line.session.let_go(*topics, holder=holder, now=now)
        for topic in topics:
            holders = self.holders.get(topic.key, {})
            holders.pop(holder, None)
            if not holders:
                self._forget(topic.key)

    def _forget(self, key: TopicKey) -> None:
        self.doubled.discard(key)
        self._chained.discard(key)
        tables: tuple[dict[TopicKey, Any], ...]
        tables = (self.topics, self.holders, self.live, self.lost, self._sources, self._fronts, self._followed)
        for table in tables:
            table.pop(key, None)

    def joined(self, line: Line, now: float) -> None:
        """A new line: it subscribes to what the others have."""
        if line.replaces is None:
            self.lines.append(line)
        else:
            self.lines.insert(self.lines.index(line.replaces) + 1, line)
            if self._overlap is None or now > self._merges_until:
                self._overlap = Overlap()
        if len(self.lines) == 1:
            self._only = line
        else:
            self._begin_merging(now)
        by_holder: dict[Hashable, list[AnyTopic]] = {}
        for key, holders in self.holders.items():
            for holder in holders:
                if self.carries(line, self.topics[key]):
                    by_holder.setdefault(holder, []).append(self.topics[key])
        for holder, topics in by_holder.items():
            line.session.hold(*topics, holder=holder, now=now)

    def left(self, line: Line, now: float) -> None:
        """It brings nothing more that counts; what it alone has proved is lost."""
        self.lines.remove(line)
        line.last.clear()
        gone = self._withdraw(line, self.topics, now)
        if gone:
            self._tell_lost(Lost(topics=gone, since=line.session.proved_at(now), why="its connection was given up"))
        if len(self.lines) == 1:
            self._only, self._merges_until = self.lines[0], now + LATER

    def _begin_merging(self, now: float) -> None:
        """A second line comes: what the only one has brought last is what others are compared with."""
        only, self._only = self._only, None
        is_noted, self._merges_until = now <= self._merges_until, math.inf
        last, self._last = self._last, {}
        if only is None or is_noted:
            return  # what was handed out is remembered, and the only line may be behind it
        for key, update in last.items():
            topic = self.topic_of(key)
            if topic is None or topic.key in self._fronts or not topic.is_whole_state:
                continue
            if (time := update.venue_time) is None:
                self._remember(self._said, key, update)
            else:
                self._remember(self._newest, key, (time, only, now, [(only, update)]))
        for key, front in self._fronts.items():
            if front.trusted and (time := front.updated_at_ms) is not None:
                topic = cast("Topic[BookChanged]", self.topics[key])
                event = BookChanged(topic=topic, market=front.market, book=front.snapshot())
                self._remember(self._newest, key, (time, only, now, [(only, event)]))

    def carries(self, line: Line, topic: AnyTopic) -> bool:
        """Whether this topic is subscribed on this line."""
        return not line.is_second or topic.key in self.doubled

    def topic_of(self, key: TopicKey) -> AnyTopic | None:
        """The topic that an update with this key belongs to: its own market's, or all markets'."""
        return self.topics.get(key) or self.topics.get(wide(key))

    def is_verified_on(self, line: Line, other: Line) -> bool:
        """Whether the line proves everything that the other one proves."""
        return all(line in lines for lines in self.live.values() if other in lines)

    def unverified_on(self, line: Line, other: Line) -> list[AnyTopic]:
        """What the other line proves and this one does not."""
        return [self.topics[key] for key, lines in self.live.items() if other in lines and line not in lines]

    def note_clocks(self, *, are_apart: bool) -> bool:
        """Whether the times of the lines can be compared; True: they cannot any more."""
        if are_apart == self._are_clocks_apart:
            return False
        self._are_clocks_apart = are_apart
        self._newest.clear()
        return are_apart

    def book(self, key: TopicKey) -> BookView | None:
        """The view that follows whichever line brought the newest book."""
        return self._fronts.get(key)

    def _make_front(self, topic: AnyTopic) -> None:
        try:
            view = self.lines[0].session.book(cast("Topic[BookChanged]", topic))
        except UsageError:
            return  # it has no book
        self._fronts[topic.key] = view.front()
        if self.lines[0].session.has_whole_updates(topic):
            self._chained.add(topic.key)

    # Events of lines --------------------------------------------------------------------------------------------------

    def take(self, line: Line, event: Event, now: float) -> None:
        """An event of a line's topics, other than `take_book` and `take_update` take."""
        if line not in self.lines:
            return
        if isinstance(event, WentLive):
            self._went_live(line, event.subscription.key, now)
            return
        self.tell_restored(line, now)
        match event:
            case Lost():
                self._lost(line, event, now)
            case Restored():
                pass  # said by `_went_live`, for all lines together
            case Subscribed() | Unsubscribed() | SubscribeFailed():
                if self.lines[0] is line or not self.carries(self.lines[0], event.topic):
                    self._events.append(event)
            case _:
                self._events.append(event)

    def take_book(self, line: Line, event: BookChanged, now: float) -> None:
        """A changed book; of a line that is over it is no news."""
        if self._back:
            self.tell_restored(line, now)
        if line is self._only and now > self._merges_until:
            self._events.append(event)
        elif line in self.lines:
            self._take_book(line, event, now)

    def take_update(self, line: Line, update: Update, now: float) -> None:
        """An update; of a line that is over, only those that stand for themselves are news, and no states."""
        if self._back:
            self.tell_restored(line, now)
        if line is self._only and now > self._merges_until:
            self._events.append(update)
            key, last = update.topic_key, self._last
            if key in last or len(last) < MAX_KEYS:
                last[key] = update
        else:
            self._take_update(line, update, now)

    def _take_update(self, line: Line, update: Update, now: float) -> None:
        key = update.topic_key
        topic = self.topic_of(key)
        if topic is None:
            return
        if update.is_recovered or _is_remembered(update):
            self._events.append(update)
            if update.has_trade_ids and len(self.lines) > 1:
                for trade in cast("Any", update).trade_ids:
                    self._remember(self._trades, (key, trade), (line, now))
        elif update.identity is not None:
            if self._is_first(line, key, update.identity, now):
                self._events.append(update)
        elif topic.key in self._fronts or not topic.is_whole_state:
            overlap = self._overlap if self._merges_until == math.inf or now <= self._merges_until else None
            if overlap is None or overlap.is_full or not self._tells_events(topic.key, update):
                is_news = line in self.lines and self._is_source(line, topic.key)
            else:
                is_news = overlap.is_first(line, update)
            if is_news:
                self._events.append(update)
        elif line in self.lines:
            self._take_state(line, key, topic, update, now)

    def _take_state(self, line: Line, key: TopicKey, topic: AnyTopic, update: Update, now: float) -> None:
        if (time := update.venue_time) is not None and not self._are_clocks_apart:
            if self._is_newer(key, time, line, now, update):
                self._events.append(update)
        elif self._is_source(line, topic.key):
            self._remember(self._said, key, update)
            self._events.append(update)
        else:
            self._remember(line.last, key, update)

    def _take_book(self, line: Line, event: BookChanged, now: float) -> None:
        key = event.topic_key
        time = None if self._are_clocks_apart else event.book.updated_at_ms
        if self._is_source(line, key) if time is None else self._is_newer(key, time, line, now, event):
            if self._followed.get(key) is not line:
                self._followed[key] = line
                self._fronts[key].follow(line.session.book(event.topic))
            self._events.append(event)

    def _is_first(self, line: Line, key: TopicKey, identity: Hashable, now: float) -> bool:
        """Whether no other line has brought it."""
        first, came = self._trades.get((key, identity), (line, now))
        if first is line:
            self._remember(self._trades, (key, identity), (line, now))
            return True
        first.firsts += 1
        first.lead += now - came
        return False

    def _tells_events(self, key: TopicKey, update: Update) -> bool:
        """Whether each such update stands for itself, so that two lines bring equal ones: no states, and no differences that
        go on from a whole push of the same line.
        """
        return key not in self._fronts or (key not in self._chained and update.venue_time is None)

    def _is_source(self, line: Line, key: TopicKey) -> bool:
        return self._sources.get(key, self.lines[0]) is line

    def _is_newer(self, key: TopicKey, time: float, line: Line, now: float, news: Update | BookChanged) -> bool:
        """Whether nothing as new has been handed out, nor this, of two of the same time, by another line."""
        known = self._newest.get(key)
        if known is None or time > known[0] or self._is_alone(line, known[1], now - known[2]):
            self._remember(self._newest, key, (time, line, now, [(line, news)]))
            return True
        newest, first, came, said = known
        if time < newest:
            return False
        if first is not line:
            first.firsts += 1
            first.lead += max(0.0, now - came)
            if len(said) >= MAX_SAID:
                return False
        if any(other is not line and _are_equal(news, one) for other, one in said):
            return False
        if len(said) < MAX_SAID:
            said.append((line, news))
        return True

    def _is_untold(self, key: TopicKey, time: float, event: BookChanged) -> bool:
        """Whether neither this state nor a newer one has been handed out."""
        newest, _, _, said = self._newest.get(key, (-math.inf, None, 0.0, []))
        return time > newest or (time == newest and not any(_are_equal(event, one) for _, one in said))

    def _is_alone(self, line: Line, other: Line, seconds: float) -> bool:
        """Whether no other line can have brought the same: the other one is this one, or has been gone for long."""
        return len(self.lines) == 1 and (other is line or seconds > LATER)

    def came_again(self, line: Line, update: Update, now: float) -> None:
        """Some of these trades were delivered before."""
        for trade in cast("Any", update).trade_ids:
            first, came = self._trades.get((update.topic_key, trade), (line, now))
            if first is not line:
                del self._trades[update.topic_key, trade]
                first.firsts += 1
                first.lead += now - came

    def _remember(self, table: dict[Any, Any], key: Hashable, value: object) -> None:
        if len(table) >= MAX_KEYS and key not in table:
            del table[next(iter(table))]
        table[key] = value

    # Live and lost ----------------------------------------------------------------------------------------------------

    def _went_live(self, line: Line, key: TopicKey, now: float) -> None:
        if key not in self.topics:
            return
        lines = self.live.setdefault(key, [])
        if line not in lines:
            lines.append(line)
            lines.sort(key=self.lines.index)
        if self._sources.get(key) not in lines:
            self._change_source(key, line, now, has_state=False)
        lost = self.lost.pop(key, None)
        if lost is not None:
            self._back.setdefault((lost.since, lost.why), []).append(self.topics[key])

    def tell_restored(self, line: Line, now: float) -> None:
        """Says what has come back, in the order in which it was lost."""
        if not self._back:
            return
        back, self._back = self._back, {}
        for (since, why), topics in back.items():
            unknown = (
                sum(view.state == "unknown" for view in line.orders.open()) if any(map(_tells_order, topics)) else 0
            )
            until = line.session.wall_time(now)
            self._events.append(
                Restored(topics=tuple(topics), since=since, until=until, why=why, unknown_orders=unknown)
            )

    def _lost(self, line: Line, event: Lost, now: float) -> None:
        gone = self._withdraw(line, [topic.key for topic in event.topics], now)
        if gone:
            self._tell_lost(evolve(event, topics=gone))

    def _tell_lost(self, lost: Lost) -> None:
        self.lost.update((topic.key, lost) for topic in lost.topics)
        self._events.append(lost)

    def _withdraw(self, line: Line, keys: Iterable[TopicKey], now: float) -> tuple[AnyTopic, ...]:
        """This line proves them no more; gives those that no line proves now, and that were proved until now."""
        gone: list[AnyTopic] = []
        for key in tuple(keys):
            lines = self.live.get(key)
            if lines is None or line not in lines:
                continue
            lines.remove(line)
            if lines:
                if self._sources.get(key) is line or key in self._fronts:
                    self._change_source(key, lines[0], now, has_state=True)
            elif key in self.topics and key not in self.lost:
                gone.append(self.topics[key])
        return tuple(gone)

    def _change_source(self, key: TopicKey, line: Line, now: float, *, has_state: bool) -> None:
        """From now on this line's states count; what it has is handed out where that is news."""
        before, self._sources[key] = self._sources.get(key), line
        front = self._fronts.get(key)
        if front is not None:
            view = line.session.book(cast("Topic[BookChanged]", self.topics[key]))
            front.follow(view)
            self._followed[key] = line
            if before is None or not has_state:
                return  # its own first book follows
            whole = None if before is line else line.session.whole_update(self.topics[key])
            if whole is not None:
                self._events.append(whole)
            if not view.trusted:
                return
            topic = cast("Topic[BookChanged]", self.topics[key])
            event = BookChanged(topic=topic, market=view.market, book=view.snapshot())
            time = None if self._are_clocks_apart else view.updated_at_ms
            if before is not line if time is None else self._is_untold(key, time, event):
                if time is not None:
                    self._is_newer(key, time, line, now, event)
                self._events.append(event)
            return
        mine = [market for market in line.last if self.topic_of(market) is self.topics[key]]
        for market in mine:
            update = line.last.pop(market)
            if self._said.get(market) != update:
                self._remember(self._said, market, update)
                self._events.append(update)


def _is_remembered(update: Update) -> bool:
    """Whether the client has one memory of these: what one line has brought, no other line brings any more."""
    return update.has_trade_ids or (update.is_fill and update.occurrence_id is not None)


def _are_equal(news: Update | BookChanged, other: Update | BookChanged) -> bool:
    """Whether both say the same."""
    if isinstance(news, BookChanged) and isinstance(other, BookChanged):
        return news.book.bids == other.book.bids and news.book.asks == other.book.asks
    if isinstance(news, Update) and isinstance(other, Update):
        return content_of(news) == content_of(other)
    return False


def _tells_order(topic: AnyTopic) -> bool:
    return issubclass(topic.event, Update) and topic.event.tells_order
