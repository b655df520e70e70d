"""The crowd: seeded random traders that keep one market lively and plausible.

Each market has its own generator, so that what happens in one does not depend on how many others there are.  A reference
price walks; makers quote around it, old quotes go, takers hit the book, and whatever stands on the wrong side of the
reference is traded away, the user's orders included.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush
from random import Random
from statistics import NormalDist
from typing import Final

from attrs import frozen

from coinex_proto.simulator.market.catalogue import STABLE, market_key, usd_worth
from coinex_proto.simulator.market.exchange import MAKERS, TAKERS, Exchange
from coinex_proto.simulator.market.history import trades
from coinex_proto.simulator.market.klines import klines
from coinex_proto.simulator.market.market import MINUTE_MS, Market
from coinex_proto.simulator.market.matching import Order, Side
from coinex_proto.simulator.market.short_ways import ShortWays

NORMALS: Final = tuple(map(NormalDist().inv_cdf, ((number + 0.5) / 1024 for number in range(1024))))
"""As many normal numbers, equally likely: one uniform number chooses."""
SIZES: Final = 64
"""Sizes of orders that one crowd knows: people order round lots too, and each is printed once."""
MOST_DRIFT: Final = 1.05
"""So many times dearer or cheaper the market may have become before its crowd thinks of other sizes."""
PAST_DEALS: Final = 120
MOST_PAST_MINUTES: Final = 60
MANY_MARKETS: Final = 200
TURNS_A_SECOND: Final = 100
"""Crowds act at whole turns of the clock, and those of one turn one after the other."""
DEEP: Final = 60
SHALLOW: Final = 25


@frozen(kw_only=True)
class CrowdSettings:
    """How a market behaves."""

    rate: float = 4.0
    """Actions a second and market."""
    spread: float = 0.0002
    """Between best bid and best ask, as a share of the price."""
    volatility: float = 0.0002
    """Standard deviation of the reference price over one second, as a share of the price."""
    depth: int | None = None
    """Orders that the makers keep on each side; None: deep books for a few markets, shallow ones where there are many."""
    past_deals: int = PAST_DEALS
    """Trades from before it woke that a market remembers, or a few more."""
    order_value: float = 500.0
    """Mean value of an order in US dollars."""


class Crowd:
    """The traders of one market."""

    def __init__(
        self,
        exchange: Exchange,
        key: str,
        settings: CrowdSettings,
        seed: int | str,
        guide: Crowd | None = None,
        sides: tuple[Crowd | None, Crowd | None] | None = None,
    ) -> None:
        self._exchange = exchange
        self._short = ShortWays(exchange)
        self._guide = guide
        """The crowd of the index, whose reference this one follows."""
        self._sides = sides
        """Of a pair whose coins trade against dollars as well: the crowds of base and quote (None: a dollar itself)."""
        self.followers: list[Crowd] = []
        """Crowds of pairs that one of its coins is in."""
        self._seed = seed
        self._market = exchange.markets[key]
        self._settings = settings
        spec = self._market.spec
        self._volatility = 0.0 if spec.base in STABLE else settings.volatility
        self._tick, self._lot, self._quote_worth = (
            10**-spec.price_places,
            10**-spec.amount_places,
            usd_worth(spec.quote),
        )
        self._random = Random(f"{seed}:{key}")
        self._uniform = self._random.random
        self._half_spread = settings.spread / 2
        self._sizes: list[int] = []
        self._sized_at = 0.0
        """The reference for which these are the sizes."""
        many = len(exchange.markets) > MANY_MARKETS
        self._depth = settings.depth if settings.depth is not None else SHALLOW if many else DEEP
        self._quotes: dict[Side, deque[Order]] = {"buy": deque(), "sell": deque()}
        """The makers' quotes, oldest first, and among them some that are gone already."""
        self.acts_at: float = 0.0
        """Seconds: when it acts next, or soon after; and when it acted last."""
        self.acted_at: float = 0.0
        self.reference: float = float(self._market.spec.start_price)
        """Ticks."""
        self.is_quiet = False
        """Somebody else has taken over the quoting."""

    def wait(self) -> float:
        """Seconds until the next action."""
        return -math.log(1.0 - self._uniform()) / self._settings.rate

    def start(self) -> None:
        """Its past, the newest trades of it, and a full book."""
        if self._sides is not None:
            self._walk(0.0)
            self._market.first_price = self._market.last = max(1, round(self.reference))
        self._remember()
        self._choose_sizes()
        if self._market.is_halted:
            return
        with self._exchange.batch() as touch:
            touch(self._market)
            for _ in range(self._depth):
                self._quote("buy")
                self._quote("sell")

    def act(self, elapsed: float) -> None:
        """One step, `elapsed` seconds after the last."""
        self._walk(elapsed)
        self._choose_sizes()
        if not (self._market.is_halted or self.is_quiet):
            with self._exchange.batch() as touch:
                touch(self._market)
                self._trade()
        for follower in self.followers:
            follower.fit()

    def fit(self) -> None:
        """Trade away at once what no longer fits the coins of this pair."""
        self._walk(0.0)
        self._choose_sizes()
        if not (self._market.is_halted or self.is_quiet):
            with self._exchange.batch() as touch:
                touch(self._market)
                self.sweep(int(self.reference), int(self.reference))
                self._fill_up()

    def _trade(self) -> None:
        """Somebody trades sometimes, the oldest quote of one side goes, and new ones take the place of those that are gone."""
        uniform, middle, market = self._uniform, int(self.reference), self._market
        bids, asks = market.book.bids.ranked, market.book.asks.ranked
        if (bids and bids[0].price > middle) or (asks and asks[0].price < middle):
            self.sweep(middle, middle)
        choice = uniform()
        side: Side = "buy" if uniform() < 0.5 else "sell"
        if choice < 0.3:
            self._short.hit(market, side, None, self._sizes[int(uniform() * SIZES)])
        if market.book.sides[side].quotes >= self._depth:
            quotes = self._quotes[side]
            while not (oldest := quotes.popleft()).rests:
                pass
            self._short.retire(market, oldest)
        self._fill_up()

    def _remember(self) -> None:
        """The newest trades of the past, which its candles are made of."""
        random, now_ms, spec = self._random, self._exchange.now_ms, self._market.spec
        newest: list[tuple[int, int, int]] = []
        most = MOST_PAST_MINUTES if self._settings.past_deals else 0
        for minute in reversed(klines(self._market, "1min", now_ms, self._seed, limit=most) if most else ()):
            made = trades(spec, minute)
            times = sorted(minute.start_ms + int(random.random() * MINUTE_MS) for _ in made)
            newest[:0] = [(at, price, lots) for at, (price, lots) in zip(times, made, strict=True)]
            if len(newest) >= self._settings.past_deals:
                break
        for at_ms, price, lots in newest:
            side: Side = "buy" if random.random() < 0.5 else "sell"
            self._exchange.recall(spec.key, at_ms, side, price, lots)
        self._market.last = self._market.first_price

    def _walk(self, elapsed: float) -> None:
        step = NORMALS[int(self._uniform() * 1024)] * self._volatility * math.sqrt(elapsed)
        if self._sides is not None:
            self.reference = self._fitting(*self._sides)
        elif self._guide is None:
            self.reference *= math.exp(step)
        else:
            self.reference = self._guide.reference * math.exp(step)

    def _fitting(self, base: Crowd | None, quote: Crowd | None) -> float:
        """Ticks at which this pair closes the triangle with the markets of its coins."""
        dollars = (1.0 if base is None else base.dollars) / (1.0 if quote is None else quote.dollars)
        return dollars * 10.0**self._market.spec.price_places

    @property
    def dollars(self) -> float:
        """The price that this crowd believes in, in its quote currency; the middle of a book that somebody else quotes."""
        ticks = float(self._market.middle) if self.is_quiet else self.reference
        return ticks * 10.0**-self._market.spec.price_places

    def sweep(self, bid: int, ask: int) -> None:
        """Trade away whatever bids above `ask` or offers below `bid`."""
        book = self._market.book
        if (best := book.bids.best()) is not None and best.price > ask:
            self._short.hit(self._market, "sell", ask + 1, sum(o.left for o in book.makers("sell", ask + 1)))
        if (best := book.asks.best()) is not None and best.price < bid:
            self._short.hit(self._market, "buy", bid - 1, sum(o.left for o in book.makers("buy", bid - 1)))

    def withdraw(self) -> None:
        """Cancel every quote of the makers."""
        book = self._market.book
        for order in [order for order in book.orders.values() if order.owner == MAKERS]:
            self._exchange.cancel(order)

    def rest(self, side: Side, price: int, lots: int) -> Order:
        """Put one quote of the makers into the book."""
        return self._short.quote(self._market, side, price, lots)

    def take(self, side: Side, lots: int) -> Order:
        """Let a taker trade at the market.  Raises OrderRefused when nobody stands on the other side."""
        return self._exchange.place(TAKERS, self._market.spec.key, side, "market", amount=lots)

    def _quote(self, side: Side) -> None:
        uniform, reference = self._uniform, self.reference
        half = reference * self._half_spread
        away = half * (0.5 + uniform()) - math.log(1.0 - uniform()) * (10 * half + 1)
        price = math.floor(reference - away) if side == "buy" else math.ceil(reference + away)
        lots = self._sizes[int(uniform() * SIZES)]
        order = self._short.quote(self._market, side, max(1, price), lots)
        if order.rests:
            self._quotes[side].append(order)

    def _fill_up(self) -> None:
        """New quotes until both sides are as deep as they should be."""
        for side, half in self._market.book.sides.items():
            for _ in range(half.quotes, self._depth):
                self._quote(side)

    def _choose_sizes(self) -> None:
        """Log-normal around the mean value; anew when that has become another number of lots."""
        if self._sized_at / MOST_DRIFT < self.reference < self._sized_at * MOST_DRIFT:
            return
        spec, self._sized_at = self._market.spec, self.reference
        price = 1.0 if spec.is_inverse else self.reference * self._tick * self._quote_worth
        mean = self._settings.order_value / (price * self._lot)
        self._sizes = [max(spec.min_amount, int(math.exp(normal) * mean)) for normal in NORMALS[8 :: 1024 // SIZES]]


class Crowds:
    """The crowds of all markets on one clock.  A market sleeps until somebody looks at it."""

    def __init__(
        self,
        exchange: Exchange,
        settings: CrowdSettings,
        seed: int | str,
        woken: Callable[[Market], object] = lambda _: None,
    ) -> None:
        """`woken(market)` is called when a market has woken."""
        self._exchange = exchange
        self._woken = woken
        self._settings = settings
        self._seed = seed
        self._crowds: dict[str, Crowd] = {}
        self._turns: dict[int, list[Crowd]] = {}
        """Who acts at which turn, in this order."""
        self._next_turns: list[int] = []
        """A heap of them."""
        self.next_at: float = math.inf
        """When the next action is due; infinity when all markets sleep."""

    def wake(self, key: str, now: float) -> Crowd:
        """The crowd of this market, which trades from now on; a futures market wakes its index too."""
        crowd = self._crowds.get(key)
        if crowd is None:
            follows = self._exchange.markets[key].spec.follows
            guide = self.wake(follows, now) if follows is not None else None
            sides = None if guide is not None else self._sides(key, now)
            crowd = self._crowds[key] = Crowd(self._exchange, key, self._settings, self._seed, guide, sides)
            for leader in sides or ():
                if leader is not None:
                    leader.followers.append(crowd)
            crowd.start()
            market = self._exchange.markets[key]
            market.is_awake = True
            self._woken(market)
            if self._settings.rate > 0:
                crowd.acted_at = now
                crowd.acts_at = now + crowd.wait()
                self._schedule(crowd)
        return crowd

    def _schedule(self, crowd: Crowd) -> None:
        turn = int(crowd.acts_at * TURNS_A_SECOND) + 1
        there = self._turns.get(turn)
        if there is None:
            self._turns[turn] = [crowd]
            heappush(self._next_turns, turn)
            self.next_at = self._next_turns[0] / TURNS_A_SECOND
        else:
            there.append(crowd)

    def _sides(self, key: str, now: float) -> tuple[Crowd | None, Crowd | None] | None:
        """The crowds of both coins of a pair against dollars; None where the pair goes its own way."""
        spec = self._exchange.markets[key].spec
        if spec.wallet != "spot" or spec.key == market_key("spot", f"{spec.base}{STABLE[0]}"):
            return None
        leaders = [self._leader(coin, key) for coin in (spec.base, spec.quote)]
        if any(leader is None for leader in leaders) or not any(leaders):
            return None
        base, quote = (self.wake(leader, now) if leader else None for leader in leaders)
        return base, quote

    def _leader(self, coin: str, key: str) -> str | None:
        """The market of a coin against dollars, which the other pairs of it follow; empty: it is a dollar itself."""
        keys = (market_key("spot", f"{coin}{dollar}") for dollar in STABLE[:2])
        found = next((one for one in keys if one in self._exchange.markets), None)
        if found == key:
            return None
        return found if found is not None else "" if coin in STABLE else None

    def leave_out(self, now: float) -> None:
        """Forget the actions that are overdue; each market goes on after now."""
        while self._next_turns and self.next_at < now:
            for crowd in self._pop():
                crowd.acts_at = now + crowd.wait()
                self._schedule(crowd)

    def act(self) -> None:
        """Do the actions of the next turn.  The exchange's clock stands at its time."""
        at = self.next_at
        for crowd in self._pop():
            while crowd.acts_at <= at:
                crowd.act(at - crowd.acted_at)
                crowd.acted_at = at
                crowd.acts_at += crowd.wait()
            self._schedule(crowd)

    def _pop(self) -> list[Crowd]:
        """Who acts at the next turn, which is over by this."""
        crowds = self._turns.pop(heappop(self._next_turns))
        self.next_at = self._next_turns[0] / TURNS_A_SECOND if self._next_turns else math.inf
        return crowds
