"""The market channels of the local QFEX: who has subscribed to what, and what each tick brings.

Best quotes come at once, trades and candles ten times a second, level2 every 500 ms, the rest every second. Every message of a
connection has the next sequence number. Source: QFEX documentation, MDS channels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice, takewhile
from typing import Any, Final, Protocol

from coinex_proto.simulator.market.amounts import RATE_ONE, RATE_PLACES, to_short_text
from coinex_proto.simulator.market.exchange import Exchange
from coinex_proto.simulator.market.market import MINUTE_MS, Market
from coinex_proto.simulator.market.marks import funding_times
from coinex_proto.simulator.qfex.wire import SIDES, moment, uuid

TICK_MS: Final = 100
LEVELS: Final = 20
ALL: Final = "*"
HOURS_A_YEAR: Final = 24 * 365
CANDLE_MINUTES: Final = {"1MIN": 1, "5MINS": 5, "15MINS": 15, "30MINS": 30, "1HOUR": 60, "4HOURS": 240, "1DAY": 1440}
"""Minutes."""
PUSH_INTERVALS_MS: Final = {
    # milliseconds; 0: at once
    "bbo": 0,
    "trade": 100,
    "candle": 100,
    "level2": 500,
    "underlier": 1000,
    "mark_price": 1000,
    "funding": 1000,
    "open_interest": 1000,
    "minmax_price": 1000,
    "market_stats": 1000,
}

Subscription = tuple[str, str, object]
"""Channel, symbol or *, and the interval or sig_figs."""


class Subscriber(Protocol):
    """One MDS socket."""

    subscriptions: dict[Subscription, None]

    def push(self, message: dict[str, Any]) -> None: ...


class QfexFeeds:
    """All market channels."""

    def __init__(
        self,
        exchange: Exchange,
        markets: dict[str, Market],
        wake: Callable[[str], object],
        wake_later: Callable[[str], object],
    ) -> None:
        """`wake(market key)` runs when somebody begins to look at a market, the other one when at all of them.

        Either may let it sleep on for a while; then its messages come when it has woken.
        """
        self._exchange = exchange
        self.markets = markets
        """By symbol."""
        self._numbers = {name: number for number, name in enumerate(markets)}
        self._wake, self._wake_later = wake, wake_later
        self.subscribers: dict[Subscriber, None] = {}
        self._last_tick: int | None = None
        """The last one that brought something; None before the first since somebody looks."""
        self._deals_seen = {name: market.deal_count for name, market in markets.items()}
        self._makers: dict[str, Callable[[Market, object], dict[str, Any] | None]] = {
            "level2": self._level2,
            "bbo": lambda market, _: self._bbo(market),
            "candle": self._candle,
            "underlier": lambda market, _: self._price(market, self._exchange.marks.index(market), source="external"),
            "mark_price": lambda market, _: self._price(market, self._exchange.marks.mark(market)),
            "funding": lambda market, _: self._funding(market),
            "open_interest": lambda market, _: {**self._stamp(market), "open_interest": self._interest(market)},
            "minmax_price": lambda market, _: self._bounds(market),
        }

    @property
    def has_subscribers(self) -> bool:
        return any(subscriber.subscriptions for subscriber in self.subscribers)

    def follow(self, subscriber: Subscriber, subscription: Subscription) -> None:
        """From now on; what has a state comes at once, or when its market has woken."""
        if not self.has_subscribers:
            # Nobody has looked since: what happened meanwhile is history, which this venue does not send.
            self._deals_seen = {name: market.deal_count for name, market in self.markets.items()}
            self._last_tick = None
        subscriber.subscriptions[subscription] = None
        channel, symbol, detail = subscription
        awake = [market for market in self._named(symbol) if market.is_awake]
        for market in self._named(symbol):
            (self._wake_later if symbol == ALL else self._wake)(market.spec.key)
        if channel == "market_stats":
            subscriber.push(self._stats(symbol))
        elif channel != "trade":
            for market in awake:
                self._push(subscriber, channel, market, detail)

    def woken(self, market: Market) -> None:
        """Its first state goes to everybody who has waited for it.  The day of trades that it wakes with is history."""
        self._deals_seen[market.spec.name] = market.deal_count
        for subscriber in tuple(self.subscribers):
            for channel, symbol, detail in tuple(subscriber.subscriptions):
                if symbol in (ALL, market.spec.name) and channel not in ("trade", "market_stats", "bbo"):
                    self._push(subscriber, channel, market, detail)

    def top_changed(self, market: Market) -> None:
        """Best quotes go out at once."""
        message: dict[str, Any] | None = None
        subscriptions = {("bbo", market.spec.name, None), ("bbo", ALL, None)}
        for subscriber in tuple(self.subscribers):
            if subscriptions & subscriber.subscriptions.keys():
                message = message or {"type": "bbo", **self._bbo(market)}
                subscriber.push(message)

    def push_due(self, now_ms: int) -> None:
        """Everything that is due at this tick.  The symbols of a channel have turns within its interval: a thousand books
        do not come with one and the same tick.  Who had a turn in ticks that were left out has it now.
        """
        tick = now_ms // TICK_MS
        ticks = range(tick if self._last_tick is None else self._last_tick + 1, tick + 1)
        self._last_tick = tick
        deals = {name: self._new_deals(market) for name, market in self.markets.items()}
        for subscriber in tuple(self.subscribers):
            for channel, symbol, detail in tuple(subscriber.subscriptions):
                interval = PUSH_INTERVALS_MS[channel]
                if not interval:
                    continue
                turns = interval // TICK_MS
                passed = [one % turns for one in ticks[-turns:]]
                if channel == "market_stats":
                    if 0 in passed:
                        subscriber.push(self._stats(symbol))
                    continue
                for market in self._whose_turn(symbol, passed, turns):
                    if channel == "trade":
                        for message in deals[market.spec.name]:
                            subscriber.push(message)
                    elif market.is_awake and not market.is_halted:
                        self._push(subscriber, channel, market, detail)

    def _push(self, subscriber: Subscriber, channel: str, market: Market, detail: object) -> None:
        message = self._makers[channel](market, detail)
        if message is not None:
            subscriber.push({"type": channel, **message})

    def _named(self, symbol: str) -> Iterator[Market]:
        if symbol == ALL:
            yield from self.markets.values()
        else:
            yield self.markets[symbol]

    def _whose_turn(self, symbol: str, passed: Sequence[int], turns: int) -> Iterator[Market]:
        if symbol != ALL:
            return iter([self.markets[symbol]] if self._numbers[symbol] % turns in passed else [])
        return chain.from_iterable(islice(self.markets.values(), turn, None, turns) for turn in passed)

    def _stamp(self, market: Market) -> dict[str, Any]:
        return {"symbol": market.spec.name, "time": moment(self._exchange.now_ms)}

    def _level2(self, market: Market, detail: object) -> dict[str, Any]:
        step = 10 ** (detail if isinstance(detail, int) else 0)
        bid, ask = market.levels("buy", LEVELS, step), market.levels("sell", LEVELS, step)
        return {**self._stamp(market), "bid": bid, "ask": ask, "sig_figs": detail or 0}

    def _bbo(self, market: Market) -> dict[str, Any]:
        return {**self._stamp(market), "bid": market.levels("buy", 1), "ask": market.levels("sell", 1)}

    def _price(self, market: Market, ticks: int, **more: str) -> dict[str, Any]:
        return {**self._stamp(market), "price": market.price_text(ticks), **more}

    def _funding(self, market: Market) -> dict[str, Any]:
        now_ms = self._exchange.now_ms
        remaining = (funding_times(now_ms)[1] - now_ms) // 1000
        rate = self._exchange.marks.funding(market)
        funding, yearly = to_short_text(rate, RATE_PLACES), to_short_text(rate * HOURS_A_YEAR, RATE_PLACES)
        return {
            **self._stamp(market),
            "funding_rate": funding,
            "annualised_funding_rate": yearly,
            "time_remaining": remaining,
        }

    def _interest(self, market: Market) -> str:
        return market.amount_text(self._exchange.futures.open_interest(market.spec.key))

    def _bounds(self, market: Market) -> dict[str, Any]:
        mark = self._exchange.marks.mark(market)
        reach = mark * (RATE_ONE // 10) // RATE_ONE
        return {
            **self._stamp(market),
            "min_price": market.price_text(mark - reach),
            "max_price": market.price_text(mark + reach),
        }

    def _candle(self, market: Market, detail: object) -> dict[str, Any] | None:
        """The newest candle, while it has trades."""
        span = CANDLE_MINUTES[str(detail)] * MINUTE_MS
        start = self._exchange.now_ms - self._exchange.now_ms % span
        minutes = list(takewhile(lambda candle: candle.start_ms >= start, reversed(market.minutes)))[::-1]
        if not minutes:
            return None
        value = sum(candle.value for candle in minutes) // 10**20
        return {
            "symbol": market.spec.name,
            "start": moment(start),
            "resolution": str(detail),
            "low": market.price_text(min(candle.low for candle in minutes)),
            "high": market.price_text(max(candle.high for candle in minutes)),
            "open": market.price_text(minutes[0].open),
            "close": market.price_text(minutes[-1].close),
            "usdVolume": value,
            "trades": str(sum(1 for _ in takewhile(lambda deal: deal.created_ms >= start, market.deals))),
        }

    def _stats(self, symbol: str) -> dict[str, Any]:
        markets = [market for market in self._named(symbol) if market.is_awake]
        return {
            "type": "market_stats",
            "symbol": symbol,
            "time": moment(self._exchange.now_ms),
            "bbos": [self._bbo(market) for market in markets],
            "mark_prices": [self._price(market, self._exchange.marks.mark(market)) for market in markets],
            "open_interests": [{**self._stamp(market), "open_interest": self._interest(market)} for market in markets],
            "daily_volumes": [
                {"symbol": market.spec.name, "volume": market.amount_text(market.day(self._exchange.now_ms).lots)}
                for market in markets
            ],
        }

    def _new_deals(self, market: Market) -> list[dict[str, Any]]:
        """Those since the last tick, oldest first."""
        name = market.spec.name
        count = market.deal_count - self._deals_seen[name]
        self._deals_seen[name] = market.deal_count
        return [
            {
                "type": "trade",
                "trade_id": uuid("deal", deal.deal_id),
                "symbol": name,
                "time": moment(deal.created_ms),
                "size": market.amount_text(deal.lots),
                "price": market.price_text(deal.price),
                "side": SIDES[deal.side],
                "execution_type": "T",
            }
            for deal in [*islice(market.deals, count)][::-1]
        ]
