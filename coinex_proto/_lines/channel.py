"""What carries the same topics: one line, two at once, or one and its replacement.

Keeps who wants which topics and which lines prove them: a topic is `Lost` when no line proves it any more. What of their
updates reaches the user says `news.py`. Must not know any venue.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Hashable, Iterable
from typing import Final, final

from attrs import evolve

from coinex_proto._lines.line import Line
from coinex_proto._lines.news import News, OfSource
from coinex_proto._lines.remembered import AnyTopic
from coinex_proto._session.beside import WentLive
from coinex_proto.events import LineChanged, Lost, Restored, Subscribed, SubscribeFailed, Unsubscribed
from coinex_proto.ids import TopicKey
from coinex_proto.updates import Event, Update

SETTLED: Final = 2.0
"""Seconds in which what was on its way on a line has come, or what it is to bring has begun to."""

CLOCKS_APART: Final = 0.5
"""Seconds, beyond what is not known of them, by which the venue's clocks on two lines may differ."""


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
        self.back: dict[tuple[float, str], list[AnyTopic]] = {}
        """Live again, and not said yet: one event for all that were lost together."""
        self.news: News = News(events, self.lines)
        self.has_one_sign_in: bool = False
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
            self.news.follow(topic)

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
        self.news.forget(key)
        for table in (self.topics, self.holders, self.live, self.lost):
            table.pop(key, None)

    def joined(self, line: Line, now: float) -> None:
        """A new line: it subscribes to what the others have."""
        if line.replaces is None:
            self.lines.append(line)
        else:
            self.lines.insert(self.lines.index(line.replaces) + 1, line)
        self.news.joined(line, now)
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
        self.news.left(now)

    def carries(self, line: Line, topic: AnyTopic) -> bool:
        """Whether this topic is subscribed on this line."""
        return not line.is_second or topic.key in self.doubled

    def is_verified_on(self, line: Line, other: Line) -> bool:
        """Whether the line proves everything that the other one proves."""
        return all(line in lines for lines in self.live.values() if other in lines)

    def unverified_on(self, line: Line, other: Line) -> list[AnyTopic]:
        """What the other line proves and this one does not."""
        return [self.topics[key] for key, lines in self.live.items() if other in lines and line not in lines]

    def tells_orders_beside(self, line: Line) -> bool:
        """Whether another line is signed in and has every private topic, and has had them when this one was still proved."""
        private = [key for key, topic in self.topics.items() if topic.is_private]
        since = math.inf if line.is_drained else line.session.proved_at(line.at) - SETTLED
        return any(
            other is not line
            and other.is_ready
            and not other.is_second
            and all(other in self.live.get(key, ()) and other.live_at[key] <= since for key in private)
            for other in self.lines
        )

    def compare_clocks(self) -> None:
        """Of lines on which the venue's clocks differ, updates cannot be told apart by their time."""
        clocks = [(line, line.session.clock) for line in self.lines if line.session.clock.is_known]
        if len(clocks) < 2:
            return
        (first, one), (second, other) = clocks[0], clocks[-1]
        apart = abs(one.offset_ns - other.offset_ns) / 1e9
        limit = CLOCKS_APART + ((one.error_ns or 0) + (other.error_ns or 0)) / 1e9
        if self.news.note_clocks(are_apart=apart > limit):
            why = f"the venue's clock is {apart:.1f} s off that of line {first.number}"
            self._events.append(LineChanged(line=second.number, state="clock", why=why))

    # Events of lines --------------------------------------------------------------------------------------------------

    def take(self, line: Line, event: Event, now: float) -> None:
        """An event of a line's topics that is neither an update nor a book."""
        if line not in self.lines:
            if isinstance(event, Lost):
                line.lost = event
            return
        if isinstance(event, WentLive):
            self._went_live(line, event.subscription.key, now)
            return
        self.tell_restored(line, now)
        match event:
            case OfSource():
                self.news.take_of_source(line, event.changed)
            case Lost():
                self._lost(line, event, now)
            case Restored():
                pass  # said by `_went_live`, for all lines together
            case Subscribed() | Unsubscribed() | SubscribeFailed():
                if self.lines[0] is line or not self.carries(self.lines[0], event.topic):
                    self._events.append(event)
            case _:
                self._events.append(event)

    # Live and lost ----------------------------------------------------------------------------------------------------

    def _went_live(self, line: Line, key: TopicKey, now: float) -> None:
        if key not in self.topics:
            return
        lines = self.live.setdefault(key, [])
        if line not in lines:
            line.live_at[key] = line.session.wall_time(now)
            lines.append(line)
            lines.sort(key=self.lines.index)
        if self.news.source_of(key) not in lines:
            self.news.change_source(key, line, now, has_state=False)
        self._mute(key)
        lost = self.lost.pop(key, None)
        if lost is not None:
            self.back.setdefault((lost.since, lost.why), []).append(self.topics[key])

    def tell_restored(self, line: Line, now: float) -> None:
        """Says what has come back, in the order in which it was lost."""
        if not self.back:
            return
        back, self.back = self.back, {}
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
        self._tell_holes(event)

    def cut(self, line: Line) -> None:
        """A replaced line has ended before all had come that was on its way on it."""
        if line.lost is not None:
            self._tell_holes(line.lost)

    def _tell_holes(self, lost: Lost) -> None:
        """Say what may be missing of topics that other lines prove: these began only about when the line was proved last that
        has ended. Of states and books nothing is.
        """
        topics = tuple(topic for topic in lost.topics if self._has_hole(topic.key, lost.since))
        if topics:
            self._events.append(evolve(lost, topics=topics))
            self.back.setdefault((lost.since, lost.why), []).extend(topics)

    def _has_hole(self, key: TopicKey, since: float) -> bool:
        lines = self.live.get(key, [])
        return bool(lines) and self.news.has_events(key) and all(one.live_at[key] > since - SETTLED for one in lines)

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
                if self.news.source_of(key) is line or self.news.book(key) is not None:
                    self.news.change_source(key, lines[0], now, has_state=True)
            elif key in self.topics and key not in self.lost:
                gone.append(self.topics[key])
            self._mute(key)
        return tuple(gone)

    def _mute(self, key: TopicKey) -> None:
        """While its source proves a topic, no other line need make events of the differences that only the source hands out."""
        if not self.news.is_chained(key):
            return
        source = self.news.source_of(key)
        is_proved = source in self.live[key]
        for line in self.lines:
            line.session.mute(self.topics[key], is_muted=is_proved and line is not source)


def _tells_order(topic: AnyTopic) -> bool:
    return issubclass(topic.event, Update) and topic.event.tells_order
