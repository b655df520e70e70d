"""What must hold of money and books at any time, whatever was done to an exchange."""

from __future__ import annotations

from coinex_proto.simulator.market.exchange import Exchange
from coinex_proto.simulator.market.market import Market, MarketSpec
from coinex_proto.simulator.market.matching import Order


def check_totals(exchange: Exchange) -> None:
    """No unit of a currency was created or lost, and every lot that is held long is held short by somebody."""
    for currency in {market.spec.settle for market in exchange.markets.values()}:
        assert worth(exchange, currency) == exchange.ledger.deposited(currency)
    for key, market in exchange.markets.items():
        if market.spec.wallet == "futures":
            assert sum(position.lots for position in exchange.futures.open_positions() if position.market == key) == 0


def check_owner(exchange: Exchange, owner: int) -> None:
    """What is frozen is what open orders hold, margin is that of positions, and nothing is below zero."""
    for wallet in ("spot", "futures"):
        for currency, balance in exchange.ledger.wallet(owner, wallet):
            frozen = sum(
                order.frozen
                for market in exchange.markets.values()
                if market.spec.wallet == wallet
                for order in market.book.orders.values()
                if order.owner == owner and currency == _held_in(market.spec, order)
            )
            margin = sum(
                position.margin
                for position in exchange.futures.open_positions(owner)
                if wallet == "futures" and exchange.markets[position.market].spec.settle == currency
            )
            assert balance.frozen == frozen
            assert balance.margin == margin >= 0
            assert balance.available >= 0


def check_book(market: Market) -> None:
    """Sides do not cross, levels show the lots of their orders, and nobody is filled beyond the own amount."""
    bid, _, ask, _ = market.top
    assert not (bid and ask) or bid < ask
    for side in market.book.sides.values():
        for level in side:
            shown = sum(order.left for order in level.orders if not order.is_hidden)
            assert level.lots == shown
            assert shown > 0 or any(order.is_hidden for order in level.orders)
            for order in level.orders:
                assert order.rests
                assert not order.finish
                assert order.left > 0
                assert order.left + order.filled == order.amount


def worth(exchange: Exchange, currency: str) -> int:
    """What all owners hold; open futures positions at their cost."""
    positions = exchange.futures.open_positions()
    cost = sum(p.cost for p in positions if exchange.markets[p.market].spec.settle == currency)
    return exchange.ledger.total(currency) - cost


def _held_in(spec: MarketSpec, order: Order) -> str:
    return spec.base if spec.wallet == "spot" and order.side == "sell" else spec.settle
