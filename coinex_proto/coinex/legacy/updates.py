"""What frames of the old v1 sockets say, under today's field names; for reading old recordings.

These are classes of their own, so that today's stay strict: here nearly everything may be None, since the old frames lack it.
Times are Unix milliseconds (v1 wrote seconds), enumerations today's words (v1 wrote numbers); an unknown number stays one.
Source: CoinEx API v1 and the frames that clients of it show.
"""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar, final

from attrs import frozen

from coinex_proto.ids import TopicKey
from coinex_proto.updates import Update

__all__ = [
    "LegacyBalanceUpdate",
    "LegacyDeal",
    "LegacyDepthLevels",
    "LegacyDepthUpdate",
    "LegacyKline",
    "LegacyKlineUpdate",
    "LegacyOrder",
    "LegacyOrderUpdate",
    "LegacyPosition",
    "LegacyPositionUpdate",
    "LegacyTickerUpdate",
    "LegacyTradesUpdate",
]


@final
@frozen(kw_only=True)
class LegacyTickerUpdate(Update):
    """24-hour figures of one market. Source: CoinEx API v1, state.update."""

    market: str
    last: Decimal | None = None
    open: Decimal | None = None
    close: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    volume: Decimal | None = None
    value: Decimal | None = None
    volume_sell: Decimal | None = None
    volume_buy: Decimal | None = None
    period: int | None = None
    open_interest_size: Decimal | None = None
    insurance_fund_size: Decimal | None = None
    mark_price: Decimal | None = None
    index_price: Decimal | None = None
    latest_funding_rate: Decimal | None = None
    next_funding_rate: Decimal | None = None
    funding_rate_predict: Decimal | None = None
    funding_time: int | None = None
    """Minutes until the next funding."""

    @property
    def topic_key(self) -> TopicKey:
        """A kind of its own, which no topic has."""
        return ("v1 state", self.market)


@final
@frozen(kw_only=True)
class LegacyDepthLevels:
    """Levels as the venue's own texts, as today."""

    asks: tuple[tuple[str, str], ...] = ()
    bids: tuple[tuple[str, str], ...] = ()
    checksum: int | None = None
    last: Decimal | None = None
    updated_at: int | None = None
    mark_price: Decimal | None = None
    index_price: Decimal | None = None


@final
@frozen(kw_only=True)
class LegacyDepthUpdate(Update):
    """Changed levels of one book, or the whole book. Source: CoinEx API v1, depth.update."""

    market: str | None = None
    """None: the frame names none, the subscription was for a single market."""
    is_full: bool
    depth: LegacyDepthLevels

    @property
    def topic_key(self) -> TopicKey:
        """A kind of its own, which no topic has."""
        return ("v1 depth", self.market)


@final
@frozen(kw_only=True)
class LegacyDeal:
    """One public trade."""

    deal_id: int | None = None
    created_at: int | None = None
    side: str | None = None
    price: Decimal
    amount: Decimal


@final
@frozen(kw_only=True)
class LegacyTradesUpdate(Update):
    """Public trades of one market. Source: CoinEx API v1, deals.update."""

    market: str
    deal_list: tuple[LegacyDeal, ...]

    @property
    def topic_key(self) -> TopicKey:
        """A kind of its own, which no topic has."""
        return ("v1 deals", self.market)


@final
@frozen(kw_only=True)
class LegacyOrder:
    """One own order, plain or stop."""

    order_id: int | None = None
    market: str | None = None
    type: str | int | None = None
    side: str | int | None = None
    amount: Decimal | None = None
    price: Decimal | None = None
    unfilled_amount: Decimal | None = None
    filled_amount: Decimal | None = None
    """Spot only."""
    filled_value: Decimal | None = None
    taker_fee_rate: Decimal | None = None
    maker_fee_rate: Decimal | None = None
    base_ccy_fee: Decimal | None = None
    quote_ccy_fee: Decimal | None = None
    discount_ccy_fee: Decimal | None = None
    fee: Decimal | None = None
    """Futures: v1's deal_fee."""
    last_filled_amount: Decimal | None = None
    last_filled_price: Decimal | None = None
    last_role: str | int | None = None
    stop_price: Decimal | None = None
    client_id: str | None = None
    created_at: int | None = None
    updated_at: int | None = None


@final
@frozen(kw_only=True)
class LegacyOrderUpdate(Update):
    """A change of one own order. Source: CoinEx API v1, order.update and order.update_stop."""

    tells_order: ClassVar[bool] = False

    event: str | int
    """Today's words "put", "update" and "finish"."""
    order: LegacyOrder
    is_stop: bool = False

    @property
    def topic_key(self) -> TopicKey:
        """A kind of its own, which no topic has."""
        return ("v1 stop" if self.is_stop else "v1 order", self.order.market)


@final
@frozen(kw_only=True)
class LegacyPosition:
    """One own futures position."""

    position_id: int | None = None
    market: str | None = None
    side: str | int | None = None
    margin_mode: str | int | None = None
    open_interest: Decimal | None = None
    close_avbl: Decimal | None = None
    avg_entry_price: Decimal | None = None
    realized_pnl: Decimal | None = None
    unrealized_pnl: Decimal | None = None
    leverage: Decimal | None = None
    liq_price: Decimal | None = None
    bkr_price: Decimal | None = None
    created_at: int | None = None
    updated_at: int | None = None


@final
@frozen(kw_only=True)
class LegacyPositionUpdate(Update):
    """A change of one own position. Source: CoinEx API v1, position.update."""

    event: str | int | None = None
    position: LegacyPosition

    @property
    def topic_key(self) -> TopicKey:
        """A kind of its own, which no topic has."""
        return ("v1 position", self.position.market)


@final
@frozen(kw_only=True)
class LegacyBalanceUpdate(Update):
    """One changed balance. Source: CoinEx API v1, asset.update."""

    ccy: str
    available: Decimal | None = None
    frozen: Decimal | None = None
    transfer: Decimal | None = None
    """Futures only, as are the next two."""
    balance_total: Decimal | None = None
    margin: Decimal | None = None
    updated_at: int | None = None

    @property
    def topic_key(self) -> TopicKey:
        """A kind of its own, which no topic has."""
        return ("v1 balance", self.ccy)


@final
@frozen(kw_only=True)
class LegacyKline:
    """One candle. v1 wrote close before high."""

    created_at: int
    open: Decimal
    close: Decimal
    high: Decimal
    low: Decimal
    volume: Decimal
    value: Decimal | None = None


@final
@frozen(kw_only=True)
class LegacyKlineUpdate(Update):
    """Candles; the frame names no market. Source: CoinEx API v1, kline.update."""

    kline_list: tuple[LegacyKline, ...]

    @property
    def topic_key(self) -> TopicKey:
        """A kind of its own, which no topic has."""
        return ("v1 kline", None)
