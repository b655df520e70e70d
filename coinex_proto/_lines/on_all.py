"""What all lines of a client answer together: what is trusted, how topics stand, and the statistics. Must not know any venue."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from coinex_proto._lines.channel import Channel
from coinex_proto._lines.homes import Homes
from coinex_proto._lines.line import Line
from coinex_proto._lines.remembered import AnyTopic
from coinex_proto._lines.statistics import LineStatistics, total_of
from coinex_proto._session.subscriptions import TopicStatus
from coinex_proto.books.view import BookChanged, BookView
from coinex_proto.checks import check_topics
from coinex_proto.errors import UsageError
from coinex_proto.session import Session
from coinex_proto.statistics import Statistics
from coinex_proto.topics import Topic
from coinex_proto.updates import Update


class OnAllLines(ABC):
    """The calls of a `Session` that ask about its topics and what it has counted."""

    lines: list[Line]
    _channels: list[Channel]
    _homes: Homes
    _own_stats: Statistics
    _main: Channel

    @property
    @abstractmethod
    def main(self) -> Session:
        """The session of the main line."""

    @abstractmethod
    def collect_all(self, now: float) -> None:
        """Any session may have events."""

    def book(self, topic: Topic[BookChanged]) -> BookView:
        """As `Session.book`; the view follows whichever line brings the newest."""
        check_topics((topic,))
        home = self._homes.by_key.get(topic.key)
        view = None if home is None else home.news.book(topic.key)
        if view is None:
            raise UsageError(f"{topic} has no book here: subscribe to it first")
        return view

    def trusted(self, *topics: Topic[Any]) -> bool:
        """As `Session.trusted`: whether each of these is live on some line."""
        return self._are_all(topics, lambda line, topic: line.session.trusted(topic))

    def trusted_at(self, now: float, *topics: Topic[Any]) -> bool:
        """As `Session.trusted_at`: whether each of these is live, and proved lately, on some line."""
        return self._are_all(topics, lambda line, topic: line.session.trusted_at(now, topic))

    def _are_all(self, topics: Sequence[AnyTopic], is_so: Callable[[Line, AnyTopic], bool]) -> bool:
        check_topics(topics)
        keys = [topic.key for topic in topics] if topics else list(self._homes.by_key)
        if not keys:
            return False
        for key in keys:
            home = self._homes.by_key.get(key)
            if home is None or not any(is_so(line, home.topics[key]) for line in home.live.get(key, ())):
                return False
        return True

    def topics(self) -> tuple[TopicStatus, ...]:
        """How each wanted topic stands, on the line where it stands best."""
        found: list[TopicStatus] = []
        for channel in self._channels:
            statuses = [{status.topic.key: status for status in line.session.topics()} for line in channel.lines]
            for key in channel.topics:
                live = channel.live.get(key)
                best = statuses[channel.lines.index(live[0])] if live else statuses[0]
                if key in best:
                    found.append(best[key])
        return tuple(found)

    @property
    def stats(self) -> Statistics:
        """The sums over all lines."""
        total = total_of([self._own_stats, *(line.session.stats for line in self.lines)])
        total.ping_round_trip = self.main.stats.ping_round_trip
        return total

    @property
    def line_stats(self) -> tuple[LineStatistics, ...]:
        """Each line's own."""
        return tuple(
            LineStatistics(
                line=line.number,
                topics=len(line.session.topics()),
                statistics=line.session.stats,
                firsts=line.firsts,
                lead=line.lead,
            )
            for line in self.lines
        )

    @property
    def order_doubts(self) -> int:
        """As `Session.order_doubts`, over all lines."""
        return sum(line.session.order_doubts for line in self.lines)

    def orders_differ(self, count: int, now: float) -> None:
        """As `Session.orders_differ`."""
        self._own_stats.order_differences += count

    def recover(self, *updates: Update, now: float) -> tuple[Update, ...]:
        """As `Session.recover`."""
        by_channel: dict[Channel, list[Update]] = {}
        for update in updates:
            key = update.topic_key
            home = next((channel for channel in self._channels if channel.news.topic_of(key) is not None), self._main)
            by_channel.setdefault(home, []).append(update)
        handed_out: list[Update] = []
        for channel, group in by_channel.items():
            handed_out += channel.lines[0].session.recover(*group, now=now)
        self.collect_all(now)
        return tuple(handed_out)
