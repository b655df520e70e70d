"""Pushes of the MDS socket; msgspec decodes them directly, so each class is the schema.

Attributes are the wire's, apart from `type`, which is the `channel` of the class. Numbers are exact `Decimal`s; times stay
the venue's own RFC 3339 text, with `time_ns` (or `start_ns`) as nanoseconds; enumerations are plain strings, since they
grow. `sequence` grows along the connection or along the topic, which of both is not documented. This module must not import
for type checking only: msgspec reads the annotations. Source: QFEX documentation, MDS pages and AsyncAPI file.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, final

from attrs import field, frozen

from coinex_proto.fitting import EACH_ALONE, MAY_BE_NULL
from coinex_proto.ids import TopicKey
from coinex_proto.qfex._times import moment
from coinex_proto.updates import Update

ALL: str = "*"
"""The wire's word for all symbols."""


@frozen(kw_only=True)
class MarketUpdate(Update):
    """What all pushes have in common. Base class only."""

    has_sequence: ClassVar[bool] = True
    channel: ClassVar[str]
    """The wire's name of the channel, and the `type` of its pushes."""

    symbol: str
    sequence: int | None = None

    @property
    def topic_key(self) -> TopicKey:
        """Channel and symbol."""
        return (self.channel, self.symbol)

    @classmethod
    def key_of(cls, message: Mapping[str, Any]) -> TopicKey:
        """The topic key of a push that cannot be read, as far as can be seen."""
        symbol = message.get("symbol")
        return (cls.channel, symbol if isinstance(symbol, str) and symbol != ALL else None)


@frozen(kw_only=True)
class TimedUpdate(MarketUpdate):
    """A push that says when it was made. Base class only."""

    time: str | None = None

    @property
    def time_ns(self) -> int | None:
        """`time` as nanoseconds since the Unix epoch; None where it is missing or no time."""
        return moment(self.time)

    @property
    def venue_time(self) -> float | None:
        """`time` as Unix seconds."""
        time_ns = moment(self.time)
        return None if time_ns is None else time_ns / 1e9


@final
@frozen(kw_only=True)
class Level2Update(TimedUpdate):
    """The whole visible book of one symbol, at most 20 levels a side. Every push replaces the one before.

    A session gives the book (`BookChanged`) with it, where `Level2` is subscribed. Source: channel level2.

    Essential: all but `time`.
    """

    channel: ClassVar[str] = "level2"

    bid: tuple[tuple[str, str], ...] = field(metadata=MAY_BE_NULL)
    """(price, size) as the venue's texts, highest price first."""
    ask: tuple[tuple[str, str], ...] = field(metadata=MAY_BE_NULL)
    """(price, size) as the venue's texts, lowest price first."""
    sig_figs: int = 0
    """How prices are merged: bids down, asks up; 0 is not at all."""

    @property
    def topic_key(self) -> TopicKey:
        """Channel, symbol and sig_figs."""
        return (self.channel, self.symbol, self.sig_figs)

    @classmethod
    def key_of(cls, message: Mapping[str, Any]) -> TopicKey:
        """With the message's sig_figs."""
        sig_figs = message.get("sig_figs", 0)
        return (*super().key_of(message), sig_figs if type(sig_figs) is int else 0)


@final
@frozen(kw_only=True)
class BboUpdate(TimedUpdate):
    """Best bid and best ask of one symbol, as they change. Source: channel bbo.

    Essential: `symbol` and both sides.
    """

    channel: ClassVar[str] = "bbo"

    bid: tuple[tuple[Decimal, Decimal], ...] = field(metadata=MAY_BE_NULL)
    """One (price, size), or none while that side is empty."""
    ask: tuple[tuple[Decimal, Decimal], ...] = field(metadata=MAY_BE_NULL)
    """One (price, size), or none while that side is empty."""

    @property
    def best_bid(self) -> tuple[Decimal, Decimal] | None:
        """(price, size); None while there is no bid."""
        return self.bid[0] if self.bid else None

    @property
    def best_ask(self) -> tuple[Decimal, Decimal] | None:
        """(price, size); None while there is no ask."""
        return self.ask[0] if self.ask else None


@final
@frozen(kw_only=True)
class TradeUpdate(TimedUpdate):
    """One public trade. Source: channel trade.

    Essential: `symbol`, `trade_id`, `size`, `price`, `side`.
    """

    channel: ClassVar[str] = "trade"

    trade_id: str
    size: Decimal
    price: Decimal
    side: str
    """As sent: BUY or SELL today, lower case in older messages; see `is_buy`."""
    execution_type: str | None = None
    """Such as "T"; the meaning is not documented."""

    @property
    def identity(self) -> str:
        """Its trade id."""
        return self.trade_id

    @property
    def is_buy(self) -> bool:
        """Whether `side` says BUY, in any case."""
        return self.side.upper() == "BUY"


@final
@frozen(kw_only=True)
class CandleUpdate(MarketUpdate):
    """One candle as it stands; the newest one of a symbol keeps changing. Source: channel candle.

    Essential: all but `usdVolume` and `trades`.
    """

    channel: ClassVar[str] = "candle"

    start: str
    """When it begins, RFC 3339."""
    resolution: str
    """1MIN, 5MINS, 15MINS, 30MINS, 1HOUR, 4HOURS or 1DAY."""
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    usdVolume: Decimal | None = None
    trades: int | Decimal | None = None
    """How many; some servers send a fraction. None where it is no number."""

    @property
    def topic_key(self) -> TopicKey:
        """Channel, symbol and interval."""
        return (self.channel, self.symbol, self.resolution)

    @classmethod
    def key_of(cls, message: Mapping[str, Any]) -> TopicKey:
        """With the message's resolution."""
        resolution = message.get("resolution")
        return (*super().key_of(message), resolution if isinstance(resolution, str) else None)

    @property
    def start_ns(self) -> int | None:
        """`start` as nanoseconds since the Unix epoch; None where it is no time."""
        return moment(self.start)


@final
@frozen(kw_only=True)
class UnderlierUpdate(TimedUpdate):
    """The price that a perpetual follows. Source: channel underlier.

    Essential: `symbol` and `price`.
    """

    channel: ClassVar[str] = "underlier"

    price: Decimal
    source: str | None = None
    """internal (outside market hours, from the order book) or external."""


@final
@frozen(kw_only=True)
class MarkPriceUpdate(TimedUpdate):
    """What positions are valued with. Source: channel mark_price.

    Essential: `symbol` and `price`.
    """

    channel: ClassVar[str] = "mark_price"

    price: Decimal


@final
@frozen(kw_only=True)
class FundingUpdate(TimedUpdate):
    """The hourly funding rate that is being computed, after the venue's scaling by 1/100. Source: channel funding.

    It is rounded to 5 places, and so mostly 0.00000 for stocks: the yearly one shows more of it.

    Essential: `symbol` and `funding_rate`.
    """

    channel: ClassVar[str] = "funding"

    funding_rate: Decimal
    annualised_funding_rate: Decimal | None = None
    """A year's, rounded to 4 places; None where the venue does not send it."""
    time_remaining: Decimal | None = None
    """Seconds."""


@final
@frozen(kw_only=True)
class OpenInterestUpdate(TimedUpdate):
    """How much is held. Source: channel open_interest.

    Essential: `symbol` and `open_interest`.
    """

    channel: ClassVar[str] = "open_interest"

    open_interest: Decimal


@final
@frozen(kw_only=True)
class MinMaxPriceUpdate(TimedUpdate):
    """Between which prices orders are taken. Source: channel minmax_price.

    Essential: all but `time`.
    """

    channel: ClassVar[str] = "minmax_price"

    min_price: Decimal
    max_price: Decimal


@final
@frozen(kw_only=True)
class StatsBbo:
    """Best bid and ask of one symbol within market_stats.

    Essential: all but `time`.
    """

    time: str | None = None
    symbol: str
    bid: tuple[tuple[Decimal, Decimal], ...] = field(metadata=MAY_BE_NULL)
    ask: tuple[tuple[Decimal, Decimal], ...] = field(metadata=MAY_BE_NULL)


@final
@frozen(kw_only=True)
class StatsMarkPrice:
    """Mark price of one symbol within market_stats.

    Essential: all but `time`.
    """

    time: str | None = None
    symbol: str
    price: Decimal


@final
@frozen(kw_only=True)
class StatsOpenInterest:
    """Open interest of one symbol within market_stats.

    Essential: all but `time`.
    """

    time: str | None = None
    symbol: str
    open_interest: Decimal


@final
@frozen(kw_only=True)
class StatsDailyVolume:
    """Volume of one symbol since 20:00 America/Chicago, within market_stats.

    Essential: all of it.
    """

    symbol: str
    volume: Decimal


@final
@frozen(kw_only=True)
class MarketStatsUpdate(TimedUpdate):
    """Figures of one symbol or of all, once a second. Each list may be empty. Source: channel market_stats.

    Essential: `symbol`; an entry that cannot be read is left out.
    """

    channel: ClassVar[str] = "market_stats"

    symbol: str
    """As subscribed; "*" for all."""
    bbos: tuple[StatsBbo, ...] = field(default=(), metadata=EACH_ALONE)
    mark_prices: tuple[StatsMarkPrice, ...] = field(default=(), metadata=EACH_ALONE)
    open_interests: tuple[StatsOpenInterest, ...] = field(default=(), metadata=EACH_ALONE)
    daily_volumes: tuple[StatsDailyVolume, ...] = field(default=(), metadata=EACH_ALONE)

    @property
    def topic_key(self) -> TopicKey:
        """Channel and symbol; None for all."""
        return (self.channel, None if self.symbol == ALL else self.symbol)


@final
@frozen(kw_only=True)
class RefdataUpdate(MarketUpdate):
    """Records of symbols: a channel that QFEX withdrew in September 2025 in favour of REST; some server may still have it.

    Source: older QFEX documentation, channel refdata.

    Essential: the records.
    """

    channel: ClassVar[str] = "refdata"

    data: tuple[Mapping[str, Any], ...]
    """As sent: nearly all values are strings."""
    symbol: str = ALL
    time: str | None = None

    @property
    def topic_key(self) -> TopicKey:
        """Channel and symbol; None for all."""
        return (self.channel, None if self.symbol == ALL else self.symbol)
