"""Pushes of the MDS socket; msgspec decodes them directly, so each class is the schema.

Attributes are the wire's, apart from `type`, which the class stands for. Numbers are exact `Decimal`s; times stay the
venue's own RFC 3339 text, with `time_ns` (or `start_ns`) as nanoseconds; enumerations are plain strings, since they grow.
`sequence` grows along the connection or along the topic, which of both is not documented. This module must not import for
type checking only: msgspec reads the annotations. Source: QFEX documentation, MDS pages and AsyncAPI file.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, final

from attrs import frozen

from coinex_proto.ids import TopicKey
from coinex_proto.qfex._times import nanoseconds
from coinex_proto.updates import Update

ALL: str = "*"
"""The wire's word for all symbols."""


@final
@frozen(kw_only=True)
class Level2Update(Update):
    """The whole visible book of one symbol, at most 20 levels a side. Every push replaces the one before.

    A session gives the book (`BookChanged`) with it, where `Level2` is wanted. Source: channel level2.
    """

    has_sequence: ClassVar[bool] = True

    symbol: str
    time: str
    bid: tuple[tuple[str, str], ...]
    """(price, size) as the venue's texts, highest price first."""
    ask: tuple[tuple[str, str], ...]
    """(price, size) as the venue's texts, lowest price first."""
    sig_figs: int = 0
    """How prices are merged: bids down, asks up; 0 is not at all."""
    sequence: int | None = None

    @property
    def topic_key(self) -> TopicKey:
        """Kind, symbol and sig_figs."""
        return ("level2", self.symbol, self.sig_figs)

    @property
    def time_ns(self) -> int:
        """`time` as nanoseconds since the Unix epoch."""
        return nanoseconds(self.time)

    @property
    def venue_time(self) -> float:
        """`time` as Unix seconds."""
        return self.time_ns / 1e9


@final
@frozen(kw_only=True)
class BboUpdate(Update):
    """Best bid and best ask of one symbol, as they change. Source: channel bbo."""

    has_sequence: ClassVar[bool] = True

    symbol: str
    time: str
    bid: tuple[tuple[Decimal, Decimal], ...]
    """One (price, size), or none while that side is empty."""
    ask: tuple[tuple[Decimal, Decimal], ...]
    """One (price, size), or none while that side is empty."""
    sequence: int | None = None

    @property
    def topic_key(self) -> TopicKey:
        """Kind and symbol."""
        return ("bbo", self.symbol)

    @property
    def time_ns(self) -> int:
        """`time` as nanoseconds since the Unix epoch."""
        return nanoseconds(self.time)

    @property
    def venue_time(self) -> float:
        """`time` as Unix seconds."""
        return self.time_ns / 1e9

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
class TradeUpdate(Update):
    """One public trade. Source: channel trade."""

    has_sequence: ClassVar[bool] = True

    symbol: str
    time: str
    trade_id: str
    size: Decimal
    price: Decimal
    side: str
    """As sent: BUY or SELL today, lower case in older messages; see `is_buy`."""
    execution_type: str | None = None
    """Such as "T"; the meaning is not documented."""
    sequence: int | None = None

    @property
    def topic_key(self) -> TopicKey:
        """Kind and symbol."""
        return ("trade", self.symbol)

    @property
    def time_ns(self) -> int:
        """`time` as nanoseconds since the Unix epoch."""
        return nanoseconds(self.time)

    @property
    def venue_time(self) -> float:
        """`time` as Unix seconds."""
        return self.time_ns / 1e9

    @property
    def is_buy(self) -> bool:
        """Whether `side` says BUY, in any case."""
        return self.side.upper() == "BUY"


@final
@frozen(kw_only=True)
class CandleUpdate(Update):
    """One candle as it stands; the newest one of a symbol keeps changing. Source: channel candle."""

    has_sequence: ClassVar[bool] = True

    symbol: str
    start: str
    """When it begins, RFC 3339."""
    resolution: str
    """1MIN, 5MINS, 15MINS, 1HOUR, 4HOURS or 1DAY."""
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    usdVolume: Decimal | None = None
    trades: int | None = None
    sequence: int | None = None

    @property
    def topic_key(self) -> TopicKey:
        """Kind, symbol and interval."""
        return ("candle", self.symbol, self.resolution)

    @property
    def start_ns(self) -> int:
        """`start` as nanoseconds since the Unix epoch."""
        return nanoseconds(self.start)


@final
@frozen(kw_only=True)
class UnderlierUpdate(Update):
    """The price that a perpetual follows. Source: channel underlier."""

    has_sequence: ClassVar[bool] = True

    symbol: str
    time: str
    price: Decimal
    source: str | None = None
    """internal (outside market hours, from the order book) or external."""
    sequence: int | None = None

    @property
    def topic_key(self) -> TopicKey:
        """Kind and symbol."""
        return ("underlier", self.symbol)

    @property
    def time_ns(self) -> int:
        """`time` as nanoseconds since the Unix epoch."""
        return nanoseconds(self.time)

    @property
    def venue_time(self) -> float:
        """`time` as Unix seconds."""
        return self.time_ns / 1e9


@final
@frozen(kw_only=True)
class MarkPriceUpdate(Update):
    """What positions are valued with. Source: channel mark_price."""

    has_sequence: ClassVar[bool] = True

    symbol: str
    time: str
    price: Decimal
    sequence: int | None = None

    @property
    def topic_key(self) -> TopicKey:
        """Kind and symbol."""
        return ("mark_price", self.symbol)

    @property
    def time_ns(self) -> int:
        """`time` as nanoseconds since the Unix epoch."""
        return nanoseconds(self.time)

    @property
    def venue_time(self) -> float:
        """`time` as Unix seconds."""
        return self.time_ns / 1e9


@final
@frozen(kw_only=True)
class FundingUpdate(Update):
    """The funding rate that is being computed, after the venue's scaling by 1/100. Source: channel funding."""

    has_sequence: ClassVar[bool] = True

    symbol: str
    time: str
    funding_rate: Decimal
    time_remaining: Decimal | None = None
    """Seconds."""
    sequence: int | None = None

    @property
    def topic_key(self) -> TopicKey:
        """Kind and symbol."""
        return ("funding", self.symbol)

    @property
    def time_ns(self) -> int:
        """`time` as nanoseconds since the Unix epoch."""
        return nanoseconds(self.time)

    @property
    def venue_time(self) -> float:
        """`time` as Unix seconds."""
        return self.time_ns / 1e9


@final
@frozen(kw_only=True)
class OpenInterestUpdate(Update):
    """How much is held. Source: channel open_interest."""

    has_sequence: ClassVar[bool] = True

    symbol: str
    time: str
    open_interest: Decimal
    sequence: int | None = None

    @property
    def topic_key(self) -> TopicKey:
        """Kind and symbol."""
        return ("open_interest", self.symbol)

    @property
    def time_ns(self) -> int:
        """`time` as nanoseconds since the Unix epoch."""
        return nanoseconds(self.time)

    @property
    def venue_time(self) -> float:
        """`time` as Unix seconds."""
        return self.time_ns / 1e9


@final
@frozen(kw_only=True)
class MinMaxPriceUpdate(Update):
    """Between which prices orders are taken. Source: channel minmax_price."""

    has_sequence: ClassVar[bool] = True

    symbol: str
    time: str
    min_price: Decimal
    max_price: Decimal
    sequence: int | None = None

    @property
    def topic_key(self) -> TopicKey:
        """Kind and symbol."""
        return ("minmax_price", self.symbol)

    @property
    def time_ns(self) -> int:
        """`time` as nanoseconds since the Unix epoch."""
        return nanoseconds(self.time)

    @property
    def venue_time(self) -> float:
        """`time` as Unix seconds."""
        return self.time_ns / 1e9


@final
@frozen(kw_only=True)
class StatsBbo:
    """Best bid and ask of one symbol within market_stats."""

    time: str
    symbol: str
    bid: tuple[tuple[Decimal, Decimal], ...]
    ask: tuple[tuple[Decimal, Decimal], ...]


@final
@frozen(kw_only=True)
class StatsMarkPrice:
    """Mark price of one symbol within market_stats."""

    time: str
    symbol: str
    price: Decimal


@final
@frozen(kw_only=True)
class StatsOpenInterest:
    """Open interest of one symbol within market_stats."""

    time: str
    symbol: str
    open_interest: Decimal


@final
@frozen(kw_only=True)
class StatsDailyVolume:
    """Volume of one symbol since 20:00 America/Chicago, within market_stats."""

    symbol: str
    volume: Decimal


@final
@frozen(kw_only=True)
class MarketStatsUpdate(Update):
    """Figures of one symbol or of all, once a second. Each list may be empty. Source: channel market_stats."""

    has_sequence: ClassVar[bool] = True

    symbol: str
    """What was asked for; "*" for all."""
    time: str
    bbos: tuple[StatsBbo, ...] = ()
    mark_prices: tuple[StatsMarkPrice, ...] = ()
    open_interests: tuple[StatsOpenInterest, ...] = ()
    daily_volumes: tuple[StatsDailyVolume, ...] = ()
    sequence: int | None = None

    @property
    def topic_key(self) -> TopicKey:
        """Kind and symbol; None for all."""
        return ("market_stats", None if self.symbol == ALL else self.symbol)

    @property
    def time_ns(self) -> int:
        """`time` as nanoseconds since the Unix epoch."""
        return nanoseconds(self.time)

    @property
    def venue_time(self) -> float:
        """`time` as Unix seconds."""
        return self.time_ns / 1e9


@final
@frozen(kw_only=True)
class RefdataUpdate(Update):
    """Records of symbols: a channel that QFEX withdrew in September 2025 in favour of REST; some server may still have it.

    Source: older QFEX documentation, channel refdata.
    """

    has_sequence: ClassVar[bool] = True

    data: tuple[Mapping[str, Any], ...]
    """As sent: nearly all values are strings."""
    symbol: str = ALL
    time: str | None = None
    sequence: int | None = None

    @property
    def topic_key(self) -> TopicKey:
        """Kind and symbol; None for all."""
        return ("refdata", None if self.symbol == ALL else self.symbol)
