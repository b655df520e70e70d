"""Market data over HTTP, without keys: reference data, candles, funding, and what else the venue keeps.

Source: OpenAPI files of the venue. Numbers are exact `Decimal`s, times RFC 3339 texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar, final

from attrs import field, frozen

from coinex_proto.qfex._checks import INTERVALS, at_least, check_symbol, check_symbol_or_none, check_text, one_of
from coinex_proto.qfex.http.command import HttpCommand, to_time, to_time_or_none, within
from coinex_proto.rows import Row

# Answers --------------------------------------------------------------------------------------------------------------


@final
@frozen(kw_only=True)
class Candle(Row):
    """One candle."""

    startedAt: str
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    resolution: str | None = None
    ticker: str | None = None
    baseTokenVolume: Decimal | None = None
    usdVolume: Decimal | None = None
    trades: Decimal | None = None
    orderbookMidPriceOpen: Decimal | None = None
    orderbookMidPriceClose: Decimal | None = None
    startingOpenInterest: Decimal | None = None


@final
@frozen(kw_only=True)
class CandleList(Row):
    """The answer to `GetCandles`."""

    candles: tuple[Candle, ...] = ()


@final
@frozen(kw_only=True)
class FundingRate(Row):
    """The rate of one window."""

    symbol: str
    windowStart: str
    rate: Decimal | None = None
    """None where there was none."""
    intervalMinutes: int | None = None


@final
@frozen(kw_only=True)
class FundingHistory(Row):
    """The answer to `GetFunding`."""

    count: int | None = None
    data: tuple[FundingRate, ...] = ()


@final
@frozen(kw_only=True)
class OpenInterest(Row):
    """Open interest in one window."""

    symbol: str
    windowStart: str
    openInterest: Decimal | None = None
    intervalMinutes: int | None = None


@final
@frozen(kw_only=True)
class OpenInterestHistory(Row):
    """The answer to `GetOpenInterest`."""

    count: int | None = None
    data: tuple[OpenInterest, ...] = ()


@final
@frozen(kw_only=True)
class Instrument(Row):
    """Reference data of one symbol."""

    symbol: str
    tick_size: Decimal
    """Prices are multiples of it."""
    lot_size: Decimal
    """Quantities are multiples of it."""
    status: str | None = None
    """ACTIVE, INACTIVE or DELISTED."""
    min_price: Decimal | None = None
    max_price: Decimal | None = None
    min_quantity: Decimal | None = None
    max_quantity: Decimal | None = None
    base_asset: str | None = None
    quote_asset: str | None = None
    margin_asset: str | None = None
    product_category: str | None = None
    clobPairId: str | None = None
    default_max_leverage: Decimal | None = None
    underlier_price: Decimal | None = None
    price_change_24h: Decimal | None = None
    order_types: tuple[str, ...] = ()
    order_time_in_force: tuple[str, ...] = ()
    market_hours: Mapping[str, Any] | None = None
    """As sent: a time zone `tz`, and `open` and `close` for each weekday. `qfex.market_hours` reads it."""


@final
@frozen(kw_only=True)
class Refdata(Row):
    """The answer to `GetRefdata`."""

    data: tuple[Instrument, ...] = ()
    type: str | None = None


@final
@frozen(kw_only=True)
class SettlementCalendar(Row):
    """Which future a perpetual follows, and until when."""

    qfex_symbol: str
    future_symbol: str
    expiration: str | None = None
    active_until: str | None = None


@final
@frozen(kw_only=True)
class SettlementPrice(Row):
    """The settlement of one day."""

    symbol: str
    asof: str
    future_symbol: str | None = None
    future_settlement_price: Decimal | None = None
    spot_settlement_price: Decimal | None = None
    spot_to_future_ratio: Decimal | None = None
    inserted_at: str | None = None


@final
@frozen(kw_only=True)
class SettlementPrices(Row):
    """The answer to `GetSettlementPrices`."""

    count: int | None = None
    data: tuple[SettlementPrice, ...] = ()


@final
@frozen(kw_only=True)
class LongShort(Row):
    """How many users were long and short in one window."""

    symbol: str
    windowStart: str
    longUsers: int | None = None
    shortUsers: int | None = None
    interval: str | None = None


@final
@frozen(kw_only=True)
class LongShortHistory(Row):
    """The answer to `GetSymbolLongShort`."""

    count: int | None = None
    data: tuple[LongShort, ...] = ()


@final
@frozen(kw_only=True)
class TakerVolume(Row):
    """What takers bought and sold in one window."""

    symbol: str
    windowStart: str
    intervalMinutes: int | None = None
    netTakerQty: Decimal | None = None
    takerBuyNotional: Decimal | None = None
    takerBuyQty: Decimal | None = None
    takerSellNotional: Decimal | None = None
    takerSellQty: Decimal | None = None


@final
@frozen(kw_only=True)
class TakerVolumeHistory(Row):
    """The answer to `GetTakerVolume`."""

    count: int | None = None
    data: tuple[TakerVolume, ...] = ()


@final
@frozen(kw_only=True)
class UnderlierPrice(Row):
    """The price that a perpetual follows, in one window."""

    symbol: str
    windowStart: str
    openPrice: Decimal | None = None
    highPrice: Decimal | None = None
    lowPrice: Decimal | None = None
    closePrice: Decimal | None = None
    interval: str | None = None


@final
@frozen(kw_only=True)
class UnderlierHistory(Row):
    """The answer to `GetUnderlier`."""

    count: int | None = None
    data: tuple[UnderlierPrice, ...] = ()


# Calls ----------------------------------------------------------------------------------------------------------------


@final
@frozen(kw_only=True)
class GetCandles(HttpCommand[CandleList]):
    """Candles of one symbol within a span of time."""

    path: ClassVar[str] = "/candles/{symbol}"
    reads: ClassVar[Any] = CandleList

    symbol: str = field(validator=check_symbol)
    resolution: str = field(validator=one_of(INTERVALS))
    fromISO: str = field(converter=to_time)
    toISO: str = field(converter=to_time)


@final
@frozen(kw_only=True)
class GetFunding(HttpCommand[FundingHistory]):
    """Funding rates of one symbol within a span of time."""

    path: ClassVar[str] = "/funding/{symbol}"
    reads: ClassVar[Any] = FundingHistory

    symbol: str = field(validator=check_symbol)
    intervalMinutes: int = field(validator=at_least(1))
    fromISO: str = field(converter=to_time)
    toISO: str = field(converter=to_time)


@final
@frozen(kw_only=True)
class GetOpenInterest(HttpCommand[OpenInterestHistory]):
    """Open interest of one symbol within a span of time."""

    path: ClassVar[str] = "/open-interest/{symbol}"
    reads: ClassVar[Any] = OpenInterestHistory

    symbol: str = field(validator=check_symbol)
    intervalMinutes: int = field(validator=at_least(1))
    fromISO: str = field(converter=to_time)
    toISO: str = field(converter=to_time)


@final
@frozen(kw_only=True)
class GetRefdata(HttpCommand[Refdata]):
    """Reference data of one symbol, or of all: tick and lot sizes, bounds, market hours."""

    path: ClassVar[str] = "/refdata"
    reads: ClassVar[Any] = Refdata

    ticker: str | None = field(default=None, validator=check_symbol_or_none)


@final
@frozen(kw_only=True)
class GetSettlementCalendar(HttpCommand[SettlementCalendar]):
    """Which future a perpetual follows at some time."""

    path: ClassVar[str] = "/settlement-calendar"
    reads: ClassVar[Any] = SettlementCalendar

    symbol: str = field(validator=check_symbol)
    time: str | None = field(default=None, converter=to_time_or_none)


@final
@frozen(kw_only=True)
class GetSettlementPrices(HttpCommand[SettlementPrices]):
    """Settlements of one symbol, or of all."""

    path: ClassVar[str] = "/settlement-prices"
    reads: ClassVar[Any] = SettlementPrices

    symbol: str | None = field(default=None, validator=check_symbol_or_none)
    start: str | None = field(default=None, converter=to_time_or_none)
    end: str | None = field(default=None, converter=to_time_or_none)
    limit: int | None = field(default=None, validator=within(1, 1000))


@final
@frozen(kw_only=True)
class GetSymbolLongShort(HttpCommand[LongShortHistory]):
    """How many users were long and short."""

    path: ClassVar[str] = "/symbol-long-short/{symbol}"
    reads: ClassVar[Any] = LongShortHistory

    symbol: str = field(validator=check_symbol)
    interval: str = field(validator=check_text)
    fromISO: str = field(converter=to_time)
    toISO: str = field(converter=to_time)


@final
@frozen(kw_only=True)
class GetTakerVolume(HttpCommand[TakerVolumeHistory]):
    """What takers bought and sold."""

    path: ClassVar[str] = "/taker-volume/{symbol}"
    reads: ClassVar[Any] = TakerVolumeHistory

    symbol: str = field(validator=check_symbol)
    intervalMinutes: int = field(validator=at_least(1))
    fromISO: str = field(converter=to_time)
    toISO: str = field(converter=to_time)


@final
@frozen(kw_only=True)
class GetUnderlier(HttpCommand[UnderlierHistory]):
    """The price that a perpetual follows, within a span of time."""

    path: ClassVar[str] = "/underlier/{symbol}"
    reads: ClassVar[Any] = UnderlierHistory

    symbol: str = field(validator=check_symbol)
    interval: str = field(validator=check_text)
    fromISO: str = field(converter=to_time)
    toISO: str = field(converter=to_time)
