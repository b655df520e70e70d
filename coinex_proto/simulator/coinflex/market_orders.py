"""What a market order of CoinFLEX would trade, given the book and the funds. Source: CoinFLEX API v1, EstimateMarketOrder."""

from __future__ import annotations

from coinex_proto.simulator.coinflex.catalogue import UNITS
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.matching import Side


def reachable(market: Market, side: Side, amount: int, *, is_total: bool, funds: int | None) -> int:
    """Lots that an order could trade now; `amount` in lots or (a total) in the counter asset, funds in units of what it pays."""
    spec, lots, left = market.spec, 0, amount * UNITS if is_total else amount
    for maker in market.book.makers(side, None):
        cost = maker.price * spec.value_factor
        each = cost if side == "buy" else spec.base_factor
        most = min(maker.left, left // cost if is_total else left)
        if funds is not None:
            most = min(most, funds // each)
            funds -= most * each
        left -= most * cost if is_total else most
        lots += most
        if most < maker.left:
            break
    return lots


def traded(market: Market, side: Side, lots: int) -> tuple[int, int]:
    """Lots, and what is paid for them in the counter asset, that an order for so many lots would trade."""
    done, value = market.sweep(market.book.makers(side, None), lots)
    return done, value // UNITS
