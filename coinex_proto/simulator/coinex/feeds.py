"""The market channels of one CoinEx socket path: who wants what, and the pushes of each beat.

A push is made once and goes to everybody who wants it.  Depth, state and deals come every 200 ms and only on change, best
quotes at once, indexes every 5 s.  What a newcomer gets first (whole book, state, past deals) comes with the next beat, so
that all followers of a channel stand at the same place.
Source: CoinEx API v2, market channels of the spot and futures sockets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final

from attrs import define, field

from coinex_proto.simulator.coinex.depth import DEPTH_LIMITS, FULL_EVERY_MS, DepthChannel, depth_step
from coinex_proto.simulator.coinex.prices import Prices
from coinex_proto.simulator.coinex.wire import Push, Subscriber, rate
from coinex_proto.simulator.market.market import Market

FIRST_DEALS: Final = 100

DepthKey = tuple[str, int, str, bool]


@define(eq=False)
class Wish:
    """The names that one socket wants of one topic."""

    is_all: bool = False
    names: set[str] = field(factory=set)
    fresh: set[str] = field(factory=set)
    """Names whose first push is still to come."""

    def __contains__(self, name: str) -> bool:
        return self.is_all or name in self.names


class Feeds:
    """All market channels of one path (spot or futures)."""

    def __init__(
        self,
        markets: dict[str, Market],
        prices: Prices,
        wake: Callable[[str], object],
        wake_later: Callable[[str], object],
    ) -> None:
        """`wake(market key)` is called when somebody begins to look at a market, the other when at all of them."""
        self._wake, self._wake_later = wake, wake_later
        self.markets = markets
        """By name."""
        self._prices = prices
        self._depth: dict[DepthKey, DepthChannel] = {}
        self._wishes: dict[str, dict[Subscriber, Wish]] = {
            topic: {} for topic in ("state", "deals", "bbo", "index", "premium")
        }
        self._deals_seen: dict[str, int] = {}
        self._states_seen: dict[str, object] = {}
        self._premiums_seen: dict[str, str] = {}

    @property
    def is_wanted(self) -> bool:
        return bool(self._depth) or any(self._wishes.values())

    def follow(self, topic: str, subscriber: Subscriber, names: Iterable[str], *, is_all: bool) -> None:
        fresh = [name for name in (self.markets if is_all else names) if name in self.markets]
        for name in fresh:
            (self._wake_later if is_all else self._wake)(self.markets[name].spec.key)
        wish = self._wishes[topic].setdefault(subscriber, Wish())
        wish.is_all = wish.is_all or is_all
        wish.names.update(names)
        wish.fresh.update(fresh)
        for name in fresh:
            if topic == "deals":
                self._deals_seen.setdefault(name, self.markets[name].deal_count)
            elif topic == "bbo":
                wish.fresh.discard(name)
                if not self.markets[name].is_halted:
                    subscriber.deliver(self._quote(self.markets[name]))

    def leave(self, topic: str, subscriber: Subscriber, names: Iterable[str], *, is_all: bool) -> None:
        wish = self._wishes[topic].get(subscriber)
        if wish is None:
            return
        if is_all:
            del self._wishes[topic][subscriber]
            return
        wish.names.difference_update(names)
        wish.fresh.difference_update(names)
        if not wish.names and not wish.is_all:
            del self._wishes[topic][subscriber]

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
        channel.followers[subscriber] = False
        channel.has_newcomers = True

    def leave_depth(self, subscriber: Subscriber, names: Iterable[str] | None) -> None:
        """None: every market."""
        wanted = None if names is None else set(names)
        for key, channel in list(self._depth.items()):
            if wanted is None or key[0] in wanted:
                channel.followers.pop(subscriber, None)
                if not channel.followers:
                    del self._depth[key]

    def forget(self, subscriber: Subscriber) -> None:
        """The socket is gone."""
        self.leave_depth(subscriber, None)
        for topic in self._wishes:
            self.leave(topic, subscriber, (), is_all=True)

    def beat(self, now_ms: int) -> None:
        """Every 200 ms."""
        for channel in list(self._depth.values()):
            channel.beat(now_ms)
        self._push_deals()
        self._push_states(now_ms)
        self._push_premiums(now_ms)

    def push_quote(self, market: Market) -> None:
        """The best prices have changed."""
        followers = self._followers("bbo", market.spec.name)
        if followers:
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
        return [subscriber for subscriber, wish in self._wishes[topic].items() if name in wish]

    def _by_name(self, topic: str) -> Iterator[tuple[str, list[Subscriber]]]:
        wishes = self._wishes[topic]
        if not wishes:
            return
        for name, market in self.markets.items():
            followers = [] if market.is_halted else self._followers(topic, name)
            if followers:
                yield name, followers

    def _push_deals(self) -> None:
        wishes = self._wishes["deals"]
        is_anyone_new = any(wish.fresh for wish in wishes.values())
        for name, market in self.markets.items() if wishes else ():
            new = market.deal_count - self._deals_seen.get(name, market.deal_count)
            if market.is_halted or not (new or is_anyone_new):
                continue
            self._deals_seen[name] = market.deal_count
            followers = self._followers("deals", name)
            news = self._deals(market, min(new, len(market.deals))) if new else None
            for follower in followers:
                wish = wishes[follower]
                if name in wish.fresh:
                    wish.fresh.discard(name)
                    follower.deliver(self._deals(market, FIRST_DEALS))
                elif news is not None:
                    follower.deliver(news)

    def _deals(self, market: Market, count: int) -> Push:
        deals = [
            {
                "deal_id": deal.deal_id,
                "created_at": deal.created_ms,
                "side": deal.side,
                "price": market.price_text(deal.price),
                "amount": market.amount_text(deal.lots),
            }
            for deal in islice(market.deals, count)
        ]
        return Push("deals.update", {"market": market.spec.name, "deal_list": deals})

    def _push_states(self, now_ms: int) -> None:
        wishes = self._wishes["state"]
        if not wishes:
            return
        changed = {}
        for name, market in self.markets.items():
            mark = (market.deal_count, now_ms // FULL_EVERY_MS)
            if self._states_seen.get(name) != mark and not market.is_halted:
                self._states_seen[name] = mark
                changed[name] = self._prices.state(market, now_ms)
        pushes: dict[tuple[bool, tuple[str, ...]], Push] = {}
        for subscriber, wish in list(wishes.items()):
            news = self.markets if wish.fresh else changed
            names = tuple(name for name in news if name in wish.fresh or (name in changed and name in wish))
            wish.fresh.clear()
            if not names:
                continue
            push = pushes.get((wish.is_all, names))
            if push is None:
                entries = [changed.get(name) or self._prices.state(self.markets[name], now_ms) for name in names]
                if wish.is_all:
                    entries += [self._prices.pseudo_state(entry) for entry in entries if "mark_price" in entry]
                push = pushes[wish.is_all, names] = Push("state.update", {"state_list": entries})
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
        bid, bid_lots, ask, ask_lots = market.top
        quote: dict[str, Any] = {
            "market": market.spec.name,
            "updated_at": self._prices.now_ms,
            "best_bid_price": market.price_text(bid) if bid else "0",
            "best_bid_size": market.amount_text(bid_lots),
            "best_ask_price": market.price_text(ask) if ask else "0",
            "best_ask_size": market.amount_text(ask_lots),
        }
        return Push("bbo.update", quote)
