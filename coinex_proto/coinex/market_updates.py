"""Public pushes of the CoinEx v2 sockets; msgspec decodes them directly, so each class is the schema.

Attributes have the wire's names and nesting, only lists of markets are split into one update each. Numbers are exact
`Decimal`s; times are Unix milliseconds; enumerations are plain strings, since they grow. Fields that are None by default
are those that the venue leaves out. This module must not import for type checking only: msgspec reads the annotations.
Source: CoinEx API v2, WebSocket pages state, depth, deals, index, bbo and premium.
"""

from __future__ import annotations

from collections.abc import Container
from decimal import Decimal
from typing import ClassVar, final

from attrs import evolve, field, frozen

from coinex_proto.fitting import ESSENTIAL, MAY_BE_NULL, OWN
from coinex_proto.ids import TopicKey
from coinex_proto.moments import unix_seconds
from coinex_proto.speedups import speed
from coinex_proto.updates import Update, stamp

__all__ = [
    "BestQuoteUpdate",
    "Deal",
    "DepthLevels",
    "DepthUpdate",
    "IndexUpdate",
    "PremiumUpdate",
    "TickerUpdate",
    "TradesUpdate",
]


@final
# An empty slot costs msgspec 0.15 us, and a spot ticker has eight; the extension needs slots, and none of that time.
@frozen(kw_only=True, slots=speed is not None)  # type: ignore[literal-required]
class TickerUpdate(Update):
    """24-hour figures of one market. There is no time inside.

    Source: CoinEx API v2, state.update; fields from `open_interest_size` on are sent by the futures socket only.

    Essential: `market`. Any figure may be None: `last` of a market that has never traded, for example.
    """

    market: str
    """Subscribing to all markets brings pseudo markets too, such as ETHUSD_SIGNPRICE."""
    last: Decimal | None = None
    open: Decimal | None = None
    close: Decimal | None = None
    high: Decimal | None = None
    low: Decimal | None = None
    volume: Decimal | None = None
    """In base currency."""
    value: Decimal | None = None
    """In quote currency."""
    volume_sell: Decimal | None = None
    """Best ask's size or takers' sell volume: the venue's own pages contradict each other."""
    volume_buy: Decimal | None = None
    """Best bid's size or takers' buy volume: the venue's own pages contradict each other."""
    period: int | None = None
    """Seconds: always 86400."""
    open_interest_size: Decimal | None = None
    insurance_fund_size: Decimal | None = None
    mark_price: Decimal | None = None
    """None also for pseudo markets."""
    index_price: Decimal | None = None
    """None also for pseudo markets."""
    latest_funding_rate: Decimal | None = None
    """Above zero: longs pay shorts."""
    next_funding_rate: Decimal | None = None
    latest_funding_time: int | None = None
    """0: none."""
    next_funding_time: int | None = None
    """0: none."""

    @property
    def topic_key(self) -> TopicKey:
        """Kind and market."""
        return ("state", self.market)


@final
@frozen(kw_only=True)
class DepthLevels:
    """The levels of one depth push, as the venue's own texts: its checksum is over them.

    Essential: the levels and their checksum.
    """

    asks: tuple[tuple[str, str], ...] = field(default=(), metadata=MAY_BE_NULL)
    """(price, size), ascending in full pushes; empty or absent when the side has not changed."""
    bids: tuple[tuple[str, str], ...] = field(default=(), metadata=MAY_BE_NULL)
    """(price, size), descending in full pushes."""
    checksum: int
    """CRC-32 of the book after this push."""
    last: Decimal | None = None
    updated_at: int | None = None


@final
@frozen(kw_only=True)
class DepthUpdate(Update):
    """Changed levels of one book, or the whole book when `is_full`.

    A session gives the proved book (`BookChanged`) right after it; this is for those who record.
    Source: CoinEx API v2, depth.update.

    Essential: `market`, `is_full` where it is sent, and the levels.
    """

    market: str
    is_full: bool = field(default=False, metadata=MAY_BE_NULL)
    """True: replaces the book. False: a size of 0 removes the level."""
    depth: DepthLevels

    @property
    def topic_key(self) -> TopicKey:
        """Kind and market."""
        return ("depth", self.market)

    @property
    def venue_time(self) -> float | None:
        """Unix seconds on the venue's clock; None: it does not say, or not so that it can be read."""
        return unix_seconds(self.depth.updated_at)


@final
@frozen(kw_only=True)
class Deal:
    """One public trade.

    Essential: all but `created_at`.
    """

    deal_id: int
    """Grows with time."""
    created_at: int | None = None
    side: str
    """Of the taker: "buy" or "sell"."""
    price: Decimal
    amount: Decimal
    """In base currency."""


@final
@frozen(kw_only=True)
class TradesUpdate(Update):
    """Public trades of one market, newest first.

    The first push after a subscription brings trades from before it; a session marks it with `is_history` and takes out
    what was delivered before. Source: CoinEx API v2, deals.update.

    Essential: `market` and the trades.
    """

    has_trade_ids: ClassVar[bool] = True

    market: str
    deal_list: tuple[Deal, ...] = field(metadata=MAY_BE_NULL)
    is_history: bool = field(default=False, metadata=OWN)
    """Set by the session, never by the venue: these happened before the subscription or while nothing was seen."""

    @property
    def topic_key(self) -> TopicKey:
        """Kind and market."""
        return ("deals", self.market)

    @property
    def venue_time(self) -> float | None:
        """Time of the newest trade, Unix seconds on the venue's clock; None for an empty list."""
        return unix_seconds(self.deal_list[0].created_at) if self.deal_list else None

    @property
    def trade_ids(self) -> tuple[int, ...]:
        """The ids of all trades in it."""
        return tuple([deal.deal_id for deal in self.deal_list])

    def without_trades(self, seen: Container[int], *, is_history: bool) -> TradesUpdate:
        """The same update without the trades seen before, each of the others once, marked as history or not."""
        kept = tuple({deal.deal_id: deal for deal in self.deal_list if deal.deal_id not in seen}.values())
        update = evolve(self, deal_list=kept, is_history=is_history)
        stamp(update, self.raw, self.received_at)
        return update


@final
@frozen(kw_only=True)
class IndexUpdate(Update):
    """Index price, on the futures socket also the mark price. There is no time inside.

    Source: CoinEx API v2, index.update.

    Essential: `market` and `index_price`.
    """

    market: str
    index_price: Decimal
    mark_price: Decimal | None = None

    @property
    def topic_key(self) -> TopicKey:
        """Kind and market."""
        return ("index", self.market)


@final
@frozen(kw_only=True)
class BestQuoteUpdate(Update):
    """Best bid and best ask of one market; None where a side is empty.

    How the venue writes an empty side is not documented: "" and a missing member are None, "0" stays 0.
    Source: CoinEx API v2, bbo.update.

    Essential: `market`, and each price and size where it is sent, since None means an empty side.
    """

    market: str
    updated_at: int | None = None
    best_bid_price: Decimal | None = field(default=None, metadata=ESSENTIAL)
    best_bid_size: Decimal | None = field(default=None, metadata=ESSENTIAL)
    best_ask_price: Decimal | None = field(default=None, metadata=ESSENTIAL)
    best_ask_size: Decimal | None = field(default=None, metadata=ESSENTIAL)

    @property
    def topic_key(self) -> TopicKey:
        """Kind and market."""
        return ("bbo", self.market)

    @property
    def venue_time(self) -> float | None:
        """Unix seconds on the venue's clock; None: it does not say, or not so that it can be read."""
        return unix_seconds(self.updated_at)


@final
@frozen(kw_only=True)
class PremiumUpdate(Update):
    """Premium index of one futures market. Source: CoinEx API v2, premium.update.

    Essential: `market` and `premium_index`.
    """

    market: str
    premium_index: Decimal
    updated_at: int | None = None

    @property
    def topic_key(self) -> TopicKey:
        """Kind and market."""
        return ("premium", self.market)

    @property
    def venue_time(self) -> float | None:
        """Unix seconds on the venue's clock; None: it does not say, or not so that it can be read."""
        return unix_seconds(self.updated_at)
