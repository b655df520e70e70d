"""What the crowd does most, as cheap as that should be: to place, trade and cancel where nobody is told of it.

The same as the exchange's `place` and `cancel` do, which are asked wherever somebody might notice a difference.  All of it
belongs inside of `Exchange.batch`, whose `touch` names the market.
"""

from __future__ import annotations

from coinex_proto.simulator.market.exchange import MAKERS, TAKERS, Exchange
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.matching import Order, Quote, Side


class ShortWays:
    """Those of one exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._watched = exchange.ledger.watched

    def quote(self, market: Market, side: Side, price: int, lots: int) -> Order:
        """Place a limit order of the makers."""
        exchange, spec, book = self._exchange, market.spec, market.book
        others = book.asks.ranked if side == "buy" else book.bids.ranked
        if (
            (others and (others[0].price <= price if side == "buy" else others[0].price >= price))
            or market.is_halted
            or MAKERS in self._watched
        ):
            return exchange.place(MAKERS, spec.key, side, "limit", price=price, amount=lots)
        exchange.last_order_id = number = exchange.last_order_id + 1
        order = Quote(number, MAKERS, spec.key, side, price, lots, spec.rates, exchange.now_ms)
        book.sides[side].add(order)
        return order

    def hit(self, market: Market, side: Side, price: int | None, lots: int) -> None:
        """Let the takers trade so many lots at this price or better, as far as the book reaches."""
        exchange, book, spec, watched = self._exchange, market.book, market.spec, self._watched
        if book.next_maker(side, price) is None:
            return
        if market.is_halted or TAKERS in watched:
            kind = "market" if price is None else "ioc"
            exchange.place(TAKERS, spec.key, side, kind, price=price or 0, amount=lots)
            return
        exchange.last_order_id += 1
        taker = Quote(exchange.last_order_id, TAKERS, spec.key, side, price or 0, lots, spec.rates, exchange.now_ms)
        settlement = exchange.settlements[spec.wallet]
        while taker.left and (maker := book.next_maker(side, price)) is not None:
            if maker.owner in watched:
                exchange.match(market, taker, maker, min(maker.left, taker.left))
            else:
                exchange.match_strangers(settlement, market, taker, maker, min(maker.left, taker.left))

    def retire(self, market: Market, order: Order) -> None:
        """Cancel a quote of the makers."""
        if MAKERS in self._watched:
            self._exchange.cancel(order)
            return
        market.book.sides[order.side].take(order, order.left)
        order.finish = "canceled"
