"""A recorded CoinEx market over CoinEx's own wire: gzip frames, acknowledged subscriptions, books that begin whole.

Source: CoinEx API v2, WebSocket. Requests are those of the local exchange (`coinex/socket.py`); only the pushes are recorded ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from attrs import define, field

from coinex_proto.simulator.coinex.depth import checksum, difference
from coinex_proto.simulator.coinex.feeds import DepthKey, Subscription
from coinex_proto.simulator.coinex.socket import CoinexSocket
from coinex_proto.simulator.coinex.wire import Push, Subscriber
from coinex_proto.simulator.hosting.connection import ServerConnection
from coinex_proto.simulator.hosting.http_server import HttpRequest, HttpResponse
from coinex_proto.simulator.replaying.server import ReplayServer
from coinex_proto.simulator.replaying.tape import Book, OpenTape, Taped

SUFFIX: Final = ".update"
_DECODE: Final = msgspec.json.Decoder(dict[str, Any], float_hook=msgspec.Raw).decode

Levels = list[tuple[str, ...]]


class CoinexReplay(ReplayServer):
    """The socket of one module, spot or futures."""

    def __init__(
        self, open_tape: OpenTape, *, module: str, now: float, speed: float = 1.0, start: float = -math.inf
    ) -> None:
        super().__init__(open_tape, now=now, speed=speed, start=start, answers_close=False)
        self.module = module
        self.feed: RecordedFeeds = RecordedFeeds()
        self.feeds: Any = {module: self.feed}
        self.accounts: Any = AnyAccount()

    @property
    def clock_ms(self) -> int:
        return round(self.clock() * 1000)

    def open_socket(self, connection: ServerConnection, request: HttpRequest) -> CoinexSocket | HttpResponse:
        if request.target.partition("?")[0].rstrip("/") != f"/v2/{self.module}":
            return HttpResponse(status=404)
        return CoinexSocket(self, connection, self.module)

    def requested(self, socket: CoinexSocket, method: str, identity: int, params: object) -> None:
        """One request of a socket."""
        socket.perform(method, identity, params)
        if method.endswith("subscribe"):
            self.subscribed()

    def signed_in(self, connection: ServerConnection, owner: int) -> None:
        """Nothing follows of it."""

    def ended(self, connection: ServerConnection) -> None:
        super().ended(connection)
        self.subscribed()

    def deliver(self, connection: ServerConnection, push: Push) -> None:
        """Sends a push."""
        connection.send_frame(push.frame)

    def listeners(self) -> bool:
        return self.feed.has_subscribers

    def push(self, taped: Taped) -> None:
        self.feed.push(taped.payload, taped.book)


class AnyAccount:
    """Whoever signs in is let in, and private topics stay silent."""

    def check_socket(self, access_id: str, signature: str, timestamp: int, now_ms: int) -> int:
        return 1


@define(eq=False)
class DepthFollowers:
    """Everybody who follows one market with the same parameters, and what they have got."""

    followers: dict[Subscriber, bool] = field(factory=dict)
    """False: has not had the whole book yet."""
    is_made: bool = False
    """Its pushes are made here, since others were recorded."""
    bids: list[str] = field(factory=list)
    """As sent last, where it is made here: `price:size`."""
    asks: list[str] = field(factory=list)


class RecordedFeeds:
    """Who has subscribed to what, and who gets a recorded message. Shaped as the feeds of the local exchange."""

    def __init__(self) -> None:
        self._depth: dict[DepthKey, DepthFollowers] = {}
        self._subscriptions: dict[str, dict[Subscriber, Subscription]] = {}

    @property
    def has_subscribers(self) -> bool:
        return bool(self._depth) or any(self._subscriptions.values())

    def follow(self, topic: str, subscriber: Subscriber, names: Iterable[str], *, is_all: bool) -> None:
        subscription = self._subscriptions.setdefault(topic, {}).setdefault(subscriber, Subscription())
        subscription.is_all = subscription.is_all or is_all
        subscription.names.update(names)

    def leave(self, topic: str, subscriber: Subscriber, names: Iterable[str], *, is_all: bool) -> None:
        followers = self._subscriptions.get(topic, {})
        subscription = followers.get(subscriber)
        if subscription is None:
            return
        subscription.names.difference_update(names)
        if is_all or not (subscription.names or subscription.is_all):
            del followers[subscriber]

    def follow_depth(self, subscriber: Subscriber, name: str, limit: int, interval: str, *, is_full: bool) -> None:
        self.leave_depth(subscriber, [name])
        self._depth.setdefault((name, limit, interval, is_full), DepthFollowers()).followers[subscriber] = False

    def leave_depth(self, subscriber: Subscriber, names: Iterable[str] | None) -> None:
        """None: every market."""
        left = None if names is None else set(names)
        for key, channel in list(self._depth.items()):
            if left is None or key[0] in left:
                channel.followers.pop(subscriber, None)
                if not channel.followers:
                    del self._depth[key]

    def forget(self, subscriber: Subscriber) -> None:
        """The socket is gone."""
        self.leave_depth(subscriber, None)
        for followers in self._subscriptions.values():
            followers.pop(subscriber, None)

    def push(self, payload: bytes, book: Book | None) -> None:
        """Sends one recorded message to those who want it."""
        message = _DECODE(payload)
        method, data = message["method"], message["data"]
        topic = method.removesuffix(SUFFIX)
        if topic == "depth":
            self._push_depth(Push.recorded(method, payload), data, book)
        elif topic == "state":
            self._push_states(Push.recorded(method, payload), data["state_list"])
        else:
            push = Push.recorded(method, payload)
            for subscriber, subscription in list(self._subscriptions.get(topic, {}).items()):
                if data["market"] in subscription:
                    subscriber.deliver(push)

    def _push_states(self, whole: Push, states: list[dict[str, Any]]) -> None:
        for subscriber, subscription in list(self._subscriptions.get("state", {}).items()):
            wanted = [state for state in states if state["market"] in subscription]
            if len(wanted) == len(states):
                subscriber.deliver(whole)
            elif wanted:
                subscriber.deliver(Push("state.update", {"state_list": wanted}))

    def _push_depth(self, recorded: Push, data: dict[str, Any], book: Book | None) -> None:
        for (name, limit, interval, is_full), channel in list(self._depth.items()):
            if name != data["market"]:
                continue
            if book is None:
                self._push_unproved(channel, recorded)
            elif (limit, interval, is_full) == (book.limit, book.interval, book.is_full):
                self._push_as_recorded(channel, recorded, data, book)
            elif interval == book.interval and limit <= book.limit:
                self._push_made(channel, data, book, limit, is_full=is_full)

    def _push_unproved(self, channel: DepthFollowers, recorded: Push) -> None:
        """A message that fits no book is for those who have one: they see for themselves."""
        if not channel.is_made:
            for follower, has_book in list(channel.followers.items()):
                if has_book:
                    follower.deliver(recorded)

    def _push_as_recorded(self, channel: DepthFollowers, recorded: Push, data: dict[str, Any], book: Book) -> None:
        whole: Push | None = None
        for follower, has_book in list(channel.followers.items()):
            if has_book or data["is_full"]:
                follower.deliver(recorded)
            else:
                whole = whole or _depth_push(data, list(book.bids), list(book.asks), book, is_full=True)
                follower.deliver(whole)
            channel.followers[follower] = True

    def _push_made(
        self, channel: DepthFollowers, data: dict[str, Any], book: Book, limit: int, *, is_full: bool
    ) -> None:
        """Of fewer levels than were recorded."""
        cut = Book(bids=book.bids[:limit], asks=book.asks[:limit])
        texts = [":".join(level) for level in cut.bids], [":".join(level) for level in cut.asks]
        changes = difference(channel.bids, texts[0]), difference(channel.asks, texts[1])
        channel.is_made, channel.bids, channel.asks = True, *texts
        for follower, has_book in list(channel.followers.items()):
            if not has_book or (any(changes) and is_full):
                channel.followers[follower] = True
                follower.deliver(_depth_push(data, list(cut.bids), list(cut.asks), cut, is_full=True))
            elif any(changes):
                bids, asks = ([tuple(text.split(":")) for text in side] for side in changes)
                follower.deliver(_depth_push(data, bids, asks, cut, is_full=False))


def _depth_push(data: dict[str, Any], bids: Levels, asks: Levels, book: Book, *, is_full: bool) -> Push:
    """These levels, with the checksum of the whole book."""
    depth = {**data["depth"], "bids": bids, "asks": asks, "checksum": checksum(list(book.bids), list(book.asks))}
    return Push("depth.update", {**data, "is_full": is_full, "depth": depth})
