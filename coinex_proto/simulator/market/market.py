"""One market: what it trades, its book, its public trades and its figures of the last day.

Times are milliseconds of the exchange's own clock, handed in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice, takewhile
from typing import Final, NamedTuple

from attrs import define, field, frozen

from coinex_proto.simulator.market.amounts import UNIT_PLACES, Texts, to_short_text, to_text
from coinex_proto.simulator.market.matching import Book, HalfBook, Level, Order, Side

HOUR_MS: Final = 3_600_000
MINUTE_MS: Final = 60_000
DAY_MS: Final = 24 * HOUR_MS
KEPT_DEALS: Final = 1000
KEPT_MINUTES: Final = 1500
KEPT_HOURS: Final = 1500
KEPT_DAYS: Final = 3660
UNCOUNTED_DEALS: Final = 500
"""Candles take trades in together, so many at most."""
LONGEST_VIEW: Final = 50


@frozen(kw_only=True)
class MarketSpec:
    """What never changes about a market."""

    key: str
    """Unique in the exchange: the same name may trade as spot and as futures."""
    name: str
    base: str
    quote: str
    wallet: str
    """spot or futures: the wallet that its trades settle in."""
    price_places: int
    amount_places: int
    start_price: int
    """Ticks: where the crowd begins."""
    min_amount: int
    """Lots."""
    maker_rate: int
    taker_rate: int
    """Fee rates in steps of 10**-8."""
    follows: str | None = None
    """Futures: key of the spot market that is its index."""
    is_inverse: bool = False
    """Futures: lots count quote currency, and what they are worth is counted, paid and won in base currency."""
    rates: tuple[int, int] = field(init=False)
    """Both."""
    settle: str = field(init=False)
    """The currency of values, fees of futures, margin and profit."""
    value_factor: int = field(init=False)
    """ticks x lots x value_factor = units of quote currency; of an inverse market lots x value_factor / ticks = units of base currency."""
    base_factor: int = field(init=False)
    """lots x base_factor = units of base currency."""

    @rates.default
    def _rates(self) -> tuple[int, int]:
        return self.maker_rate, self.taker_rate

    @settle.default
    def _settle(self) -> str:
        return self.base if self.is_inverse else self.quote

    @value_factor.default
    def _value_factor(self) -> int:
        places = self.price_places if self.is_inverse else -self.price_places
        return int(10 ** (UNIT_PLACES + places - self.amount_places))

    @base_factor.default
    def _base_factor(self) -> int:
        return int(10 ** (UNIT_PLACES - self.amount_places))

    @property
    def currencies(self) -> tuple[str, ...]:
        """What an account needs to trade here."""
        return (self.base, self.quote) if self.wallet == "spot" else (self.settle,)

    def value(self, price: int, lots: int) -> int:
        """Units of `settle` that so many lots are worth at a price; an inverse market rounds down."""
        return lots * self.value_factor // price if self.is_inverse else price * lots * self.value_factor

    def worth(self, price: int, lots: int) -> int:
        """The same as somebody counts it who holds them (below zero: owes them): it grows with the price for a holder.

        Of an inverse market that is a debt of coins, which shrinks as the price grows.
        """
        value = self.value(price, abs(lots))
        return value if (lots < 0) == self.is_inverse else -value


class Deal(NamedTuple):
    """One public trade."""

    deal_id: int
    created_ms: int
    side: Side
    """The taker's."""
    price: int
    lots: int


new_deal: Final[Callable[[tuple[int, int, Side, int, int]], Deal]] = partial(tuple.__new__, Deal)
"""A deal of its fields, without the call in Python that the class itself makes."""


class Deals:
    """The newest trades of one market, newest first.

    Kept as columns of numbers and words, for the garbage collector looks at every tuple that there is, and there are a thousand
    for each market.
    """

    def __init__(self) -> None:
        self._ids: deque[int] = deque(maxlen=KEPT_DEALS)
        self._times: deque[int] = deque(maxlen=KEPT_DEALS)
        self._sides: deque[Side] = deque(maxlen=KEPT_DEALS)
        self._prices: deque[int] = deque(maxlen=KEPT_DEALS)
        self._lots: deque[int] = deque(maxlen=KEPT_DEALS)

    def add(self, deal_id: int, created_ms: int, side: Side, price: int, lots: int) -> None:
        self._ids.appendleft(deal_id)
        self._times.appendleft(created_ms)
        self._sides.appendleft(side)
        self._prices.appendleft(price)
        self._lots.appendleft(lots)

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[Deal]:
        return map(new_deal, zip(self._ids, self._times, self._sides, self._prices, self._lots, strict=True))


@define(eq=False)
class Candle:
    """Figures of one span of time, in ticks, lots and units."""

    start_ms: int
    open: int
    close: int
    high: int
    low: int
    lots: int = 0
    value: int = 0
    bought: int = 0
    """Lots that takers bought."""


@frozen(kw_only=True)
class DayFigures:
    """The last 24 hours, to the hour."""

    open: int
    high: int
    low: int
    lots: int
    value: int
    bought: int


class Market:
    """The changing part of one market."""

    def __init__(self, spec: MarketSpec) -> None:
        self.spec = spec
        self.book: Book = Book()
        self._amount_texts: Texts = Texts(spec.amount_places, to_short_text)
        self.last: int = spec.start_price
        self.deals: Deals = Deals()
        self.deal_count: int = 0
        """Grows with every trade; who remembers it knows how many deals are new."""
        self._uncounted = 0
        """Of the newest deals: so many are in no candle yet."""
        self._price_before = spec.start_price
        """The last price before those."""
        self._hours: deque[Candle] = deque(maxlen=KEPT_HOURS)
        self._minutes: deque[Candle] = deque(maxlen=KEPT_MINUTES)
        self._days: deque[Candle] = deque(maxlen=KEPT_DAYS)
        self.is_awake = False
        """The crowd has come; before, the book shows nothing that anybody should see."""
        self.begins_ms: int | None = None
        """Where its made-up past ends, a whole minute; None while nobody has looked at it."""
        self.first_price: int = spec.start_price
        """The price with which that past ends."""
        self.is_halted = False
        self.is_own_index = False
        """Futures: somebody quotes it apart from its spot market, and its own middle is its index."""
        self.top: tuple[int, int, int, int] = (0, 0, 0, 0)
        """Best bid price and size, best ask price and size; 0 for a missing side."""
        self._top_seen = -1
        """Changes of the book, both sides, when it was looked at last."""
        self._minute_ms = -MINUTE_MS
        """When the minute began that the newest candles are in; before all time for none."""

    @property
    def minutes(self) -> deque[Candle]:
        """Candles of a minute with trades, oldest first."""
        self._count()
        return self._minutes

    @property
    def hours(self) -> deque[Candle]:
        """The same of an hour."""
        self._count()
        return self._hours

    @property
    def days(self) -> deque[Candle]:
        """The same of a day."""
        self._count()
        return self._days

    def record(self, deal_id: int, now_ms: int, side: Side, price: int, lots: int) -> None:
        """Take a trade into the public figures; candles have it when somebody looks at them."""
        if not self._uncounted:
            self._price_before = self.last
        self.last = price
        self.deals.add(deal_id, now_ms, side, price, lots)
        self.deal_count += 1
        self._uncounted += 1
        if self._uncounted == UNCOUNTED_DEALS:
            self._count()

    def _count(self) -> None:
        """Take the newest trades into the candles."""
        if not self._uncounted:
            return
        before, value_of = self._price_before, self.spec.value
        newest = list(islice(self.deals, self._uncounted))
        self._uncounted = 0
        for _, now_ms, side, price, lots in reversed(newest):
            if not 0 <= now_ms - self._minute_ms < MINUTE_MS:
                self._begin_candles(now_ms, before, price)
            value, bought = value_of(price, lots), lots if side == "buy" else 0
            for candle in (self._days[-1], self._hours[-1], self._minutes[-1]):
                candle.close = price
                if price > candle.high:
                    candle.high = price
                elif price < candle.low:
                    candle.low = price
                candle.lots += lots
                candle.value += value
                candle.bought += bought
            before = price

    def _begin_candles(self, now_ms: int, before: int, price: int) -> None:
        """A longer candle whose first minute is without trades opens where that minute does: at the price before."""
        self._minute_ms = minute = now_ms - now_ms % MINUTE_MS
        for candles, span in ((self._days, DAY_MS), (self._hours, HOUR_MS), (self._minutes, MINUTE_MS)):
            if not candles or not 0 <= now_ms - candles[-1].start_ms < span:
                start = now_ms - now_ms % span
                first = price if start == minute else before
                candles.append(Candle(start, first, first, first, first))

    def recall(self, deal: Deal) -> None:
        """Show a trade from the past, which its candles hold already."""
        self._count()
        self.last = deal.price
        self.deals.add(*deal)
        self.deal_count += 1

    def day(self, now_ms: int) -> DayFigures:
        candles = list(takewhile(lambda hour: hour.start_ms > now_ms - 24 * HOUR_MS, reversed(self.hours)))[::-1]
        if not candles:
            return DayFigures(open=self.last, high=self.last, low=self.last, lots=0, value=0, bought=0)
        return DayFigures(
            open=candles[0].open,
            high=max(hour.high for hour in candles),
            low=min(hour.low for hour in candles),
            lots=sum(hour.lots for hour in candles),
            value=sum(hour.value for hour in candles),
            bought=sum(hour.bought for hour in candles),
        )

    def see_top(self) -> bool:
        """Look at the best prices again; whether they have changed."""
        bids, asks = self.book.bids, self.book.asks
        seen = bids.revision + asks.revision
        if seen == self._top_seen:
            return False
        self._top_seen = seen
        if bids.ranked and asks.ranked and not (bids.has_hidden or asks.has_hidden):
            bid, ask = bids.ranked[0], asks.ranked[0]
            top = bid.price, bid.lots, ask.price, ask.lots
        else:
            top = *_front(bids), *_front(asks)
        if top == self.top:
            return False
        self.top = top
        return True

    @property
    def middle(self) -> int:
        """Half way between best bid and best ask; the last price when a side is empty.  Ticks."""
        bid, _, ask, _ = self.top
        return (bid + ask) // 2 if bid and ask else self.last

    def levels(self, side: Side, limit: int = LONGEST_VIEW, step: int = 1) -> list[tuple[str, str]]:
        """Price and size texts of one side, best first; `step` ticks merge into one level, away from the middle."""
        return [_pair(text) for text in self.ladder(side, limit, step)]

    def ladder(self, side: Side, limit: int = LONGEST_VIEW, step: int = 1) -> list[str]:
        """The same, each level as one text, `price:size`."""
        half = self.book.sides[side]
        return self._merged(half, side, limit, step) if step > 1 else self._plain(half, limit)

    def sweep(self, makers: Iterable[Order], lots: int) -> tuple[int, int]:
        """How many of these lots the makers have, and units of `settle` for them."""
        done = value = 0
        for maker in makers:
            part = min(maker.left, lots - done)
            done += part
            value += self.spec.value(maker.price, part)
            if done == lots:
                break
        return done, value

    def cost(self, taker: Order) -> int:
        """Units of `settle` for as many lots of a market order as would trade at present."""
        return self.sweep(self.book.partners(taker), taker.left)[1]

    def lots_for(self, taker: Order) -> int:
        """Lots that a market order which sells for quote currency would part with at present; linear markets."""
        lots, units = 0, taker.left
        for maker in self.book.partners(taker):
            part = min(maker.left, units // (maker.price * self.spec.value_factor))
            if not part:
                break
            lots += part
            units -= self.spec.value(maker.price, part)
        return lots

    def price_text(self, ticks: int) -> str:
        return to_text(ticks, self.spec.price_places)

    def amount_text(self, lots: int) -> str:
        return self._amount_texts[lots]

    def _plain(self, half: HalfBook, limit: int) -> list[str]:
        shown = [level for level in half if level.lots][:limit] if half.has_hidden else half.ranked[:limit]
        return [level.text or self._print(level) for level in shown]

    def _print(self, level: Level) -> str:
        price = level.price_text = level.price_text or to_text(level.price, self.spec.price_places)
        level.text = text = f"{price}:{self._amount_texts[level.lots]}"
        return text

    def best(self, side: Side) -> str:
        """The best level that shows something as `price:size`; zeros for an empty side."""
        half = self.book.sides[side]
        if half.has_hidden:
            shown = next((level for level in half if level.lots), None)
        else:
            shown = half.ranked[0] if half.ranked else None
        return "0:0" if shown is None else shown.text or self._print(shown)

    def _merged(self, half: HalfBook, side: Side, limit: int, step: int) -> list[str]:
        sums: dict[int, int] = {}
        for level in half:
            if not level.lots:
                continue
            price = level.price // step * step if side == "buy" else -(-level.price // step) * step
            if price not in sums and len(sums) == limit:
                break
            sums[price] = sums.get(price, 0) + level.lots
        return [f"{self.price_text(price)}:{self.amount_text(lots)}" for price, lots in sums.items()]


def _pair(text: str) -> tuple[str, str]:
    price, _, size = text.partition(":")
    return price, size


def _front(half: HalfBook) -> tuple[int, int]:
    if not half.has_hidden and half.ranked:
        best = half.ranked[0]
        return best.price, best.lots
    return next(((level.price, level.lots) for level in half if level.lots), (0, 0))
