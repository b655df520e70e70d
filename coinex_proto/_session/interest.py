"""Wanting a topic and wanting it no more: which wishes may be stated, and what that makes of the table of wishes.

What the venue is then told is `_asking.py`'s. Knows no connection and no venue.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, cast, final

from coinex_proto._session.subscriptions import Wire, Wish, Wishes
from coinex_proto._session.trust import Trust
from coinex_proto.books.view import BookChanged, BookView
from coinex_proto.checks import check_topics
from coinex_proto.dialect import Dialect
from coinex_proto.errors import UsageError
from coinex_proto.ids import RequestId
from coinex_proto.topics import Topic


@final
class Wanting:
    """The holders of one session's topics."""

    def __init__(self, dialect: Dialect, wishes: Wishes, trust: Trust) -> None:
        self._dialect = dialect
        self._wishes = wishes
        self._trust = trust

    def hold(self, topics: Sequence[Topic[Any]], holder: Hashable) -> None:
        """One more holder of these topics. Raises `UsageError`, with nothing changed, for one that cannot be wanted."""
        self._check(topics)
        for topic in topics:
            wish = self._wishes.get(topic.key)
            if wish is None:
                wish = Wish(topic, topic.key, topic.is_private, None, None)
                self._set_book(wish)
                self._wishes.add(wish)
            elif not wish.holders:
                wish.must_confirm |= wish.wire is not Wire.OFF and wish.topic != topic
                wish.topic = topic
                # It was asked for other parameters, or its first push was dropped.
                wish.must_renew = wish.wire is Wire.ASKING
                self._set_book(wish)
            wish.holders.add(holder)
            wish.refused = None
            self._wishes.touch((wish,))
        self._wishes.holders_changed()

    def let_go(self, wishes: Sequence[Wish], holder: Hashable) -> None:
        """This holder wants them no more."""
        for wish in wishes:
            if holder in wish.holders:
                wish.holders.discard(holder)
                if not wish.holders:
                    self._trust.forget(wish)
                    self._wishes.touch((wish,))
        self._wishes.holders_changed()

    def wishes_for(self, topics: Sequence[Topic[Any]]) -> list[Wish]:
        """Those of these topics that are in the table. Raises `UsageError` for what is no topic."""
        check_topics(topics)
        return [wish for topic in topics if (wish := self._wishes.get(topic.key)) is not None]

    def _check(self, topics: Sequence[Topic[Any]]) -> None:
        wanted: dict[Hashable, Topic[Any]] = {}
        check_topics(topics)
        for topic in topics:
            if topic.is_private and not self._dialect.has_credentials:
                raise UsageError(
                    f"Authentication required: {type(topic).__name__} is private and {self._dialect.name} was given "
                    "no credentials"
                )
            wish = self._wishes.get(topic.key)
            other = wish.topic if wish is not None and wish.holders else wanted.setdefault(topic.key, topic)
            if other != topic:
                raise UsageError(
                    f"{topic} cannot be wanted while {other} is: the venue has one subscription for both; "
                    "unsubscribe the other one first"
                )
            for command, _ in self._dialect.subscribe((topic,)):
                self._dialect.encode(command, RequestId(0))

    def _set_book(self, wish: Wish) -> None:
        wish.merger = wish.topic.merger()
        wish.book = self._dialect.book(wish.topic)
        wish.view = None if wish.book is None else BookView(cast("Topic[BookChanged]", wish.topic), wish.book)
