"""What the exchange reports, in CoinFLEX's notices: order by order to those who watch, with private members to owners.

The exchange reports an order when it rests or is over, and of trades before; here every limit order is opened first.
Source: CoinFLEX API v1, notices and "ordering facts".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from coinex_proto.simulator.coinflex.catalogue import CODES, UNITS, Pair, pair
from coinex_proto.simulator.market.events import Fill
from coinex_proto.simulator.market.exchange import CROWD, MAKERS, TAKERS, Exchange
from coinex_proto.simulator.market.futures import Position
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.matching import Order
from coinex_proto.simulator.market.stops import StopOrder

SNAPSHOT: Final = 1000
"""Orders of each side in the answer to WatchOrders."""

Notice = dict[str, Any]
Publish = Callable[[str, Notice, dict[int, Notice]], None]
"""Market, the notice for those who watch, and whole notices for owners instead."""


class CoinflexReports:
    """Listens to the exchange; knows the order ids that have been announced, tonces, volumes and tickers."""

    def __init__(self, exchange: Exchange, publish: Publish) -> None:
        self._exchange = exchange
        self._publish = publish
        # The public book is published order by order, so that the crowd's orders count as well.
        exchange.ledger.watched.update((MAKERS, TAKERS))
        for owner in (MAKERS, TAKERS):
            exchange.fills[owner] = []
        self.pairs: dict[str, Pair] = {key: pair(key) for key in exchange.markets}
        self.names: dict[tuple[int, int], str] = {(each.base, each.counter): name for name, each in self.pairs.items()}
        self.volumes: dict[tuple[int, str], int] = {}
        """Traded so far by owner and asset, in units of the wire."""
        self._opened: set[int] = set()
        self._modified: set[int] = set()
        """Orders whose change has not been announced yet."""
        self._buying: Fill | None = None
        self._reported: dict[tuple[int, str], int] = {}
        self._tickers: dict[str, Notice] = {}

    # The wire's numbers -----------------------------------------------------------------------------------------------

    @property
    def micros(self) -> int:
        """The time as the wire has it."""
        return self._exchange.now_ms * 1000

    def price(self, name: str, ticks: int) -> int:
        """A price on the wire."""
        return ticks * self.pairs[name].tick

    def record(self, order: Order) -> Notice:
        """One order, with what is left of it."""
        each = self.pairs[order.market]
        return {
            "id": order.order_id,
            "tonce": tonce_of(order),
            "base": each.base,
            "counter": each.counter,
            "quantity": signed(order, order.left),
            "price": self.price(order.market, order.price),
            "time": order.created_ms * 1000,
        }

    def book(self, name: str) -> list[Notice]:
        """The best orders of both sides."""
        book = self._exchange.markets[name].book
        found: list[Order] = []
        for side in (book.bids, book.asks):
            orders = [order for level in side for order in level.orders]
            found += orders[:SNAPSHOT]
        return [
            {
                "id": order.order_id,
                "quantity": signed(order, order.left),
                "price": self.price(name, order.price),
                "time": order.created_ms * 1000,
            }
            for order in found
        ]

    def ticker(self, name: str) -> Notice:
        """The whole ticker."""
        market = self._exchange.markets[name]
        day = market.day(self._exchange.now_ms)
        bid, _, ask, _ = market.top
        return {
            "last": self.price(name, market.last) if market.deal_count else None,
            "bid": self.price(name, bid) if bid else None,
            "ask": self.price(name, ask) if ask else None,
            "low": self.price(name, day.low) if day.lots else None,
            "high": self.price(name, day.high) if day.lots else None,
            "volume": day.lots,
        }

    def ticker_changes(self, name: str) -> Notice:
        """What has changed since the last query."""
        now, before = self.ticker(name), self._tickers.get(name, {})
        self._tickers[name] = now
        return {figure: value for figure, value in now.items() if before.get(figure, ...) != value}

    def balances(self, owner: int) -> list[Notice]:
        """All balances of an owner."""
        found = []
        for currency, held in self._exchange.ledger.wallet(owner, "spot"):
            available, total = held.available // UNITS, held.total // UNITS
            found.append(
                {
                    "asset": CODES[currency],
                    "balance": available,
                    "reserved_balance": total - available,
                    "total_balance": total,
                }
            )
        return found

    # What the exchange reports ----------------------------------------------------------------------------------------

    def filled(self, fill: Fill) -> None:
        """Each trade is reported twice, for the buyer first; the wire has one notice for both."""
        if fill.order.side == "buy":
            self._buying = fill
            return
        assert self._buying is not None
        bid, ask, self._buying = self._buying, fill, None
        self._announce(bid.order if bid.is_taker else ask.order, fill.deal.lots)
        self._matched(bid, ask)
        for owner in (MAKERS, TAKERS):
            self._exchange.fills[owner].clear()

    def order_changed(self, order: Order, event: str) -> None:
        """An order rests, is changed, or is over."""
        if event in ("put", "modify"):
            self._announce(order, 0)
        elif event == "finish":
            self._announce(order, 0)
            self._closed(order)
            if order.owner in CROWD:
                self._exchange.orders.pop(order.order_id, None)

    def balance_changed(self, owner: int, wallet: str, currency: str) -> None:
        """Publish what is available now, if that is another number."""
        if owner in CROWD:
            return
        available = self._exchange.ledger.balance(owner, wallet, currency).available // UNITS
        if self._reported.get((owner, currency)) != available:
            self._reported[owner, currency] = available
            notice = {"notice": "BalanceChanged", "asset": CODES[currency], "balance": available}
            self._publish("", {}, {owner: notice})

    def modifies(self, order: Order) -> None:
        """This order is about to be changed."""
        self._modified.add(order.order_id)

    def has_modified(self, order: Order) -> None:
        """It has been, or was not."""
        self._modified.discard(order.order_id)

    def top_changed(self, market: Market) -> None: ...

    def stop_changed(self, stop: StopOrder, event: str) -> None: ...

    def position_changed(self, position: Position, event: str) -> None: ...

    # Notices ----------------------------------------------------------------------------------------------------------

    def _announce(self, order: Order, traded: int) -> None:
        """A new or changed order, as it was before it traded so much."""
        if _is_market(order):
            return
        if order.order_id in self._modified:
            self._modified.discard(order.order_id)
            self._order_notice("OrderModified", order, order.left + traded, "time")
        elif order.order_id not in self._opened:
            self._opened.add(order.order_id)
            spec = self._exchange.markets[order.market].spec
            self.balance_changed(order.owner, "spot", spec.quote if order.side == "buy" else spec.base)
            self._order_notice("OrderOpened", order, order.left + traded, "time")

    def _closed(self, order: Order) -> None:
        if order.order_id in self._opened:
            self._opened.discard(order.order_id)
            self._order_notice("OrderClosed", order, order.left, "time_closed")

    def _order_notice(self, name: str, order: Order, left: int, time: str) -> None:
        each = self.pairs[order.market]
        public = {
            "notice": name,
            "id": order.order_id,
            "base": each.base,
            "counter": each.counter,
            "quantity": signed(order, left),
            "price": self.price(order.market, order.price),
            time: self.micros,
        }
        self._publish(order.market, public, {order.owner: {**public, "tonce": tonce_of(order)}})

    def _matched(self, bid: Fill, ask: Fill) -> None:
        name, deal = bid.order.market, bid.deal
        each, spec = self.pairs[name], self._exchange.markets[name].spec
        total = deal.price * deal.lots * spec.value_factor // UNITS
        public: Notice = {
            "notice": "OrdersMatched",
            "base": each.base,
            "counter": each.counter,
            "quantity": deal.lots,
            "price": self.price(name, deal.price),
            "total": total,
            "taker_side": "bid" if bid.is_taker else "ask",
            "time": self.micros,
        }
        for word, fill in (("bid", bid), ("ask", ask)):
            if not _is_market(fill.order):
                public[word] = fill.order.order_id
                public[f"{word}_rem"] = fill.order.left
        private: dict[int, Notice] = {}
        is_own = bid.order.owner == ask.order.owner
        for word, fill in (("bid", bid), ("ask", ask)):
            owner = fill.order.owner
            notice = private.setdefault(owner, {**public, "taker": fill.is_taker})
            notice[f"{word}_tonce"] = tonce_of(fill.order)
            if not is_own:
                notice[f"{word}_base_fee"] = notice[f"{word}_counter_fee"] = 0
            self._count(owner, spec.base, deal.lots)
            self._count(owner, spec.quote, total)
        self._publish(name, public, private)
        for owner in private:
            for asset in (spec.base, spec.quote):
                volume = self.volumes.get((owner, asset), 0)
                notice = {"notice": "TradeVolumeChanged", "asset": CODES[asset], "volume": volume}
                self._publish("", {}, {owner: notice})

    def _count(self, owner: int, asset: str, amount: int) -> None:
        if owner not in CROWD:
            self.volumes[owner, asset] = self.volumes.get((owner, asset), 0) + amount


def signed(order: Order, amount: int) -> int:
    """Positive to buy, negative to sell."""
    return amount if order.side == "buy" else -amount


def tonce_of(order: Order) -> int | None:
    """The owner's own number for it."""
    return int(order.client_id) if order.client_id else None


def _is_market(order: Order) -> bool:
    """Orders that never stand in the book, and so have no name on the wire; 0 is whoever a test lets trade."""
    return order.kind == "market" or not order.order_id
