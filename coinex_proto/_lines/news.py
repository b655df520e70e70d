"""What of several lines' updates is news: each is handed out once, when it first comes, and nothing older after newer.

How two lines' updates are told apart is a rule for each kind:

- with ids (public trades, own fills): the client has one memory of what was delivered, whatever line brought it;
- whole states with the venue's time, and proved books: what is newer than what was handed out;
- other states, and differences of books, which do not chain from one line to the other: what the topic's *source* brings,
  the first line that proves it; when the source changes, the new one's state is handed out;
- what is left (other private updates): by its content, while two lines overlap.

What the only line of a topic brings is all news. Must not know any venue, nor which lines prove a topic (`channel.py`).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, Final, TypeAlias, cast, final

from attrs import frozen

from coinex_proto._lines.line import Line
from coinex_proto._lines.overlap import Overlap, content_of
from coinex_proto._lines.remembered import AnyTopic, Followed, Newest, count_first
from coinex_proto._session.subscriptions import Verification
from coinex_proto.books.view import BookChanged, BookView
from coinex_proto.events import OrderChanged
from coinex_proto.ids import TopicKey
from coinex_proto.topics import wide
from coinex_proto.updates import Event, Update

Judge: TypeAlias = Callable[[Line, Any, float], bool]
"""Whether what a line has brought is news."""

MAX_KEYS: Final = 10_000
"""Markets whose last state is remembered: a peer may name any number of them under an all-markets topic."""

LATER: Final = 10.0
"""Seconds after the end of a line in which another one may still bring what it has brought."""

_AS_THEY_ARE: Final = (BookChanged, OrderChanged)
"""`Line.book_changed` makes no book that is no news, and the one tracker tells of no order twice."""


@final
@frozen(kw_only=True, eq=False)
class OfSource(Event):
    """A book that cannot be compared with that of another line; for `lines.py` only."""

    changed: BookChanged


@final
class News:
    """The memory of what was handed out of one channel's topics, and the rules that use it."""

    def __init__(self, events: deque[Event], lines: list[Line]) -> None:
        """`events`: what is handed out; `lines`: those of the channel, in the order in which they are preferred."""
        self._events = events
        self._lines = lines
        self._topics: dict[TopicKey, Followed] = {}
        self._routes: dict[TopicKey, Followed] = {}
        """By the keys of updates, which may be of a market of an all-markets topic."""
        self._books: dict[Verification, Followed] = {}
        """By what the sessions of the lines keep of them."""
        self._judges: dict[type[Event], Judge | None] = dict.fromkeys(_AS_THEY_ARE)
        """None: they are handed out as they are."""
        self._newest: dict[TopicKey, Newest] = {}
        """Of states with a time, but books."""
        self._said: dict[TopicKey, Update] = {}
        """Of states without a time: the last that was handed out."""
        self._firsts: dict[tuple[TopicKey, Hashable], tuple[Line, float]] = {}
        """Which of two lines brought what has an id, and when; of trades that came together only the first."""
        self._overlap: Overlap | None = None
        self._merges_until = -math.inf
        """While several lines may bring the same; before that and after it there is one line."""
        self._last: dict[TopicKey, Update] = {}
        """The newest states that the only line has brought."""
        self._states: set[type[Event]] = set()
        """The kinds of them."""
        self._are_clocks_apart = False
        """Times of two lines cannot be compared: states are handed out from their source only."""

    # Topics and lines -------------------------------------------------------------------------------------------------

    def follow(self, topic: AnyTopic) -> None:
        """It is wanted, and subscribed on the lines that carry it."""
        if topic.key not in self._topics:
            self._topics[topic.key] = Followed(topic, self._lines[0])
            self._forget_kinds()

    def forget(self, key: TopicKey) -> None:
        """Nobody wants it any more."""
        if self._topics.pop(key, None) is not None:
            self._forget_kinds()

    def _forget_kinds(self) -> None:
        self._routes.clear()
        self._books.clear()
        self._judges = dict.fromkeys(_AS_THEY_ARE)
        self._states.clear()

    def topic_of(self, key: TopicKey) -> Followed | None:
        """The topic that an update with this key belongs to: its own market's, or all markets'."""
        found = self._routes.get(key)
        if found is None:
            found = self._topics.get(key) or self._topics.get(wide(key))
            if found is not None:
                _remember(self._routes, key, found)
        return found

    def book(self, key: TopicKey) -> BookView | None:
        """The view that shows whichever line has brought the newest book."""
        followed = self._topics.get(key)
        return None if followed is None else followed.front

    def joined(self, line: Line, now: float) -> None:
        """This line has come to the others."""
        line.book_changed = partial(self._book_changed, line)
        line.came_again = partial(self._came_again, line)
        if line.replaces is not None and (self._overlap is None or now > self._merges_until):
            self._overlap = Overlap()
        line.is_alone = len(self._lines) == 1 and now > self._merges_until
        if len(self._lines) == 1:
            return
        for one in self._lines:
            one.is_alone = False
        is_noted, self._merges_until = now <= self._merges_until, math.inf
        last, self._last = self._last, {}
        if not is_noted:  # else what was handed out is remembered, and the only line may be behind it
            self._note_last(next(one for one in self._lines if one is not line), last, now)

    def left(self, now: float) -> None:
        """A line brings nothing more that counts."""
        if len(self._lines) == 1:
            self._merges_until = now + LATER

    def _note_last(self, only: Line, last: dict[TopicKey, Update], now: float) -> None:
        """What the only line has brought last is what others are compared with."""
        for key, update in last.items():
            followed = self.topic_of(key)
            if followed is None or not followed.is_state:
                continue
            if (time := update.venue_time) is None:
                _remember(self._said, key, update)
            else:
                _remember(self._newest, key, Newest(time, only, now, content_of(update)))
        for followed in self._topics.values():
            if followed.front is not None and followed.front.trusted:
                time, state = followed.front.version
                followed.newest = None if time is None else Newest(time, only, now, state)

    def note_clocks(self, *, are_apart: bool) -> bool:
        """Whether the times of the lines can be compared; True: they cannot any more."""
        if are_apart == self._are_clocks_apart:
            return False
        self._are_clocks_apart = are_apart
        self._newest.clear()
        for followed in self._topics.values():
            followed.newest = None
        return are_apart

    # What lines bring -------------------------------------------------------------------------------------------------

    def hand_on(self, line: Line, events: deque[Event], now: float) -> bool:
        """Hand on what the only line has brought, where it is of known kinds; False: nothing has happened."""
        if not line.is_alone:
            if now <= self._merges_until or self._lines != [line]:
                return False
            line.is_alone = True
        kinds = set(map(type, events))
        if not self._judges.keys() >= kinds and not all(map(self._is_known, kinds)):
            return False
        states = self._states
        for event in [event for event in events if type(event) in states]:
            self._keep(event)
        self._events.extend(events)
        events.clear()
        return True

    def take(self, line: Line, events: deque[Event], now: float) -> Event | None:
        """Hand out those of these updates and changed books that are news; stops at anything else, and gives that."""
        is_alone, judges, append = line.is_alone, self._judges, self._events.append
        while events:
            event = events.popleft()
            kind = type(event)
            if kind not in judges and not self._is_known(kind):
                return event
            if is_alone:
                if kind in self._states:
                    self._keep(event)
                append(event)
            elif (judge := judges[kind]) is None or judge(line, event, now):
                append(event)
        return None

    def _is_known(self, kind: type[Event]) -> bool:
        """Whether such events are handed out or not, and nothing else is done with them; it is noted how."""
        if kind in self._judges:
            return True
        if not issubclass(kind, Update) or kind.announces_end:
            return False
        self._judges[kind] = self._judge_of(kind)
        if issubclass(kind, tuple(followed.topic.event for followed in self._topics.values() if followed.is_state)):
            self._states.add(kind)
        return True

    def _keep(self, update: Any) -> None:
        key, last = update.topic_key, self._last
        if key in last or len(last) < MAX_KEYS:
            last[key] = update

    def _judge_of(self, kind: type[Update]) -> Judge:
        if kind.has_trade_ids:
            return self._are_trades_news
        has_id = kind.identity is not Update.identity or kind.occurrence_id is not Update.occurrence_id
        return self._is_event_news if has_id else self._is_update_news

    def take_notice(self, line: Line, update: Update, now: float) -> None:
        """An update at which `take` stops."""
        if line.is_alone or self._is_event_news(line, update, now):
            self._events.append(update)

    def _are_trades_news(self, line: Line, update: Any, now: float) -> bool:
        """What another line has brought has been taken out."""
        key = update.topic_key
        if (self._routes.get(key) or self.topic_of(key)) is None:
            return False
        if len(self._lines) > 1 and update.trade_ids:
            _remember(self._firsts, (key, update.trade_ids[0]), (line, now))
        return True

    def _came_again(self, line: Line, update: Any) -> None:
        """As `Beside.came_again`."""
        key, firsts = update.topic_key, self._firsts
        for trade in update.trade_ids:
            first = firsts.get((key, trade))
            if first is not None and first[0] is not line:
                del firsts[key, trade]
                count_first(*first, line.at)
                return  # what came together is one

    def _is_event_news(self, line: Line, update: Update, now: float) -> bool:
        """What may have an id. Own fills that another line has brought do not come any more."""
        identity, key = update.identity, update.topic_key
        if self.topic_of(key) is None:
            return False
        if update.is_recovered or (update.is_fill and update.occurrence_id is not None):
            return True
        if identity is None:
            return self._is_update_news(line, update, now)
        first = self._firsts.get((key, identity))
        if first is not None and first[0] is not line:
            count_first(*first, now)
            return False
        _remember(self._firsts, (key, identity), (line, now))
        return True

    def _is_update_news(self, line: Line, update: Update, now: float) -> bool:
        key = update.topic_key
        followed = self._routes.get(key) or self.topic_of(key)
        if followed is None:
            return False
        if followed.is_state:
            return line in self._lines and self._is_state_news(line, followed, update, key, now)
        overlap = self._overlap if self._merges_until == math.inf or now <= self._merges_until else None
        if overlap is not None and not overlap.is_full and followed.tells_events(update):
            return overlap.is_first(line, update)
        return (followed.source or self._lines[0]) is line and line in self._lines

    def _is_state_news(self, line: Line, followed: Followed, update: Update, key: TopicKey, now: float) -> bool:
        if not self._are_clocks_apart and (time := update.venue_time) is not None:
            known = self._newest.get(key)
            if known is None:
                _remember(self._newest, key, Newest(time, line, now, content_of(update)))
                return True
            return self._is_newer(known, time, line, now, content_of(update))
        is_news = self._is_source(followed, line)
        _remember(self._said if is_news else line.last, key, update)
        return is_news

    def _is_source(self, followed: Followed, line: Line) -> bool:
        return (followed.source or self._lines[0]) is line and line in self._lines

    # Books ------------------------------------------------------------------------------------------------------------

    def _book_changed(self, line: Line, known: Verification) -> Event | None:
        """As `Beside.book_changed`."""
        view, book = known.view, cast("Any", known.book)
        assert view is not None
        try:
            time, state = book.version  # as of the view, which would be one call more for each change of a book
        except AttributeError:
            time, state = view.version
        if time is None or self._are_clocks_apart:
            return OfSource(changed=view.changed(known.market))
        followed = self._books.get(known)
        if followed is None:
            followed = self._topics.get(known.key)
            if followed is None:
                return None  # only a line that is over has it still
            self._books[known] = followed
        if line not in self._lines:
            return None
        newest, now = followed.newest, line.at
        if newest is None:
            followed.newest = Newest(time, line, now, state)
        elif not self._is_newer(newest, time, line, now, state):
            return None
        if followed.shown is not line:
            followed.show(line)
        return view.changed(known.market)

    def take_of_source(self, line: Line, event: BookChanged) -> None:
        """A book without a time that can be compared."""
        followed = self._topics.get(event.topic_key)
        if line.is_alone or (followed is not None and self._is_source(followed, line)):
            if followed is not None:
                followed.show(line)
            self._events.append(event)

    # By time ----------------------------------------------------------------------------------------------------------

    def _is_newer(self, known: Newest, time: float, line: Line, now: float, state: object) -> bool:
        """Whether nothing as new has been handed out, nor this, of two of the same time, by another line; it is noted.

        No other line can have brought the same where this is the only one, and the other has been gone for long.
        """
        if time <= known.time and (len(self._lines) > 1 or not (known.line is line or now - known.came > LATER)):
            return time == known.time and known.is_another(line, now, state)
        known.time, known.line, known.came, known.state, known.more = time, line, now, state, ()
        return True

    # The source changes -----------------------------------------------------------------------------------------------

    def source_of(self, key: TopicKey) -> Line | None:
        """The line that counts for this topic; None: none has proved it yet."""
        return self._topics[key].source

    def has_events(self, key: TopicKey) -> bool:
        """Whether each of its updates counts: it brings no whole states, and makes no book."""
        followed = self._topics.get(key)
        return followed is not None and not followed.is_state and followed.front is None

    def is_chained(self, key: TopicKey) -> bool:
        """Whether it is a book of differences, which its source alone hands out."""
        followed = self._topics.get(key)
        return followed is not None and followed.is_chained

    def change_source(self, key: TopicKey, line: Line, now: float, *, has_state: bool) -> None:
        """From now on this line's states count; what it has is handed out where that is news."""
        followed = self._topics[key]
        before, followed.source = followed.source, line
        if followed.front is not None:
            view = followed.show(line)
            if before is not None and has_state:  # else its own first book follows
                self._hand_out_book(followed, view, now, is_other=before is not line)
            return
        for market in [market for market in line.last if self.topic_of(market) is followed]:
            update = line.last.pop(market)
            if self._said.get(market) != update:
                _remember(self._said, market, update)
                self._events.append(update)

    def _hand_out_book(self, followed: Followed, view: BookView, now: float, *, is_other: bool) -> None:
        """`is_other`: another line was the source, so that differences go on from what this one has."""
        line = cast("Line", followed.source)
        whole = line.session.whole_update(followed.topic) if is_other else None
        if whole is not None:
            self._events.append(whole)
        if not view.trusted:
            return
        time, state = view.version
        if time is None or self._are_clocks_apart:
            is_news = is_other
        elif followed.newest is None:
            followed.newest, is_news = Newest(time, line, now, state), True
        else:
            is_news = not followed.newest.has_told(time, state) and self._is_newer(
                followed.newest, time, line, now, state
            )
        if is_news:
            self._events.append(view.changed(view.market))


def _remember(table: dict[Any, Any], key: Hashable, value: object) -> None:
    if len(table) >= MAX_KEYS and key not in table:
        del table[next(iter(table))]
    table[key] = value
