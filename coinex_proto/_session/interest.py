"""Wanting a topic and wanting it no more: which wishes may be stated, and what that makes of the table of wishes.

What the venue is then told is `_asking.py`'s. Knows no connection and no venue.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, cast, final

from coinex_proto._session.subscriptions import Subscription, Subscriptions, Wire
from coinex_proto._session.trust import Trust
from coinex_proto.books.view import BookChanged, BookView
from coinex_proto.checks import check_topics
from coinex_proto.dialect import Dialect
from coinex_proto.errors import UsageError
from coinex_proto.ids import RequestId
from coinex_proto.topics import Topic


@final
class Interest:
    """The holders of one session's topics."""

    def __init__(self, dialect: Dialect, subscriptions: Subscriptions, trust: Trust) -> None:
        self._dialect = dialect
        self._subscriptions = subscriptions
        self._trust = trust

    def hold(self, topics: Sequence[Topic[Any]], holder: Hashable) -> None:
        """One more holder of these topics. Raises `UsageError`, with nothing changed, for one that cannot be wanted."""
        self._check(topics)
        for topic in topics:
            subscription = self._subscriptions.get(topic.key)
            if subscription is None:
                subscription = Subscription(topic, topic.key, topic.is_private, None, None)
                self._set_book(subscription)
                self._subscriptions.add(subscription)
            elif not subscription.holders:
                subscription.must_confirm |= subscription.wire is not Wire.OFF and subscription.topic != topic
                subscription.topic = topic
                # It was asked for other parameters, or its first push was dropped.
                subscription.must_renew = subscription.wire is Wire.ASKING
                self._set_book(subscription)
            subscription.holders.add(holder)
            subscription.refused = None
            self._subscriptions.touch((subscription,))
        self._subscriptions.holders_changed()

    def let_go(self, subscriptions: Sequence[Subscription], holder: Hashable) -> None:
        """This holder wants them no more."""
        for subscription in subscriptions:
            if holder in subscription.holders:
                subscription.holders.discard(holder)
                if not subscription.holders:
                    self._trust.forget(subscription)
                    self._subscriptions.touch((subscription,))
        self._subscriptions.holders_changed()

    def subscriptions_for(self, topics: Sequence[Topic[Any]]) -> list[Subscription]:
        """Those of these topics that are in the table. Raises `UsageError` for what is no topic."""
        check_topics(topics)
        return [subscription for topic in topics if (subscription := self._subscriptions.get(topic.key)) is not None]

    def _check(self, topics: Sequence[Topic[Any]]) -> None:
        wanted: dict[Hashable, Topic[Any]] = {}
        check_topics(topics)
        for topic in topics:
            if topic.is_private and not self._dialect.has_credentials:
                raise UsageError(
                    f"Authentication required: {type(topic).__name__} is private and {self._dialect.name} was given "
                    "no credentials"
                )
            subscription = self._subscriptions.get(topic.key)
            other = (
                subscription.topic
                if subscription is not None and subscription.holders
                else wanted.setdefault(topic.key, topic)
            )
            if other != topic:
                raise UsageError(
                    f"{topic} cannot be wanted while {other} is: the venue has one subscription for both; "
                    "unsubscribe the other one first"
                )
            for command, _ in self._dialect.subscribe((topic,)):
                self._dialect.encode(command, RequestId(0))

    def _set_book(self, subscription: Subscription) -> None:
        subscription.merger = subscription.topic.merger()
        subscription.book = self._dialect.book(subscription.topic)
        subscription.view = (
            None
            if subscription.book is None
            else BookView(cast("Topic[BookChanged]", subscription.topic), subscription.book)
        )
