"""What is remembered of a topic of several lines: which of them counts, and the newest that was handed out.

The rules that use it are in `news.py`. Must not know any venue.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final, TypeAlias, cast, final

from coinex_proto._lines.line import Line
from coinex_proto.books.view import BookChanged, BookView
from coinex_proto.errors import UsageError
from coinex_proto.topics import Topic
from coinex_proto.updates import Event, Update

AnyTopic: TypeAlias = Topic[Event]

MAX_SAID: Final = 1024
"""States of one and the same time that are remembered, the last among them; of more, only those count that the first line
brings. A venue that was held up makes hundreds of changes in one millisecond.
"""


@final
class Followed:
    """A topic, and the line that counts for it where equal updates cannot be known."""

    __slots__ = ("front", "is_chained", "is_state", "newest", "shown", "source", "topic")

    def __init__(self, topic: AnyTopic, line: Line) -> None:
        """`line`: one that has it subscribed."""
        self.topic: AnyTopic = topic
        self.source: Line | None = None
        """None: none has proved it yet, and the preferred line counts."""
        self.front: BookView | None = None
        """The view that users have of its book."""
        self.shown: Line | None = None
        """Whose book that is."""
        self.newest: Newest | None = None
        """Of its book."""
        self.is_chained: bool = False
        """A book made of differences that go on from a whole push of the same line."""
        with suppress(UsageError):  # it has no book
            self.front = line.session.book(cast("Topic[BookChanged]", topic)).front()
            self.is_chained = line.session.has_whole_updates(topic)
        self.is_state: bool = topic.is_whole_state and self.front is None

    def show(self, line: Line) -> BookView:
        """Let the view show the book of this line; gives that book."""
        view = line.session.book(cast("Topic[BookChanged]", self.topic))
        if self.front is not None:
            self.front.follow(view)
        self.shown = line
        return view

    def tells_events(self, update: Update) -> bool:
        """Whether such an update stands for itself, so that two lines bring equal ones: no state, and no difference that
        goes on from a whole push of the same line.
        """
        return self.front is None or (not self.is_chained and update.venue_time is None)


@final
class Newest:
    """The newest time of which something was handed out."""

    __slots__ = ("came", "line", "more", "state", "time")

    def __init__(self, time: float, line: Line, came: float, state: object) -> None:
        self.time: float = time
        self.line: Line = line
        """Which brought it first."""
        self.came: float = came
        self.state: object = state
        """What was handed out of that time."""
        self.more: Sequence[tuple[Line, object]] = ()
        """What else was handed out of it, and which line brought that."""

    def has_told(self, time: float, state: object) -> bool:
        """Whether this state, or a newer one, was handed out."""
        return time < self.time or (
            time == self.time and (state == self.state or any(state == one for _, one in self.more))
        )

    def is_another(self, line: Line, now: float, state: object) -> bool:
        """Whether no other line has brought this state, of the same time; it is noted."""
        is_full = len(self.more) >= MAX_SAID - 1
        if self.line is not line:
            count_first(self.line, self.came, now)
            if is_full or state == self.state:
                return False
        if self.more and any(state == one for other, one in self.more if other is not line):
            return False
        self.more = [*(self.more[:-1] if is_full else self.more), (line, state)]
        return True


def count_first(first: Line, came: float, now: float) -> None:
    """It has brought something at that time, and another line brings it now."""
    first.firsts += 1
    first.lead += max(0.0, now - came)
