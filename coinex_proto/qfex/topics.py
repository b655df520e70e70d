"""The channels of both QFEX sockets, as wishes.

One symbol a topic; None stands for all. What is wrong is refused here with `UsageError`. Market topics go to the MDS
socket, account topics to the Trade socket. Source: QFEX documentation, MDS and Trade pages.
"""

from __future__ import annotations

from typing import ClassVar, final

from attrs import field, frozen

from coinex_proto.books.view import BookChanged
from coinex_proto.ids import TopicKey
from coinex_proto.qfex._checks import INTERVALS, SIG_FIGS, check_symbol, check_symbol_or_none, one_of
from coinex_proto.qfex._mds.updates import (
    BboUpdate,
    CandleUpdate,
    FundingUpdate,
    Level2Update,
    MarketStatsUpdate,
    MarkPriceUpdate,
    MinMaxPriceUpdate,
    OpenInterestUpdate,
    RefdataUpdate,
    TradeUpdate,
    UnderlierUpdate,
)
from coinex_proto.qfex._trade.updates import (
    BalanceUpdate,
    FillUpdate,
    OrderUpdate,
    PositionUpdate,
    StopOrderUpdate,
)
from coinex_proto.topics import Topic
from coinex_proto.updates import Event

# Market data ----------------------------------------------------------------------------------------------------------


@final
@frozen
class Level2(Topic[BookChanged]):
    """The order book of one symbol, at most 20 levels a side; every push is the whole book."""

    event: ClassVar[type[Event]] = BookChanged
    is_whole_state: ClassVar[bool] = True

    symbol: str = field(validator=check_symbol)
    sig_figs: int = field(default=0, validator=one_of(SIG_FIGS))
    """0, 1 or 2: how prices are merged; 0 is not at all."""

    @property
    def key(self) -> TopicKey:
        """Kind, symbol and sig_figs."""
        return ("level2", self.symbol, self.sig_figs)


@final
@frozen
class Level2All(Topic[Level2Update]):
    """The books of all symbols as plain updates: a book to read from is kept for `Level2` topics only."""

    event: ClassVar[type[Event]] = Level2Update
    is_whole_state: ClassVar[bool] = True

    sig_figs: int = field(default=0, validator=one_of(SIG_FIGS))

    @property
    def key(self) -> TopicKey:
        """Kind, None for all, and sig_figs."""
        return ("level2", None, self.sig_figs)


@final
@frozen
class Bbo(Topic[BboUpdate]):
    """Best bid and best ask, in real time. None: of all symbols."""

    event: ClassVar[type[Event]] = BboUpdate
    is_whole_state: ClassVar[bool] = True

    symbol: str | None = field(default=None, validator=check_symbol_or_none)

    @property
    def key(self) -> TopicKey:
        """Kind and symbol; None: all."""
        return ("bbo", self.symbol)


@final
@frozen
class Trades(Topic[TradeUpdate]):
    """Public trades, one an update. None: of all symbols."""

    event: ClassVar[type[Event]] = TradeUpdate

    symbol: str | None = field(default=None, validator=check_symbol_or_none)

    @property
    def key(self) -> TopicKey:
        """Kind and symbol; None: all."""
        return ("trade", self.symbol)


@final
@frozen
class Candles(Topic[CandleUpdate]):
    """Candles of one interval. None: of all symbols."""

    event: ClassVar[type[Event]] = CandleUpdate

    symbol: str | None = field(default=None, validator=check_symbol_or_none)
    interval: str = field(default="1MIN", validator=one_of(INTERVALS))
    """1MIN, 5MINS, 15MINS, 1HOUR, 4HOURS or 1DAY."""

    @property
    def key(self) -> TopicKey:
        """Kind, symbol (None: all) and interval."""
        return ("candle", self.symbol, self.interval)


@final
@frozen
class Underlier(Topic[UnderlierUpdate]):
    """The price that the perpetual follows. None: of all symbols."""

    event: ClassVar[type[Event]] = UnderlierUpdate
    is_whole_state: ClassVar[bool] = True

    symbol: str | None = field(default=None, validator=check_symbol_or_none)

    @property
    def key(self) -> TopicKey:
        """Kind and symbol; None: all."""
        return ("underlier", self.symbol)


@final
@frozen
class MarkPrice(Topic[MarkPriceUpdate]):
    """Mark price. None: of all symbols."""

    event: ClassVar[type[Event]] = MarkPriceUpdate
    is_whole_state: ClassVar[bool] = True

    symbol: str | None = field(default=None, validator=check_symbol_or_none)

    @property
    def key(self) -> TopicKey:
        """Kind and symbol; None: all."""
        return ("mark_price", self.symbol)


@final
@frozen
class Funding(Topic[FundingUpdate]):
    """The funding rate while it is being computed; nothing comes while it is 0. None: of all symbols."""

    event: ClassVar[type[Event]] = FundingUpdate
    is_whole_state: ClassVar[bool] = True

    symbol: str | None = field(default=None, validator=check_symbol_or_none)

    @property
    def key(self) -> TopicKey:
        """Kind and symbol; None: all."""
        return ("funding", self.symbol)


@final
@frozen
class OpenInterest(Topic[OpenInterestUpdate]):
    """Open interest. None: of all symbols."""

    event: ClassVar[type[Event]] = OpenInterestUpdate
    is_whole_state: ClassVar[bool] = True

    symbol: str | None = field(default=None, validator=check_symbol_or_none)

    @property
    def key(self) -> TopicKey:
        """Kind and symbol; None: all."""
        return ("open_interest", self.symbol)


@final
@frozen
class MinMaxPrice(Topic[MinMaxPriceUpdate]):
    """Lowest and highest price that orders may have. None: of all symbols."""

    event: ClassVar[type[Event]] = MinMaxPriceUpdate
    is_whole_state: ClassVar[bool] = True

    symbol: str | None = field(default=None, validator=check_symbol_or_none)

    @property
    def key(self) -> TopicKey:
        """Kind and symbol; None: all."""
        return ("minmax_price", self.symbol)


@final
@frozen
class MarketStats(Topic[MarketStatsUpdate]):
    """Figures once a second. None: of all symbols in one update."""

    event: ClassVar[type[Event]] = MarketStatsUpdate
    is_whole_state: ClassVar[bool] = True

    symbol: str | None = field(default=None, validator=check_symbol_or_none)

    @property
    def key(self) -> TopicKey:
        """Kind and symbol; None: all."""
        return ("market_stats", self.symbol)


@final
@frozen
class Refdata(Topic[RefdataUpdate]):
    """Records of all symbols: withdrawn by QFEX in September 2025, here for servers that still have it."""

    event: ClassVar[type[Event]] = RefdataUpdate

    @property
    def key(self) -> TopicKey:
        """Kind and None for all."""
        return ("refdata", None)


# Account data: the venue has one channel each for all symbols -----------------------------------------------------------


@final
@frozen
class Orders(Topic[OrderUpdate]):
    """What happens to own orders. The sign-in subscribes the channel, so this asks the venue for nothing more."""

    event: ClassVar[type[Event]] = OrderUpdate
    is_private: ClassVar[bool] = True

    @property
    def key(self) -> TopicKey:
        """Kind and None for all symbols."""
        return ("order_responses", None)


@final
@frozen
class Fills(Topic[FillUpdate]):
    """Own trades, one an update, with fee and price."""

    event: ClassVar[type[Event]] = FillUpdate
    is_private: ClassVar[bool] = True

    @property
    def key(self) -> TopicKey:
        """Kind and None for all symbols."""
        return ("fills", None)


@final
@frozen
class Positions(Topic[PositionUpdate]):
    """Own positions, one symbol an update, every second or so."""

    event: ClassVar[type[Event]] = PositionUpdate
    is_private: ClassVar[bool] = True
    is_whole_state: ClassVar[bool] = True

    @property
    def key(self) -> TopicKey:
        """Kind and None for all symbols."""
        return ("positions", None)


@final
@frozen
class Balances(Topic[BalanceUpdate]):
    """The account's money, every second or so."""

    event: ClassVar[type[Event]] = BalanceUpdate
    is_private: ClassVar[bool] = True
    is_whole_state: ClassVar[bool] = True

    @property
    def key(self) -> TopicKey:
        """Kind and None: there is one."""
        return ("balances", None)


@final
@frozen
class StopOrders(Topic[StopOrderUpdate]):
    """Own stop orders, one an update."""

    event: ClassVar[type[Event]] = StopOrderUpdate
    is_private: ClassVar[bool] = True

    @property
    def key(self) -> TopicKey:
        """Kind and None for all symbols."""
        return ("stop_orders", None)
