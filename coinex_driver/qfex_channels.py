"""One method a channel of QFEX: each only names a topic."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TypeVar

from coinex_proto import BookChanged, Event, Topic, qfex

E = TypeVar("E", bound=Event)


class QfexChannels(ABC):
    """The methods of a `QfexClient` that start and end channels; a callback gets one event of the class that is named."""

    @abstractmethod
    def subscribe(self, *topics: Topic[E], callback: Callable[[E], object] | None = None) -> None:
        """Subscribe these topics."""

    @abstractmethod
    def unsubscribe(self, *topics: Topic[Event]) -> None:
        """Unsubscribe these topics."""

    def subscribe_level2(
        self, symbol: str, sig_figs: int = 0, callback: Callable[[BookChanged], object] | None = None
    ) -> None:
        """The order book of one symbol: the callback gets the whole book after each push."""
        self.subscribe(qfex.Level2(symbol, sig_figs), callback=callback)

    def unsubscribe_level2(self, symbol: str, sig_figs: int = 0) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(qfex.Level2(symbol, sig_figs))

    def subscribe_bbo(self, symbol: str | None, callback: Callable[[qfex.BboUpdate], object] | None = None) -> None:
        """Best bid and ask of one symbol, or of all (None), in real time."""
        self.subscribe(qfex.Bbo(symbol), callback=callback)

    def unsubscribe_bbo(self, symbol: str | None) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(qfex.Bbo(symbol))

    def subscribe_trades(
        self, symbol: str | None, callback: Callable[[qfex.TradeUpdate], object] | None = None
    ) -> None:
        """Public trades of one symbol, or of all (None), one an update."""
        self.subscribe(qfex.Trades(symbol), callback=callback)

    def unsubscribe_trades(self, symbol: str | None) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(qfex.Trades(symbol))

    def subscribe_candles(
        self, symbol: str | None, interval: str = "1MIN", callback: Callable[[qfex.CandleUpdate], object] | None = None
    ) -> None:
        """Candles of one symbol, or of all (None): 1MIN, 5MINS, 15MINS, 30MINS, 1HOUR, 4HOURS or 1DAY."""
        self.subscribe(qfex.Candles(symbol, interval), callback=callback)

    def unsubscribe_candles(self, symbol: str | None, interval: str = "1MIN") -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(qfex.Candles(symbol, interval))

    def subscribe_underlier(
        self, symbol: str | None, callback: Callable[[qfex.UnderlierUpdate], object] | None = None
    ) -> None:
        """The price that the perpetual follows."""
        self.subscribe(qfex.Underlier(symbol), callback=callback)

    def unsubscribe_underlier(self, symbol: str | None) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(qfex.Underlier(symbol))

    def subscribe_mark_price(
        self, symbol: str | None, callback: Callable[[qfex.MarkPriceUpdate], object] | None = None
    ) -> None:
        """What positions are valued with."""
        self.subscribe(qfex.MarkPrice(symbol), callback=callback)

    def unsubscribe_mark_price(self, symbol: str | None) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(qfex.MarkPrice(symbol))

    def subscribe_funding(
        self, symbol: str | None, callback: Callable[[qfex.FundingUpdate], object] | None = None
    ) -> None:
        """The funding rate while it is being computed."""
        self.subscribe(qfex.Funding(symbol), callback=callback)

    def unsubscribe_funding(self, symbol: str | None) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(qfex.Funding(symbol))

    def subscribe_open_interest(
        self, symbol: str | None, callback: Callable[[qfex.OpenInterestUpdate], object] | None = None
    ) -> None:
        """How much is held."""
        self.subscribe(qfex.OpenInterest(symbol), callback=callback)

    def unsubscribe_open_interest(self, symbol: str | None) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(qfex.OpenInterest(symbol))

    def subscribe_minmax_price(
        self, symbol: str | None, callback: Callable[[qfex.MinMaxPriceUpdate], object] | None = None
    ) -> None:
        """Between which prices orders are taken."""
        self.subscribe(qfex.MinMaxPrice(symbol), callback=callback)

    def unsubscribe_minmax_price(self, symbol: str | None) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(qfex.MinMaxPrice(symbol))

    def subscribe_market_stats(
        self, symbol: str | None, callback: Callable[[qfex.MarketStatsUpdate], object] | None = None
    ) -> None:
        """Figures of one symbol, or of all (None), once a second."""
        self.subscribe(qfex.MarketStats(symbol), callback=callback)

    def unsubscribe_market_stats(self, symbol: str | None) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(qfex.MarketStats(symbol))

    # Account data: needs credentials

    def subscribe_orders(self, callback: Callable[[qfex.OrderUpdate], object] | None = None) -> None:
        """What happens to own orders."""
        self.subscribe(qfex.Orders(), callback=callback)

    def unsubscribe_orders(self) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(qfex.Orders())

    def subscribe_fills(self, callback: Callable[[qfex.FillUpdate], object] | None = None) -> None:
        """Own trades, one an update."""
        self.subscribe(qfex.Fills(), callback=callback)

    def unsubscribe_fills(self) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(qfex.Fills())

    def subscribe_positions(self, callback: Callable[[qfex.PositionUpdate], object] | None = None) -> None:
        """Own positions, one symbol an update, every second or so."""
        self.subscribe(qfex.Positions(), callback=callback)

    def unsubscribe_positions(self) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(qfex.Positions())

    def subscribe_balances(self, callback: Callable[[qfex.BalanceUpdate], object] | None = None) -> None:
        """The account's money, every second or so."""
        self.subscribe(qfex.Balances(), callback=callback)

    def unsubscribe_balances(self) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(qfex.Balances())

    def subscribe_stop_orders(self, callback: Callable[[qfex.StopOrderUpdate], object] | None = None) -> None:
        """Own stop orders, one an update."""
        self.subscribe(qfex.StopOrders(), callback=callback)

    def unsubscribe_stop_orders(self) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(qfex.StopOrders())
