"""The channels of both QFEX sockets as topics to subscribe to, and the tables of them that all else follows from.

One symbol a topic; None stands for all. What is wrong is refused here with `UsageError`. Market topics go to the MDS
socket, account topics to the Trade socket. Source: QFEX documentation, MDS and Trade pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, TypeVar, final

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
    MarketUpdate,
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
    PushedUpdate,
    StopOrderUpdate,
)
from coinex_proto.qfex.market_hours import class_of, is_open
from coinex_proto.topics import Topic
from coinex_proto.updates import Event

M_co = TypeVar("M_co", bound=MarketUpdate, covariant=True)
P_co = TypeVar("P_co", bound=PushedUpdate, covariant=True)

# Market data ----------------------------------------------------------------------------------------------------------


@frozen
class SymbolTopic(Topic[M_co]):
    """One channel of one symbol or of all. Base class only."""

    event: ClassVar[type[MarketUpdate]]

    symbol: str | None = field(default=None, validator=check_symbol_or_none)

    @property
    def key(self) -> TopicKey:
        """Channel and symbol; None: all."""
        return (self.event.channel, self.symbol)

    def is_pushed_at(self, at: float) -> bool:
        """Whether the market trades at this time (Unix seconds): outside its hours a quiet feed is no fault."""
        return self.symbol is None or is_open(class_of(self.symbol), at)


@final
@frozen
class Level2(Topic[BookChanged]):
    """The order book of one symbol, at most 20 levels a side; every push is the whole book, twice a second."""

    event: ClassVar[type[Event]] = BookChanged
    is_whole_state: ClassVar[bool] = True
    pushed_every: ClassVar[float | None] = 0.5

    symbol: str = field(validator=check_symbol)
    sig_figs: int = field(default=0, validator=one_of(SIG_FIGS))
    """0, 1 or 2: how prices are merged; 0 is not at all."""

    @property
    def key(self) -> TopicKey:
        """Channel, symbol and sig_figs."""
        return (Level2Update.channel, self.symbol, self.sig_figs)

    def is_pushed_at(self, at: float) -> bool:
        """Whether the market trades at this time (Unix seconds): outside its hours a quiet feed is no fault."""
        return is_open(class_of(self.symbol), at)


@final
@frozen
class Level2All(Topic[Level2Update]):
    """The books of all symbols as plain updates: a book to read from is kept for `Level2` topics only."""

    event: ClassVar[type[MarketUpdate]] = Level2Update
    is_whole_state: ClassVar[bool] = True
    pushed_every: ClassVar[float | None] = 0.5

    sig_figs: int = field(default=0, validator=one_of(SIG_FIGS))

    @property
    def key(self) -> TopicKey:
        """Channel, None for all, and sig_figs."""
        return (self.event.channel, None, self.sig_figs)


@final
@frozen
class Bbo(SymbolTopic[BboUpdate]):
    """Best bid and best ask, in real time. None: of all symbols."""

    event: ClassVar[type[MarketUpdate]] = BboUpdate
    is_whole_state: ClassVar[bool] = True


@final
@frozen
class Trades(SymbolTopic[TradeUpdate]):
    """Public trades, one an update. None: of all symbols."""

    event: ClassVar[type[MarketUpdate]] = TradeUpdate


@final
@frozen
class Candles(SymbolTopic[CandleUpdate]):
    """Candles of one interval. None: of all symbols."""

    event: ClassVar[type[MarketUpdate]] = CandleUpdate

    interval: str = field(default="1MIN", validator=one_of(INTERVALS))
    """1MIN, 5MINS, 15MINS, 30MINS, 1HOUR, 4HOURS or 1DAY."""

    @property
    def key(self) -> TopicKey:
        """Channel, symbol (None: all) and interval."""
        return (self.event.channel, self.symbol, self.interval)


@final
@frozen
class Underlier(SymbolTopic[UnderlierUpdate]):
    """The price that the perpetual follows. None: of all symbols."""

    event: ClassVar[type[MarketUpdate]] = UnderlierUpdate
    is_whole_state: ClassVar[bool] = True


@final
@frozen
class MarkPrice(SymbolTopic[MarkPriceUpdate]):
    """Mark price. None: of all symbols."""

    event: ClassVar[type[MarketUpdate]] = MarkPriceUpdate
    is_whole_state: ClassVar[bool] = True


@final
@frozen
class Funding(SymbolTopic[FundingUpdate]):
    """The funding rate while it is being computed; nothing comes while it is 0. None: of all symbols."""

    event: ClassVar[type[MarketUpdate]] = FundingUpdate
    is_whole_state: ClassVar[bool] = True


@final
@frozen
class OpenInterest(SymbolTopic[OpenInterestUpdate]):
    """Open interest. None: of all symbols."""

    event: ClassVar[type[MarketUpdate]] = OpenInterestUpdate
    is_whole_state: ClassVar[bool] = True


@final
@frozen
class MinMaxPrice(SymbolTopic[MinMaxPriceUpdate]):
    """Lowest and highest price that orders may have. None: of all symbols."""

    event: ClassVar[type[MarketUpdate]] = MinMaxPriceUpdate
    is_whole_state: ClassVar[bool] = True


@final
@frozen
class MarketStats(SymbolTopic[MarketStatsUpdate]):
    """Figures once a second. None: of all symbols in one update."""

    event: ClassVar[type[MarketUpdate]] = MarketStatsUpdate
    is_whole_state: ClassVar[bool] = True
    pushed_every: ClassVar[float | None] = 1.0


@final
@frozen
class Refdata(Topic[RefdataUpdate]):
    """Records of all symbols: withdrawn by QFEX in September 2025, here for servers that still have it."""

    event: ClassVar[type[MarketUpdate]] = RefdataUpdate

    @property
    def key(self) -> TopicKey:
        """Channel and None for all."""
        return (self.event.channel, None)


# Account data: the venue has one channel each for all symbols -----------------------------------------------------------


@frozen
class AccountTopic(Topic[P_co]):
    """One channel of the account, for all symbols. Base class only."""

    event: ClassVar[type[PushedUpdate]]
    is_private: ClassVar[bool] = True

    @property
    def key(self) -> TopicKey:
        """Channel and None for all symbols."""
        return (self.event.channel, None)


@final
@frozen
class Orders(AccountTopic[OrderUpdate]):
    """What happens to own orders. The sign-in subscribes the channel, so no request is sent for it."""

    event: ClassVar[type[PushedUpdate]] = OrderUpdate


@final
@frozen
class Fills(AccountTopic[FillUpdate]):
    """Own trades, one an update, with fee and price."""

    event: ClassVar[type[PushedUpdate]] = FillUpdate


@final
@frozen
class Positions(AccountTopic[PositionUpdate]):
    """Own positions, one symbol an update, every second or so."""

    event: ClassVar[type[PushedUpdate]] = PositionUpdate
    is_whole_state: ClassVar[bool] = True


@final
@frozen
class Balances(AccountTopic[BalanceUpdate]):
    """The account's money, every second or so: QFEX writes 1 s, and 10 s in another place."""

    event: ClassVar[type[PushedUpdate]] = BalanceUpdate
    is_whole_state: ClassVar[bool] = True
    pushed_every: ClassVar[float | None] = 10.0


@final
@frozen
class StopOrders(AccountTopic[StopOrderUpdate]):
    """Own stop orders, one an update."""

    event: ClassVar[type[PushedUpdate]] = StopOrderUpdate


# The tables -----------------------------------------------------------------------------------------------------------

MARKET_FEEDS: Final[Mapping[type[Topic[Any]], type[MarketUpdate]]] = {
    Level2: Level2Update,
    Level2All: Level2Update,
    Bbo: BboUpdate,
    Trades: TradeUpdate,
    Candles: CandleUpdate,
    Underlier: UnderlierUpdate,
    MarkPrice: MarkPriceUpdate,
    Funding: FundingUpdate,
    OpenInterest: OpenInterestUpdate,
    MinMaxPrice: MinMaxPriceUpdate,
    MarketStats: MarketStatsUpdate,
    Refdata: RefdataUpdate,
}
"""One row a topic of the MDS socket: what its pushes are read as. Decoding, checks and requests follow from it."""

ACCOUNT_FEEDS: Final[Mapping[type[Topic[Any]], type[PushedUpdate]]] = {
    Orders: OrderUpdate,
    Fills: FillUpdate,
    Positions: PositionUpdate,
    Balances: BalanceUpdate,
    StopOrders: StopOrderUpdate,
}
"""The same for the Trade socket."""
