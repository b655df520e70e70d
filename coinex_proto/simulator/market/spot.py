"""Money of a spot trade: what an order holds, what changes hands, what the house takes.

The buyer's fee is taken from the base currency received, the seller's from the quote currency received, rounded down to
the unit.
"""

from __future__ import annotations

from coinex_proto.simulator.market.accounts import Balance, Ledger
from coinex_proto.simulator.market.amounts import RATE_ONE
from coinex_proto.simulator.market.market import Market, MarketSpec
from coinex_proto.simulator.market.matching import Order

HOUSE = 0
"""The owner that fees go to."""


class _Pairs(dict[int, tuple[Balance, Balance]]):
    """What each owner has of base and quote currency of one market; the ledger keeps one object of each for good."""

    def __init__(self, ledger: Ledger, spec: MarketSpec) -> None:
        self._ledger, self._spec = ledger, spec

    def __missing__(self, owner: int) -> tuple[Balance, Balance]:
        base, quote = (
            self._ledger.balance(owner, "spot", currency) for currency in (self._spec.base, self._spec.quote)
        )
        found = self[owner] = base, quote
        return found


class SpotSettlement:
    """Moves base against quote currency."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._pairs: dict[str, _Pairs] = {}

    def reserve(self, market: Market, order: Order) -> None:
        """Freeze what the order of a watched owner may cost, instead of what it has held.  Raises NotEnough."""
        if order.owner not in self._ledger.watched:
            return
        units = self._cost(market, order)
        self._ledger.freeze(order.owner, "spot", self._paid_in(market, order), units - order.frozen)
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
        spec, watched, buyer, seller = market.spec, self._ledger.watched, buy.owner, sell.owner
        value, base = price * lots * spec.value_factor, lots * spec.base_factor
        base_fee = base * (buy.taker_rate if buy is taker else buy.maker_rate) // RATE_ONE
        quote_fee = value * (sell.taker_rate if sell is taker else sell.maker_rate) // RATE_ONE
        pairs = self._pairs.get(spec.key) or self._pairs.setdefault(spec.key, _Pairs(self._ledger, spec))
        (buyer_base, buyer_quote), (seller_base, seller_quote) = pairs[buyer], pairs[seller]
        house_base, house_quote = pairs[HOUSE]
        if buyer in watched:
            held = buy.price * lots * spec.value_factor if buy.kind != "market" else value
            buy.frozen -= held
            buyer_quote.frozen -= held
            buyer_quote.available += held
            self._moved(spec, buyer)
        if seller in watched:
            sell.frozen -= base
            seller_base.frozen -= base
            seller_base.available += base
            self._moved(spec, seller)
        buyer_quote.available -= value
        buyer_base.available += base - base_fee
        seller_base.available -= base
        seller_quote.available += value - quote_fee
        house_base.available += base_fee
        house_quote.available += quote_fee
        buy.base_fee += base_fee
        sell.quote_fee += quote_fee
        return base_fee, quote_fee

    def _moved(self, spec: MarketSpec, owner: int) -> None:
        self._ledger.moved(owner, "spot", spec.base)
        self._ledger.moved(owner, "spot", spec.quote)

    def _paid_in(self, market: Market, order: Order) -> str:
        return market.spec.quote if order.side == "buy" else market.spec.base

    def _cost(self, market: Market, order: Order) -> int:
        spec = market.spec
        if order.side == "sell":
            lots = market.lots_for(order) if order.spends_quote else order.left
            return lots * spec.base_factor
        if order.spends_quote:
            return order.left
        if order.kind != "market":
            return order.price * order.left * spec.value_factor
        return market.cost(order)
