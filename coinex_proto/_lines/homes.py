"""Which channel each topic is in, and which topics are followed on two lines. Must not know any venue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import final

from coinex_proto._lines.channel import Channel
from coinex_proto._lines.remembered import AnyTopic
from coinex_proto.config import Config
from coinex_proto.dialect import CancelsOnDisconnect, Dialect, documented_limit
from coinex_proto.errors import UsageError
from coinex_proto.ids import TopicKey
from coinex_proto.updates import Update


@final
class Homes:
    """Topics stay in the channel that they were put in; the first channel has the private ones."""

    def __init__(
        self, dialect: Dialect, config: Config, channels: Sequence[Channel], new_channel: Callable[[], Channel]
    ) -> None:
        """`channels`: those that there are; the caller takes one away when it has no topic any more."""
        self._dialect = dialect
        self._config = config
        self._channels = channels
        self._new_channel = new_channel
        self.by_key: dict[TopicKey, Channel] = {}

    def check(self, *topics: AnyTopic) -> None:
        """Raises `UsageError` for a topic that cannot be followed as `Config` says, or not with these parameters."""
        for topic in topics:
            self._check(topic)

    def settle(self, topic: AnyTopic) -> Channel:
        """The channel of a topic, which may be new."""
        key = topic.key
        channel = self.by_key.get(key)
        if channel is None:
            channel = self.by_key[key] = self._channel_for(topic)
        channel.topics.setdefault(key, topic)
        if self._is_doubled(topic):
            channel.doubled.add(key)
        return channel

    def forget(self, key: TopicKey) -> None:
        """Its channel has it no more."""
        del self.by_key[key]

    def _check(self, topic: AnyTopic) -> None:
        home = self.by_key.get(topic.key)
        if home is not None:
            home.lines[0].session.check_wanted(topic)
        if topic.is_private and self._config.doubled is not None and isinstance(topic, self._config.doubled):
            raise UsageError(
                f"{type(topic).__name__} cannot be followed on two lines: only the first one signs in; leave it out of "
                "Config(doubled=...)"
            )
        if self._is_doubled(topic) and not _can_be_told_apart(topic, self._dialect):
            raise UsageError(
                f"{type(topic).__name__} cannot be followed on two lines: its updates have neither an id nor the venue's "
                "time, by which equal ones are known; name the topics that have one: Config(lines=2, doubled=(...,))"
            )

    def _is_doubled(self, topic: AnyTopic) -> bool:
        if self._config.lines == 1 or topic.is_private:
            return False
        return self._config.doubled is None or isinstance(topic, self._config.doubled)

    def _channel_for(self, topic: AnyTopic) -> Channel:
        if topic.is_private:
            return self._channels[0]
        limits = [self._config.topics_per_connection, documented_limit(self._dialect)]
        limit = min((limit for limit in limits if limit is not None), default=None)
        for channel in self._channels:
            if limit is None or len(channel.topics) < limit:
                return channel
        return self._new_channel()


def _can_be_told_apart(topic: AnyTopic, dialect: Dialect) -> bool:
    """Whether equal updates of two lines can be known: by ids, by a proved book's time, or by the venue's time of a state."""
    if issubclass(topic.event, Update):
        has_time = topic.is_whole_state and topic.event.venue_time is not Update.venue_time
        return topic.event.has_trade_ids or has_time or topic.event.identity is not Update.identity
    return dialect.book(topic) is not None


def check_options(config: Config, dialect: Dialect) -> None:
    """Raises `UsageError` for what contradicts itself."""
    if config.doubled is not None and config.lines == 1:
        raise UsageError("Config(doubled=...) names the topics for two lines, and lines is 1: set lines=2")
    if config.renew_every is not None and isinstance(dialect, CancelsOnDisconnect) and dialect.cancel_on_disconnect:
        raise UsageError(
            "Config(renew_every=...) ends a connection whenever it is renewed, and with cancel_on_disconnect=True the venue "
            "cancels every order then: choose one of the two"
        )
