"""Money of a spot trade: what an order holds, what changes hands, what the house takes.

The buyer's fee is taken from the base currency received, the seller's from the quote currency received, rounded down to
the unit.
"""

from __future__ import annotations

from coinex_proto.simulator.market.accounts import Ledger
from coinex_proto.simulator.market.amounts import RATE_ONE
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.matching import Order

HOUSE = 0
"""The owner that fees go to."""


class SpotSettlement:
    """Moves base against quote currency."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def reserve(self, market: Market, order: Order) -> None:
        """Freeze what the order may cost.  Raises NotEnough."""
        units = self._cost(market, order)
        self._ledger.freeze(order.owner, "spot", self._paid_in(market, order), units)
        order.frozen = units

    def release(self, market: Market, order: Order) -> None:
        """The order is over: what it still holds is available again."""
        if order.frozen:
            self._ledger.release(order.owner, "spot", self._paid_in(market, order), order.frozen)
            order.frozen = 0

    def cover(self, market: Market, order: Order, lots: int) -> int:
        """How many of these lots the order can pay for: all that it has reserved."""
        if order.spends_quote and order.side == "sell":
            return min(lots, order.frozen // market.spec.base_factor)
        return lots

    def trade(self, market: Market, buy: Order, sell: Order, lots: int, price: int, taker: Order) -> tuple[int, int]:
        """Exchange the currencies of one match.  Returns the fees (of the buyer, of the seller) in units."""
        spec, ledger = market.spec, self._ledger
        value, base = price * lots * spec.value_factor, lots * spec.base_factor
        base_fee = base * (buy.taker_rate if buy is taker else buy.maker_rate) // RATE_ONE
        quote_fee = value * (sell.taker_rate if sell is taker else sell.maker_rate) // RATE_ONE
        held = buy.price * lots * spec.value_factor if buy.kind != "market" else value
        buy.frozen -= held
        sell.frozen -= base
        buyer = ledger.balance(buy.owner, "spot", spec.quote)
        buyer.frozen -= held
        buyer.available += held - value
        ledger.balance(buy.owner, "spot", spec.base).available += base - base_fee
        ledger.balance(sell.owner, "spot", spec.base).frozen -= base
        ledger.balance(sell.owner, "spot", spec.quote).available += value - quote_fee
        ledger.balance(HOUSE, "spot", spec.base).available += base_fee
        ledger.balance(HOUSE, "spot", spec.quote).available += quote_fee
        for owner in (buy.owner, sell.owner):
            if owner in ledger.watched:
                ledger.moved(owner, "spot", spec.base)
                ledger.moved(owner, "spot", spec.quote)
        buy.base_fee += base_fee
        sell.quote_fee += quote_fee
        return base_fee, quote_fee

    def _paid_in(self, market: Market, order: Order) -> str:
        return market.spec.quote if order.side == "buy" else market.spec.base

    def _cost(self, market: Market, order: Order) -> int:
        spec = market.spec
        if order.side == "sell":
            lots = market.lots_for(order.left) if order.spends_quote else order.left
            return lots * spec.base_factor
        if order.spends_quote:
            return order.left
        if order.kind != "market":
            return order.price * order.left * spec.value_factor
        return market.sweep("buy", order.left)[1]
