"""Positions and money of the local QFEX as the venue writes them. Source: QFEX documentation, positions and balances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from coinex_proto.simulator.market.amounts import UNIT_PLACES
from coinex_proto.simulator.market.exchange import Exchange
from coinex_proto.simulator.market.futures import MAINTENANCE_RATE, Position
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.matching import Order
from coinex_proto.simulator.qfex.catalogue import QUOTE
from coinex_proto.simulator.qfex.wire import number, uuid


def position_record(exchange: Exchange, owner: int, market: Market, mine: Sequence[Order]) -> dict[str, Any]:
    """The inside of a position_response."""
    spec = market.spec
    found = exchange.futures.position(owner, spec.key)
    position = found if found is not None and found.lots else Position(position_id=0, owner=owner, market=spec.key)
    mode, leverage = exchange.futures.settings(owner, spec.key)
    mark = exchange.marks.mark(market)
    lots = abs(position.lots)
    entry = abs(position.cost) * 10**UNIT_PLACES // lots // spec.base_factor if lots else 0
    return {
        "id": uuid("position", owner, spec.name),
        "symbol": spec.name,
        "position": number(position.lots, spec.amount_places),
        "margin_alloc": number(position.margin, UNIT_PLACES),
        "realised_pnl": number(0 if found is None else found.realized, UNIT_PLACES),
        "unrealised_pnl": number(position.unrealized(mark, spec), UNIT_PLACES),
        "net_funding": number(0, 2),
        "open_orders": number(len(mine), 0),
        "open_quantity": number(sum(order.left for order in mine), spec.amount_places),
        "leverage": number(leverage, 0),
        "initial_margin": number(position.margin, UNIT_PLACES),
        "maintenance_margin": number(spec.value(mark, lots) * MAINTENANCE_RATE // 10**8, UNIT_PLACES),
        "average_price": number(entry, UNIT_PLACES),
        "margin_mode": mode,
        "margin": number(position.margin, UNIT_PLACES),
    }


def balance_record(exchange: Exchange, owner: int, user_id: str) -> dict[str, Any]:
    """The inside of a balance_response."""
    money = exchange.ledger.balance(owner, "futures", QUOTE)
    open_ones = exchange.futures.open_positions(owner)
    markets = exchange.markets
    unrealised = sum(p.unrealized(exchange.marks.mark(markets[p.market]), markets[p.market].spec) for p in open_ones)
    return {
        "id": user_id,
        "user_id": user_id,
        "deposit": number(money.total, UNIT_PLACES),
        "realised_pnl": number(0, 2),
        "order_margin": number(money.frozen, UNIT_PLACES),
        "position_margin": number(money.margin, UNIT_PLACES),
        "unrealised_pnl": number(unrealised, UNIT_PLACES),
        "net_funding": number(0, 2),
        "available_balance": number(money.available, UNIT_PLACES),
    }
