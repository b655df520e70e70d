"""The whole exchange: markets, accounts, orders and the crowd on one virtual clock.

It speaks no venue's language: server halves listen (`Listener`) and write the events in their own words.  Same seed
and same input give the same trades.  Times handed in are seconds that never go back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Final

from coinex_proto.simulator.market.accounts import Ledger, NotEnough
from coinex_proto.simulator.market.events import Fill, Listener, Settlement
from coinex_proto.simulator.market.futures import FuturesSettlement, Position
from coinex_proto.simulator.market.guards import Guard
from coinex_proto.simulator.market.market import Deal, Market, MarketSpec, new_deal
from coinex_proto.simulator.market.marks import Marks
from coinex_proto.simulator.market.matching import Order, Side
from coinex_proto.simulator.market.moments import Moments
from coinex_proto.simulator.market.refusals import OrderRefused
from coinex_proto.simulator.market.spot import HOUSE, SpotSettlement
from coinex_proto.simulator.market.stops import StopBook, StopOrder

MAKERS: Final = 1
TAKERS: Final = 2
FIRST_USER: Final = 10
CROWD: Final = frozenset((HOUSE, MAKERS, TAKERS))
ENDLESS: Final = 10**35
"""Units that the crowd owns of every currency: 10**15 coins."""


class Exchange:
    """Markets and accounts; every method acts at `now_ms`."""

    def __init__(self, specs: Iterable[MarketSpec], *, now_ms: int) -> None:
        self.now_ms = now_ms
        self.ledger: Ledger = Ledger()
        self.markets: dict[str, Market] = {spec.key: Market(spec) for spec in specs}
        self.orders: dict[int, Order] = {}
        """Open orders of the watched owners, and those of them that are finished and had a fill."""
        self.fills: dict[int, list[Fill]] = {}
        """Fills of each watched owner, oldest first."""
        self.futures: FuturesSettlement = FuturesSettlement(self.ledger)
        self.settlements: dict[str, Settlement] = {"spot": SpotSettlement(self.ledger), "futures": self.futures}
        self.fundings: dict[str, list[tuple[int, int]]] = {}
        """Settled funding of each futures market: time in ms and rate, oldest first."""
        self.marks: Marks = Marks(self.markets)
        self.stops: StopBook = StopBook(self, self._report_stop)
        self._moments = Moments(self._look)
        self.listeners: list[Listener] = []
        self.last_order_id: int = 98_388_000_000
        self._last_deal_id = 3_514_376_000
        self._last_guard_id = 123_000
        self._last_owner = FIRST_USER - 1
        for market in self.markets.values():
            self._endow(market.spec)

    def _endow(self, spec: MarketSpec) -> None:
        """Give the crowd what it trades with."""
        for owner in (MAKERS, TAKERS):
            for currency in spec.currencies:
                if not self.ledger.balance(owner, spec.wallet, currency).available:
                    self.ledger.deposit(owner, spec.wallet, currency, ENDLESS)

    def batch(self) -> AbstractContextManager[Callable[[Market], None]]:
        """What is done inside counts as one moment: best prices, positions and balances are reported once, at its end.

        `with … as touch`: who takes a short way (`short_ways.py`) says by `touch(market)` where.
        """
        return self._moments

    def open_account(self) -> int:
        """A new watched owner."""
        self._last_owner += 1
        self.ledger.watched.add(self._last_owner)
        self.fills[self._last_owner] = []
        return self._last_owner

    def open_orders(self, owner: int, name: object = None) -> list[Order]:
        """Open orders of a watched owner in the markets of this name (None: in all), oldest first."""
        own = (order for order in self.orders.values() if order.owner == owner and not order.finish)
        return [order for order in own if name in (None, self.markets[order.market].spec.name)]

    def place(
        self,
        owner: int,
        key: str,
        side: Side,
        kind: str,
        *,
        amount: int,
        price: int = 0,
        spends_quote: bool = False,
        client_id: str = "",
        stp: str = "",
        stop_id: int = 0,
        is_hidden: bool = False,
        reduces: bool = False,
    ) -> Order:
        """Match an order and rest what may rest.  Raises OrderRefused, and then nothing has changed."""
        order = self.prepare(
            owner, key, side, kind, amount=amount, price=price, spends_quote=spends_quote, client_id=client_id, stp=stp,
            stop_id=stop_id, is_hidden=is_hidden, reduces=reduces,
        )  # fmt: skip
        self.start(order)
        return order

    def prepare(
        self,
        owner: int,
        key: str,
        side: Side,
        kind: str,
        *,
        amount: int,
        price: int,
        spends_quote: bool,
        client_id: str,
        stp: str,
        stop_id: int,
        is_hidden: bool,
        reduces: bool = False,
    ) -> Order:
        """An order that is accepted and holds its money, and of which nobody knows yet.  Raises OrderRefused."""
        market = self.markets[key]
        self.last_order_id += 1
        order = Order(
            order_id=self.last_order_id, owner=owner, market=key, side=side, kind=kind, price=price, amount=amount,
            left=amount, spends_quote=spends_quote, client_id=client_id, stp=stp, stop_id=stop_id, is_hidden=is_hidden,
            is_quote=owner == MAKERS, reduces=reduces, maker_rate=market.spec.maker_rate, taker_rate=market.spec.taker_rate,
            created_ms=self.now_ms, updated_ms=self.now_ms,
        )  # fmt: skip
        self._check(market, order)
        self._reserve(market, order)
        return order

    def start(self, order: Order) -> None:
        """Match an order that was prepared in this very moment."""
        market = self.markets[order.market]
        if order.owner in self.ledger.watched:
            self.orders[order.order_id] = order
        self._run(market, order, "put")
        self._moments.add(market)

    def cancel(self, order: Order) -> None:
        """Take an order out of the book.  Raises OrderRefused when it is not open."""
        market = self._open_market(order)
        market.book.remove(order)
        self._finish(market, order)
        self._moments.add(market)

    def modify(self, order: Order, *, price: int | None = None, amount: int | None = None) -> None:
        """Change price or amount; the order goes to the end of its queue and may match.

        Raises OrderRefused, and then nothing has changed.
        """
        market = self._open_market(order)
        if market.is_halted:
            raise OrderRefused("halted")
        new_price = order.price if price is None else price
        new_left = order.left if amount is None else amount - order.filled
        if new_price <= 0:
            raise OrderRefused("price")
        if new_left <= 0 or new_left + order.filled < market.spec.min_amount:
            raise OrderRefused("amount")
        if order.kind == "maker_only" and market.book.next_maker(order.side, new_price) is not None:
            raise OrderRefused("would_take")
        old = order.price, order.left
        order.price, order.left = new_price, new_left
        try:
            self._reserve(market, order)
        finally:
            order.price, order.left = old  # as it stands in the book
        market.book.remove(order)
        order.price, order.left = new_price, new_left
        order.amount = new_left + order.filled
        order.updated_ms = self.now_ms
        self._run(market, order, "modify")
        self._moments.add(market)

    def close(self, position: Position, why: str, guard: Guard | None = None) -> None:
        """Close a position, or the part that a guard names, at the market; `why` is why it ends.

        As far as the book reaches.
        """
        market = self.markets[position.market]
        side: Side = "sell" if position.lots > 0 else "buy"
        if market.is_halted or market.book.next_maker(side, None) is None:
            return
        self._cancel_reducing(position)
        if market.book.next_maker(side, None) is None:
            return  # those were all that stood there
        lots = abs(position.lots)
        if guard is not None and guard.lots is not None and guard.lots < lots:
            lots = guard.lots
            position.guards[why] = tuple(other for other in position.guards[why] if other is not guard)
        else:
            position.finish = why
        self.place(position.owner, position.market, side, "market", amount=lots, reduces=True)
        if position.lots:
            position.finish = ""  # the book did not reach

    def settle_funding(self) -> None:
        """Let longs and shorts pay each other."""
        for market in self.markets.values():
            if market.spec.wallet == "futures":
                rate = self.marks.funding(market)
                self.fundings.setdefault(market.spec.key, []).append((self.now_ms, rate))
                self.futures.fund(market, self.marks.mark(market), rate, self.now_ms)
                self._moments.add(market)

    def set_leverage(self, market: Market, owner: int, mode: str, leverage: int) -> None:
        """Margin mode and leverage of one owner in one market.  Raises NotEnough."""
        self.futures.set_leverage(market, owner, mode, leverage)
        self._moments.add(market)

    def add_margin(self, market: Market, position: Position, units: int) -> None:
        """Add or (below zero) take back margin.  Raises NotEnough."""
        self.futures.add_margin(market, position, units, self.now_ms)
        self._moments.add(market)

    def move_money(self, giver: int, taker: int, source: str, target: str, currency: str, units: int) -> None:
        """Move available units from a wallet of one owner to one of another, or of the same.  Raises NotEnough."""
        self.ledger.move(giver, taker, source, target, currency, units)
        self._report_balances()

    def hold_money(self, owner: int, currency: str, units: int) -> None:
        """Set units of the spot wallet aside, or (below zero) free them again.  Raises NotEnough."""
        self.ledger.freeze(owner, "spot", currency, units)
        self._report_balances()

    def new_guard_id(self) -> int:
        """The number of a new take-profit or stop-loss price."""
        self._last_guard_id += 1
        return self._last_guard_id

    def position_touched(self, market: Market, position: Position) -> None:
        """Its take-profit or stop-loss price has changed."""
        self.futures.note(position, "update", self.now_ms)
        self._moments.add(market)

    def recall(self, key: str, created_ms: int, side: Side, price: int, lots: int) -> None:
        """A public trade from before anybody looked, of which candles tell already; older ones first."""
        self._last_deal_id += 1
        self.markets[key].recall(Deal(self._last_deal_id, created_ms, side, price, lots))

    def fill(self, order: Order, lots: int) -> None:
        """Let the crowd take lots of this very order at its own price, out of turn.  Raises OrderRefused."""
        market = self._open_market(order)
        if lots <= 0:
            raise OrderRefused("amount")
        side: Side = "sell" if order.side == "buy" else "buy"
        taker = Order(
            order_id=0, owner=TAKERS, market=order.market, side=side, kind="limit", price=order.price, amount=lots,
            left=lots, created_ms=self.now_ms, updated_ms=self.now_ms,
        )  # fmt: skip
        self._reserve(market, taker)
        self.match(market, taker, order, min(lots, order.left))
        self.settlements[market.spec.wallet].release(market, taker)
        self._moments.add(market)

    def _open_market(self, order: Order) -> Market:
        market = self.markets[order.market]
        if not order.rests:
            raise OrderRefused("gone")
        return market

    def _check(self, market: Market, order: Order) -> None:
        book, limit = market.book, order.limit
        if market.is_halted:
            raise OrderRefused("halted")
        best = book.next_maker(order.side, limit)
        if order.kind == "market" and best is None:
            raise OrderRefused("thin")
        lots = order.amount if best is None else _affordable(market, order, best.price)
        least = 1 if order.owner in CROWD or order.reduces else market.spec.min_amount
        if lots < least:
            raise OrderRefused("amount")
        if order.kind != "market" and order.price <= 0:
            raise OrderRefused("price")
        if order.kind == "maker_only" and best is not None:
            raise OrderRefused("would_take")
        if order.kind == "fok" and not book.can_fill(order):
            raise OrderRefused("cannot_fill")

    def _reserve(self, market: Market, order: Order) -> None:
        """Hold what the order may cost, instead of what it has held."""
        try:
            self.settlements[market.spec.wallet].reserve(market, order)
        except NotEnough as error:
            raise OrderRefused("balance") from error

    def _run(self, market: Market, order: Order, event: str) -> None:
        """Match as far as it goes; then the order rests or is over."""
        book, limit = market.book, order.limit
        while order.left and not order.finish:
            maker = book.next_maker(order.side, limit)
            if maker is None:
                break
            if order.stp and maker.owner == order.owner:
                self._prevent(market, order, maker)
                continue
            lots = min(maker.left, _affordable(market, order, maker.price))
            lots = self.settlements[market.spec.wallet].cover(market, order, lots)
            if lots <= 0:
                _give_up(order)
                break
            self.match(market, order, maker, lots)
        if order.left and not order.finish and order.kind in ("limit", "maker_only"):
            book.add(order)
            self._report_order(order, event)
        else:
            self._finish(market, order)

    def _prevent(self, market: Market, taker: Order, maker: Order) -> None:
        if taker.stp in ("cm", "both"):
            market.book.remove(maker)
            self._finish(market, maker)
        if taker.stp in ("ct", "both"):
            taker.finish = "canceled"

    def match(self, market: Market, taker: Order, maker: Order, lots: int) -> None:
        """One match of a taker with the maker that it meets, of as many of these lots as the maker can pay for."""
        settlement, watched = self.settlements[market.spec.wallet], self.ledger.watched
        if maker.owner not in watched and taker.owner not in watched:
            self.match_strangers(settlement, market, taker, maker, lots)
            return
        covered = settlement.cover(market, maker, lots)
        if covered <= 0:
            market.book.remove(maker)
            self._finish(market, maker)
            return
        lots, price = covered, maker.price
        value = market.spec.value(price, lots)
        market.book.take(maker, lots)
        taker.left -= value if taker.spends_quote else lots
        buy, sell = (taker, maker) if taker.side == "buy" else (maker, taker)
        fees = settlement.trade(market, buy, sell, lots, price, taker)
        self._last_deal_id += 1
        deal = new_deal((self._last_deal_id, self.now_ms, taker.side, price, lots))
        market.record(*deal)
        for order, fee in ((buy, fees[0]), (sell, fees[1])):
            order.filled += lots
            order.filled_value += value
            order.last_lots, order.last_price, order.updated_ms = lots, price, self.now_ms
            if order.owner in self.ledger.watched:
                self._report_fill(market, order, deal, fee, is_taker=order is taker)
        if not maker.left:
            self._finish(market, maker)
        else:
            self._report_order(maker, "update")

    def match_strangers(self, settlement: Settlement, market: Market, taker: Order, maker: Order, lots: int) -> None:
        """A match that nobody is told of but by the market's public figures."""
        market.book.sides[maker.side].take(maker, lots)
        maker.left -= lots
        taker.left -= lots
        buy, sell = (taker, maker) if taker.side == "buy" else (maker, taker)
        settlement.trade(market, buy, sell, lots, maker.price, taker)
        self._last_deal_id += 1
        market.record(self._last_deal_id, self.now_ms, taker.side, maker.price, lots)
        maker.filled += lots
        taker.filled += lots
        if not maker.left:
            maker.finish = "filled"

    def _report_fill(self, market: Market, order: Order, deal: Deal, fee: int, *, is_taker: bool) -> None:
        spec = market.spec
        fill = Fill(
            deal=deal,
            order=order,
            market=market,
            is_taker=is_taker,
            fee=fee,
            fee_currency=spec.base if spec.wallet == "spot" and order.side == "buy" else spec.settle,
            position=self.futures.position(order.owner, spec.key) if spec.wallet == "futures" else None,
        )
        self.fills[order.owner].append(fill)
        for listener in self.listeners:
            listener.filled(fill)

    def _finish(self, market: Market, order: Order) -> None:
        order.finish = "filled" if order.filled and not order.left else "canceled"
        order.updated_ms = self.now_ms
        if order.owner in self.ledger.watched:
            self.settlements[market.spec.wallet].release(market, order)
            if not order.filled:
                self.orders.pop(order.order_id, None)
            self._report_order(order, "finish")

    def _report_order(self, order: Order, event: str) -> None:
        if order.owner in self.ledger.watched:
            for listener in self.listeners:
                listener.order_changed(order, event)

    def _report_stop(self, stop: StopOrder, event: str) -> None:
        if stop.owner in self.ledger.watched:
            for listener in self.listeners:
                listener.stop_changed(stop, event)

    def _look(self, market: Market) -> None:
        """Report what one moment has changed, positions and balances last, and do what follows from it."""
        if market.see_top():
            for listener in self.listeners:
                listener.top_changed(market)
        if self.stops.waiting or self.futures.watched:
            self._watch(market)
        if self.futures.changed:
            for position, event in self.futures.take_changed():
                if not position.lots:
                    self._cancel_reducing(position)
                for listener in self.listeners:
                    listener.position_changed(position, event)
        if self.ledger.moves:
            self._report_balances()

    def _report_balances(self) -> None:
        for owner, wallet, currency in self.ledger.take_moved():
            self.ledger.balance(owner, wallet, currency).updated_ms = self.now_ms
            for listener in self.listeners:
                listener.balance_changed(owner, wallet, currency)

    def _cancel_reducing(self, position: Position) -> None:
        """Nothing is left to close, or something else closes it."""
        market = self.markets[position.market]
        for order in [o for o in market.book.orders.values() if o.owner == position.owner and o.reduces]:
            market.book.remove(order)
            self._finish(market, order)
            self._moments.add(market)

    def _watch(self, market: Market) -> None:
        """Fire stop orders and liquidate positions that the new prices reach."""
        touched = self.marks.touched_by(market)
        self.stops.check(touched)
        for other in touched:
            if other.spec.wallet != "futures":
                continue
            for position in self.futures.watched_in(other.spec.key):
                if self.futures.is_bankrupt(other, position, self.marks.mark(other)):
                    self.close(position, "liq")


def _affordable(market: Market, order: Order, price: int) -> int:
    return order.left // (price * market.spec.value_factor) if order.spends_quote else order.left


def _give_up(order: Order) -> None:
    """Nothing more can trade: quote currency that buys no whole lot counts as spent, a reducing order is over."""
    if order.spends_quote:
        order.left = 0
    else:
        order.finish = "canceled"
