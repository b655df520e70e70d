"""The market channels of one CoinEx socket path: who has subscribed to what, and the pushes of each interval.

A push is made once and goes to every subscriber.  Depth, state and deals come every 200 ms and only on change, best
quotes at once, indexes every 5 s.  What a newcomer gets first (whole book, state, past deals) comes with the next push, so
that all followers of a channel stand at the same place.
Source: CoinEx API v2, market channels of the spot and futures sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final

from attrs import define, field

from coinex_proto.simulator.coinex.depth import DEPTH_LIMITS, FULL_EVERY_MS, DepthChannel, depth_step
from coinex_proto.simulator.coinex.prices import Prices
from coinex_proto.simulator.coinex.wire import Push, Subscriber, public_deal_text, rate, text_of
from coinex_proto.simulator.market.market import Market

FIRST_DEALS: Final = 100
PUSH_INTERVAL_MS: Final = 200
TURN_MS: Final = 10
TURN_MARKETS: Final = 50
"""So many markets push together; where there are more, they take turns within the interval, so that none lasts long."""

DepthKey = tuple[str, int, str, bool]


@define(eq=False)
class Subscription:
    """The names that one socket has subscribed to, of one topic."""

    is_all: bool = False
    names: set[str] = field(factory=set)
    fresh: set[str] = field(factory=set)
    """Names whose first push is still to come."""

    def __contains__(self, name: str) -> bool:
        return self.is_all or name in self.names

    def __str__(self) -> str:
        return "all" if self.is_all else " ".join(sorted(self.names))


class Feeds:
    """All market channels of one path (spot or futures)."""

    def __init__(
        self,
        markets: dict[str, Market],
        prices: Prices,
        wake: Callable[[str], object],
        wake_later: Callable[[str], object],
    ) -> None:
        """`wake(market key)` runs when somebody begins to look at a market, the other one when at all of them.

        Either may let it sleep on for a while; then its books, best quotes and deals come when it has woken.
        """
        self._wake, self._wake_later = wake, wake_later
        self.markets = markets
        """By name."""
        turns = PUSH_INTERVAL_MS // TURN_MS
        self.turns: int = max(1, min(turns, -(-len(markets) // TURN_MARKETS)))
        self._turn_of = {name: number // TURN_MARKETS % turns for number, name in enumerate(markets)}
        self._turn_markets: list[list[tuple[str, Market]]] = [[] for _ in range(self.turns)]
        for name, market in markets.items():
            self._turn_markets[self._turn_of[name]].append((name, market))
        self._turn_depths: list[dict[DepthKey, DepthChannel]] = [{} for _ in range(self.turns)]
        """The channels that push with each turn, all of which `_depth` has too."""
        self._prices = prices
        self._depth: dict[DepthKey, DepthChannel] = {}
        self._depth_of: dict[str, list[DepthKey]] = {}
        """The keys of each market's."""
        self._subscriptions: dict[str, dict[Subscriber, Subscription]] = {
            topic: {} for topic in ("state", "deals", "bbo", "index", "premium")
        }
        self._deals_seen: dict[str, int] = {}
        self._states_seen: dict[str, object] = {}
        self._premiums_seen: dict[str, str] = {}
        self._wanted: dict[tuple[str, str], list[Subscriber]] = {}
        """Topic and market name, and who follows: looked up again whenever a subscription has changed."""

    @property
    def has_subscribers(self) -> bool:
        return bool(self._depth) or any(self._subscriptions.values())

    def follow(self, topic: str, subscriber: Subscriber, names: Iterable[str], *, is_all: bool) -> None:
        self._wanted.clear()
        fresh = [name for name in (self.markets if is_all else names) if name in self.markets]
        for name in fresh:
            (self._wake_later if is_all else self._wake)(self.markets[name].spec.key)
        subscription = self._subscriptions[topic].setdefault(subscriber, Subscription())
        subscription.is_all = subscription.is_all or is_all
        subscription.names.update(names)
        subscription.fresh.update(fresh)
        for name in fresh:
            if topic == "deals":
                self._deals_seen.setdefault(name, self.markets[name].deal_count)
            elif topic == "bbo":
                subscription.fresh.discard(name)
                if self.markets[name].is_awake and not self.markets[name].is_halted:
                    subscriber.deliver(self._quote(self.markets[name]))

    def leave(self, topic: str, subscriber: Subscriber, names: Iterable[str], *, is_all: bool) -> None:
        subscription = self._subscriptions[topic].get(subscriber)
        if subscription is None:
            return
        self._wanted.clear()
        if is_all:
            del self._subscriptions[topic][subscriber]
            return
        subscription.names.difference_update(names)
        subscription.fresh.difference_update(names)
        if not subscription.names and not subscription.is_all:
            del self._subscriptions[topic][subscriber]

    def follow_depth(self, subscriber: Subscriber, name: str, limit: int, interval: str, *, is_full: bool) -> None:
        """An unknown market or limit is taken and stays silent, as on the real service."""
        market = self.markets.get(name)
        if market is None or limit not in DEPTH_LIMITS:
            return
        self._wake(market.spec.key)
        self.leave_depth(subscriber, [name])
        key = (name, limit, interval, is_full)
        channel = self._depth.get(key)
        if channel is None:
            channel = self._depth[key] = DepthChannel(market, limit, depth_step(market, interval), is_full)
            self._depth_of.setdefault(name, []).append(key)
            self._turn_depths[self._turn_of[name]][key] = channel
        channel.followers[subscriber] = False
        channel.has_newcomers = True

    def leave_depth(self, subscriber: Subscriber, names: Iterable[str] | None) -> None:
        """None: every market."""
        left = tuple(self._depth_of) if names is None else names
        for key in [key for name in left for key in self._depth_of.get(name, ())]:
            channel = self._depth[key]
            channel.followers.pop(subscriber, None)
            if not channel.followers:
                del self._depth[key], self._turn_depths[self._turn_of[key[0]]][key]
                self._depth_of[key[0]].remove(key)

    def followed_by(self, subscriber: Subscriber) -> list[str]:
        """What this socket has subscribed to, a line for each channel."""
        depths = [
            f"depth {name} {limit} {interval}{' whole' if is_full else ''}"
            for (name, limit, interval, is_full), channel in self._depth.items()
            if subscriber in channel.followers
        ]
        return depths + [
            f"{topic} {wanted}"
            for topic, subscriptions in self._subscriptions.items()
            if (wanted := subscriptions.get(subscriber)) is not None
        ]

    def forget(self, subscriber: Subscriber) -> None:
        """The socket is gone."""
        self.leave_depth(subscriber, None)
        for topic in self._subscriptions:
            self.leave(topic, subscriber, (), is_all=True)

    def push_changes(self, now_ms: int) -> None:
        """At every turn: the whole interval's changes of the markets whose turn it is, and with the first one the states."""
        turn = now_ms % PUSH_INTERVAL_MS // TURN_MS
        if turn >= self.turns:
            return
        for channel in list(self._turn_depths[turn].values()):
            channel.push_changes(now_ms)
        if self._subscriptions["deals"]:
            self._push_deals(self._turn_markets[turn])
        if turn:
            return
        if self._subscriptions["state"]:
            self._push_states(now_ms)
        if self._subscriptions["premium"]:
            self._push_premiums(now_ms)

    def push_quote(self, market: Market) -> None:
        """The best prices have changed."""
        if self._subscriptions["bbo"] and (followers := self._followers("bbo", market.spec.name)):
            push = self._quote(market)
            for follower in followers:
                follower.deliver(push)

    def push_indexes(self) -> None:
        """Every 5 seconds."""
        for name, followers in self._by_name("index"):
            push = Push("index.update", {"market": name, **self._prices.index_fields(self.markets[name])})
            for follower in followers:
                follower.deliver(push)

    def _followers(self, topic: str, name: str) -> list[Subscriber]:
        found = self._wanted.get((topic, name))
        if found is None:
            subscriptions = self._subscriptions[topic].items()
            found = self._wanted[topic, name] = [one for one, subscription in subscriptions if name in subscription]
        return found

    def _by_name(self, topic: str) -> Iterator[tuple[str, list[Subscriber]]]:
        subscriptions = self._subscriptions[topic]
        if not subscriptions:
            return
        for name, market in self.markets.items():
            followers = [] if market.is_halted else self._followers(topic, name)
            if followers:
                yield name, followers

    def _push_deals(self, markets: list[tuple[str, Market]]) -> None:
        subscriptions = self._subscriptions["deals"]
        is_anyone_new = any(subscription.fresh for subscription in subscriptions.values())
        for name, market in markets:
            new = market.deal_count - self._deals_seen.get(name, market.deal_count)
            if market.is_halted or not market.is_awake or not (new or is_anyone_new):
                continue
            self._deals_seen[name] = market.deal_count
            followers = self._followers("deals", name)
            news = self._deals(market, min(new, len(market.deals))) if new and followers else None
            for follower in followers:
                subscription = subscriptions[follower]
                if name in subscription.fresh:
                    subscription.fresh.discard(name)
                    follower.deliver(self._deals(market, FIRST_DEALS))
                elif news is not None:
                    follower.deliver(news)

    def _deals(self, market: Market, count: int) -> Push:
        deals = ",".join([public_deal_text(market, deal) for deal in islice(market.deals, count)])
        return Push.written("deals.update", f'{{"market":{text_of(market.spec.name)},"deal_list":[{deals}]}}')

    def _push_states(self, now_ms: int) -> None:
        subscriptions = self._subscriptions["state"]
        changed = {}
        for name, market in self.markets.items():
            mark = (market.deal_count, now_ms // FULL_EVERY_MS)
            if self._states_seen.get(name) != mark and not market.is_halted:
                self._states_seen[name] = mark
                changed[name] = self._prices.state(market, now_ms)
        pushes: dict[tuple[bool, tuple[str, ...]], Push] = {}
        for subscriber, subscription in list(subscriptions.items()):
            news = self.markets if subscription.fresh else changed
            names = tuple(
                name for name in news if name in subscription.fresh or (name in changed and name in subscription)
            )
            subscription.fresh.clear()
            if not names:
                continue
            push = pushes.get((subscription.is_all, names))
            if push is None:
                entries = [changed.get(name) or self._prices.state(self.markets[name], now_ms) for name in names]
                if subscription.is_all:
                    entries += [self._prices.pseudo_state(entry) for entry in entries if "mark_price" in entry]
                push = pushes[subscription.is_all, names] = Push("state.update", {"state_list": entries})
            subscriber.deliver(push)

    def _push_premiums(self, now_ms: int) -> None:
        for name, followers in list(self._by_name("premium")):
            premium = rate(self._prices.marks.premium(self.markets[name]))
            if self._premiums_seen.get(name) == premium:
                continue
            self._premiums_seen[name] = premium
            push = Push("premium.update", {"market": name, "premium_index": premium, "updated_at": now_ms})
            for follower in followers:
                follower.deliver(push)

    def _quote(self, market: Market) -> Push:
        bid, _, bid_size = market.best("buy").partition(":")
        ask, _, ask_size = market.best("sell").partition(":")
        quote = (
            f'{{"market":{text_of(market.spec.name)},"updated_at":{self._prices.now_ms},"best_bid_price":"{bid}",'
            f'"best_bid_size":"{bid_size}","best_ask_price":"{ask}","best_ask_size":"{ask_size}"}}'
        )
        return Push.written("bbo.update", quote)
