"""Who wants which topics: what may be wanted, and what that makes of the subscriptions.

What the venue is then asked is `subscriber.py`'s. Knows no connection and no venue.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, final

from coinex_proto._connection.agenda import Agenda, Item
from coinex_proto._session.subscriptions import Subscription, Subscriptions
from coinex_proto._session.trust import Trust
from coinex_proto.checks import check_topics
from coinex_proto.dialect import Dialect
from coinex_proto.errors import UsageError
from coinex_proto.ids import RequestId
from coinex_proto.topics import Topic


@final
class Interest:
    """The holders of one session's topics."""

    def __init__(self, dialect: Dialect, subscriptions: Subscriptions, trust: Trust, agenda: Agenda) -> None:
        self._dialect = dialect
        self._subscriptions = subscriptions
        self._trust = trust
        self._agenda = agenda

    def hold(self, topics: Sequence[Topic[Any]], holder: Hashable) -> None:
        """One more holder of these topics. Raises `UsageError`, with nothing changed, for one that cannot be wanted."""
        self.check(topics)
        for topic in topics:
            subscription = self._subscriptions.get(topic.key)
            if subscription is None:
                subscription = Subscription(topic)
                self._subscriptions.add(subscription)
            if not subscription.holders:
                self._trust.prepare(subscription, topic, self._dialect.book(topic))
            subscription.want(topic, holder)
            self._agenda.add(Item.SUBSCRIPTION, subscription)
        self._subscriptions.holders_changed()

    def let_go(self, subscriptions: Sequence[Subscription], holder: Hashable) -> None:
        """This holder wants them no more."""
        for subscription in subscriptions:
            if subscription.let_go(holder):
                self._trust.forget(subscription)
                self._agenda.add(Item.SUBSCRIPTION, subscription)
        self._subscriptions.holders_changed()

    def subscriptions_for(self, topics: Sequence[Topic[Any]]) -> list[Subscription]:
        """Those of these topics that there are. Raises `UsageError` for what is no topic."""
        check_topics(topics)
        return [found for topic in topics if (found := self._subscriptions.get(topic.key)) is not None]

    def check(self, topics: Sequence[Topic[Any]]) -> None:
        """Raises `UsageError` for a topic that cannot be wanted."""
        wanted: dict[Hashable, Topic[Any]] = {}
        check_topics(topics)
        for topic in topics:
            requests = self._dialect.subscribe((topic,))  # what it never takes it refuses with its own reason
            if topic.is_private and not self._dialect.has_credentials:
                raise UsageError(
                    f"Authentication required: {type(topic).__name__} is private and {self._dialect.name} was given "
                    "no credentials"
                )
            known = self._subscriptions.get(topic.key)
            other = known.topic if known is not None and known.holders else wanted.setdefault(topic.key, topic)
            if other != topic:
                raise UsageError(
                    f"{topic} cannot be wanted while {other} is: the venue has one subscription for both; "
                    "unsubscribe the other one first"
                )
            for command, _ in requests:
                self._dialect.encode(command, RequestId(0))
