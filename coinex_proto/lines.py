"""Several sockets for one client: connections renewed without a gap, many topics spread, two lines at once.

`Lines` is to users what a `Session` is, and is made of sessions, one for each line; a driver moves the bytes of each of
`lines` as it does for a session. A *channel* is the lines that carry the same topics. Must not know any venue.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Final, TypeVar, final

from attrs import evolve, fields

from coinex_proto._connection.requests import RequestIds
from coinex_proto._lines.channel import Channel
from coinex_proto._lines.homes import Homes, check_options
from coinex_proto._lines.line import Line, Role
from coinex_proto._lines.on_all import OnAllLines
from coinex_proto._lines.on_main import OnMainLine
from coinex_proto._lines.remembered import AnyTopic
from coinex_proto._lines.renewals import Renewals
from coinex_proto._lines.statistics import LineStatistics, total_of
from coinex_proto._session.beside import WentLive
from coinex_proto._session.delivered import Delivered
from coinex_proto.checks import check_topics
from coinex_proto.config import Config, Sources
from coinex_proto.dialect import Dialect, SpreadsTopics
from coinex_proto.errors import SdkError
from coinex_proto.events import (
    ABNORMAL_CLOSURE,
    Closed,
    Failed,
    LineChanged,
    LoginFailed,
    OrderChanged,
    OrdersQueried,
    Ready,
    Replied,
    Retrying,
)
from coinex_proto.ids import TopicKey
from coinex_proto.orders.tracker import Orders
from coinex_proto.phases import Phase
from coinex_proto.statistics import Statistics
from coinex_proto.topics import Topic
from coinex_proto.updates import Event, Update

__all__ = ["Line", "LineStatistics", "Lines"]

R = TypeVar("R")

OPENED_EVERY: Final = 0.1
"""Seconds between the first connections of two lines: a venue counts connections too."""
_CALLER: Final = "subscribe()"


@final
class Lines(OnMainLine, OnAllLines):
    """The subscriptions, books and orders of one program on several sockets of a venue.

    As of a `Session`, all times are seconds on one clock that never goes back.
    """

    def __init__(self, dialect: Dialect, sources: Sources, config: Config = Config()) -> None:  # noqa: B008  (frozen)
        check_options(config, dialect)
        super().__init__()
        self.dialect = dialect
        self.config = config
        self.changed: Callable[[], None] = _nobody_looks
        """For a driver: called where `lines` has changed, or where any of them may have something to send, or another deadline,
        that its own last step did not cause.
        """
        self.orders: Orders = Orders()
        self.ids: RequestIds = RequestIds()
        self._own_stats = Statistics()
        """Of what is no line's, and of lines that are no more."""
        self.delivered: Delivered = Delivered(self._own_stats)
        self.lines: list[Line] = []
        """What a driver moves the bytes of; look again after each step."""
        self.error: SdkError | None = None
        """What ended the client; None: `stop`, or it has not ended."""
        self._sources = sources
        self._events: deque[Event] = deque()
        self._channels: list[Channel] = []
        self._channel_of: dict[Line, Channel] = {}
        self._count = 0
        self._is_stopped = False
        self._is_ready = False
        self._now = -math.inf
        self._opens_at = -math.inf
        self._notice: Update | None = None
        """The last one of maintenance: each line brings it."""
        self._renewals = Renewals(self)
        self._read_clock: Callable[[], float] | None = None
        self._is_wanted: Callable[[type[Event], TopicKey], bool] | None = None
        self._main = self._new_channel()
        self._homes = Homes(dialect, config, self._channels, self._new_channel)

    # Lines ------------------------------------------------------------------------------------------------------------

    @property
    def is_over(self) -> bool:
        """No line is left, and none will come."""
        return not self.lines

    @property
    def main_line(self) -> Line:
        """The line that sends commands and has the private topics."""
        return next(filter(self._serves_commands, self._main.lines), self._main.lines[0])

    def _serves_commands(self, line: Line) -> bool:
        return line.is_ready and not (line.is_second and self.dialect.has_credentials)

    def _new_channel(self) -> Channel:
        channel = Channel(self._events)
        self._channels.append(channel)
        self._new_line(channel)
        return channel

    @property
    def read_clock(self) -> Callable[[], float] | None:
        """As `Session.read_clock`, for all lines."""
        return self._read_clock

    @read_clock.setter
    def read_clock(self, read_clock: Callable[[], float] | None) -> None:
        self._read_clock = read_clock
        for line in self.lines:
            line.session.read_clock = read_clock

    def skip_unwanted(self, is_wanted: Callable[[type[Event], TopicKey], bool]) -> None:
        """As `Session.skip_unwanted`, for all lines."""
        self._is_wanted = is_wanted
        for line in self.lines:
            line.session.skip_unwanted(is_wanted)

    def _new_line(self, channel: Channel, *, is_second: bool = False, replaces: Line | None = None) -> Line:
        is_main = channel is self._channels[0] and not is_second
        config = self.config
        if replaces is not None:
            is_second, config = replaces.is_second, evolve(config, retry_first=False)
            is_main = is_main and not is_second
        elif not is_main:
            config = evolve(config, retry_first=True)
        dialect = self.dialect if is_main else _without_sign_in(self.dialect)
        if self._opens_at == -math.inf and self.lines and self.lines[0].phase is Phase.NEW:
            self._opens_at = self._now  # the first line was made before any time was known
        self._opens_at = max(self._now, self._opens_at + OPENED_EVERY)
        line = Line(
            self,
            self._count,
            dialect,
            self._sources,
            config,
            is_second=is_second,
            replaces=replaces,
            opens_at=self._opens_at,
        )
        line.session.read_clock = self._read_clock
        if self._is_wanted is not None:
            line.session.skip_unwanted(self._is_wanted)
        self._count += 1
        self.lines.append(line)
        self._channel_of[line] = channel
        channel.joined(line, max(self._now, 0.0))
        self.changed()
        return line

    def retire(self, line: Line, now: float) -> None:
        """Nothing of it counts any more but the answers to what is under way, and events that only it was sent."""
        line.role = Role.RETIRING
        self._channel_of[line].left(line, now)
        self._renewals.forget(line)
        line.retired_by = now + self.config.request_timeout
        self._let_retire(line, now)
        self.changed()

    def _let_retire(self, line: Line, now: float) -> None:
        if now >= line.retired_by or (line.session.is_probed and not line.session.pending):
            line.retired_by = math.inf
            line.is_drained = line.session.is_probed and line.phase is Phase.READY
            line.session.stop(now)
            self.collect(line, now)
            self.changed()

    def ended(self, line: Line, error: SdkError | None) -> None:
        """A line will not connect any more: the end of the client, where it was the last that could carry its topics."""
        if line not in self.lines:
            return
        self.lines.remove(line)
        self.changed()
        self._keep_statistics(line)
        channel = self._channel_of[line]
        if line is self._renewals.standby:
            self._renewals.give_up(line, self._now, str(error or "stopped"))
        if line in channel.lines:
            if any(line.is_second or not other.is_second for other in channel.lines if other is not line):
                channel.left(line, self._now)
                self._events.append(LineChanged(line=line.number, state="ended", why=str(error or "")))
            elif error is not None:
                self.error = self.error or error
                self.stop(self._now)
        del self._channel_of[line]
        self._renewals.begin(self._now)

    def _keep_statistics(self, line: Line) -> None:
        kept = total_of([self._own_stats, line.session.stats])
        for attribute in fields(Statistics):
            setattr(self._own_stats, attribute.name, getattr(kept, attribute.name))

    def renew(self, now: float, why: str = "asked for") -> None:
        """Move every line that is ready to a new connection, one after the other, without a gap."""
        self._now = max(self._now, now)
        self._renewals.ask(self.lines, now, why)

    # For `Renewals` ---------------------------------------------------------------------------------------------------

    def channel_of(self, line: Line) -> Channel:
        """The channel that it is in."""
        return self._channel_of[line]

    def is_main(self, line: Line) -> bool:
        """Whether it sends commands and has the private topics, when it is ready."""
        return self._channel_of[line] is self._main and not line.is_second

    def signs_in(self, line: Line) -> bool:
        """Whether its connections do."""
        return self.is_main(line) and self.dialect.has_credentials

    def replacement(self, old: Line) -> Line:
        """A new line that is to take over from this one."""
        return self._new_line(self._channel_of[old], replaces=old)

    def tell(self, event: Event) -> None:
        """To the user."""
        self._events.append(event)

    def set_main(self, line: Line, now: float) -> None:
        """What was set for the session that has the orders holds for this one too."""
        if self.are_queried_elsewhere:
            line.session.query_orders_elsewhere(now)
        line.session.compare_orders_every(self.compare_every, now)
        line.session.ask_about_orders(now)
        self.collect(line, now)
        self.changed()

    def proves_beside(self, line: Line, key: TopicKey) -> bool:
        """Whether another line has this topic live."""
        return any(other is not line for other in self._channel_of[line].live.get(key, ()))

    def knows_orders_beside(self, line: Line) -> bool:
        """Whether another line is signed in and has every private topic."""
        if self._channel_of[line] is not self._main or line.is_second:
            return True  # it never told of orders
        return self._main.tells_orders_beside(line)

    # What is wanted ---------------------------------------------------------------------------------------------------

    def subscribe(self, *topics: Topic[Any], now: float) -> None:
        """As `Session.subscribe`."""
        self.hold(*topics, holder=_CALLER, now=now)

    def unsubscribe(self, *topics: Topic[Any], now: float) -> None:
        """As `Session.unsubscribe`."""
        check_topics(topics)
        self._release(topics, _CALLER, now)

    def hold(self, *topics: Topic[Any], holder: Hashable, now: float) -> None:
        """As `Session.hold`. Raises `UsageError` too for a topic that cannot be told apart on two lines."""
        self._now = max(self._now, now)
        check_topics(topics)
        self._homes.check(*topics)
        self.main.check_wanted(*(topic for topic in topics if topic.key not in self._homes.by_key))
        by_channel: dict[Channel, list[AnyTopic]] = {}
        for topic in topics:
            channel = self._homes.settle(topic)
            by_channel.setdefault(channel, []).append(topic)
            if channel.doubled and not any(line.is_second for line in channel.lines):
                self._new_line(channel, is_second=True)
        for channel, group in by_channel.items():
            channel.hold(group, holder, now)
        self.collect_all(now)

    def release(self, holder: Hashable, now: float) -> None:
        """As `Session.release`."""
        held = [topic for channel in self._channels for topic in channel.topics.values()]
        self._release(held, holder, now)

    def _release(self, topics: Sequence[AnyTopic], holder: Hashable, now: float) -> None:
        self._now = max(self._now, now)
        for topic in topics:
            channel = self._homes.by_key.get(topic.key)
            if channel is None:
                continue
            channel.release((topic,), holder, now)
            if topic.key not in channel.topics:
                self._homes.forget(topic.key)
        for channel in tuple(self._channels[1:]):
            if not channel.topics:
                self._channels.remove(channel)
                for line in tuple(channel.lines):
                    self.retire(line, now)
        self.collect_all(now)

    # The connections --------------------------------------------------------------------------------------------------

    @property
    def is_stopped(self) -> bool:
        """No further connection will be made."""
        return self._is_stopped

    def stop(self, now: float) -> None:
        """As `Session.stop`, for all lines."""
        self._is_stopped = True
        self._renewals.stop()
        for line in tuple(self.lines):
            line.session.stop(now)
            self.collect(line, now)
        self.changed()

    def note(self, event: Event, now: float) -> None:
        """As `Session.note`."""
        self._events.append(event)

    def next_event(self) -> Event | None:
        """As `Session.next_event`."""
        if not self._events:
            return None
        self._own_stats.events += 1
        return self._events.popleft()

    def next_deadline(self) -> float | None:
        """When something is due that is no single line's."""
        due = min((line.retired_by for line in self.lines), default=math.inf)
        due = min(due, self._renewals.next_deadline())
        return None if due == math.inf else due

    def handle_timeout(self, now: float) -> None:
        """What is due happens; a call before `next_deadline` changes nothing."""
        self._now = max(self._now, now)
        for line in tuple(self.lines):
            if line.retired_by <= now:
                self._let_retire(line, now)
        self._renewals.handle_timeout(now)
        for channel in self._channels:
            channel.compare_clocks()

    def collect(self, line: Line, now: float) -> None:
        """What its session has to say goes on to the user, as far as it is news."""
        self._now = max(self._now, now)
        channel = self._channel_of.get(line)
        if channel is None:
            return
        events, news = line.session.queued_events, channel.news
        if events and not news.hand_on(line, events, now):
            while (event := news.take(line, events, now)) is not None:
                self._take_other(line, channel, event, now)
                if channel.back and events and not isinstance(events[0], WentLive):
                    channel.tell_restored(line, now)
        channel.tell_restored(line, now)
        if line.role is Role.RETIRING and line.retired_by != math.inf:
            self._let_retire(line, now)
        if self._renewals.standby is not None:
            self._renewals.look(now)

    def _take_other(self, line: Line, channel: Channel, event: Event, now: float) -> None:
        match event:
            case Ready() | Closed() | Retrying() | LoginFailed():
                self._take_of_line(line, event, now)
            case Replied() | Failed() | OrderChanged() | OrdersQueried():
                self._events.append(event)
                if isinstance(event, Failed) and line.session is not self.main:
                    self.main.ask_about_orders(now)
                    self.changed()
            case Update():
                channel.news.take_notice(line, event, now)
                if event.announces_end and event != self._notice:
                    self._notice = event
                    self.renew(now, "the venue announced maintenance")
            case _:
                channel.take(line, event, now)

    def collect_all(self, now: float) -> None:
        """Any session may have events."""
        for line in tuple(self.lines):
            self.collect(line, now)
        self.changed()

    def _take_of_line(self, line: Line, event: Ready | Closed | Retrying | LoginFailed, now: float) -> None:
        is_main = self._channel_of[line] is self._main and not line.is_second
        match event:
            case Ready():
                line.is_ready = True
                if line.role is Role.ACTIVE:
                    self._renewals.schedule(line, now)
                    if is_main:
                        self.set_main(line, now)
            case Closed():
                line.is_ready = False
                line.renews_at = math.inf
                if line.role is Role.RETIRING and not line.is_drained and _is_cut(line, event):
                    self._channel_of[line].cut(line)
                self._renewals.line_closed(line, event, now)
        is_ready = any(map(self._serves_commands, self._main.lines))
        if self._channel_of[line] is self._main and isinstance(event, Ready | Closed) and is_ready != self._is_ready:
            self._is_ready = is_ready
            self._events.append(event)
        elif is_main and isinstance(event, Retrying | LoginFailed) and not is_ready and line.role is Role.ACTIVE:
            self._events.append(event)
        else:
            self._events.append(line.changed(event))


def _nobody_looks() -> None:
    """Whoever moves the bytes of the lines looks at all of them after each step."""


def _is_cut(line: Line, event: Closed) -> bool:
    """Whether it ended amid what was on its way: a Close of the peer comes behind that, but not one that we have not waited for."""
    return event.reason.code == ABNORMAL_CLOSURE or line.retired_by == math.inf


def _without_sign_in(dialect: Dialect) -> Dialect:
    return dialect.without_sign_in() if isinstance(dialect, SpreadsTopics) else dialect
