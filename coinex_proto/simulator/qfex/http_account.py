"""What the paths of the local QFEX answer about orders, trades, positions and money of an account.

Source: OpenAPI files of the venue. Numbers of the account are JSON numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from coinex_proto.simulator.market.amounts import UNIT_PLACES, to_short_text
from coinex_proto.simulator.market.events import Fill
from coinex_proto.simulator.market.exchange import Exchange
from coinex_proto.simulator.market.futures import Position
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.matching import Order
from coinex_proto.simulator.qfex.catalogue import QUOTE
from coinex_proto.simulator.qfex.http_call import Call, Paths, Problem, counted, csv_of
from coinex_proto.simulator.qfex.orders import Rejected
from coinex_proto.simulator.qfex.statements import balance_record, position_record
from coinex_proto.simulator.qfex.wire import SIDES, Ticket, moment, number, seconds, trade_id

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS

ORDER_COLUMNS: Final = (
    "order_id",
    "client_order_id",
    "symbol",
    "side",
    "type",
    "price",
    "quantity",
    "filled_qty",
    "terminal_status",
)
TRADE_COLUMNS: Final = ("id", "order_id", "symbol", "side", "price", "quantity", "fee")


def _own_orders(call: Call) -> Iterator[tuple[Order, Ticket]]:
    """Those that were placed, newest first, each once; subaccounts have placed none."""
    seen: set[int] = set()
    for order in reversed(call.server.own.by_id.values()):
        if order.owner == call.owner and order.order_id not in seen:
            seen.add(order.order_id)
            yield order, call.server.own.ticket(order)


def _historic(call: Call) -> list[dict[str, Any]]:
    start, end = call.span("start", "end")
    symbol, client_id = call.params.get("symbol"), call.params.get("client_order_id")
    rows = []
    for order, ticket in _own_orders(call):
        market = call.server.exchange.markets[order.market]
        is_named = symbol in (None, market.spec.name) and client_id in (None, ticket.client_order_id)
        if is_named and start <= order.updated_ms <= end:
            rows.append(_historic_order(call, market, order, ticket))
    return rows


def _historic_order(call: Call, market: Market, order: Order, ticket: Ticket) -> dict[str, Any]:
    spec = market.spec
    fills = [fill for fill in call.server.exchange.fills[order.owner] if fill.order is order]
    average = order.filled_value * 10**spec.amount_places // order.filled // spec.value_factor if order.filled else 0
    return {
        "order_id": ticket.order_id,
        "client_order_id": ticket.client_order_id,
        "symbol": spec.name,
        "side": SIDES[order.side],
        "type": ticket.type,
        "time_in_force": ticket.time_in_force,
        "price": number(order.price or ticket.price, spec.price_places),
        "quantity": number(order.amount, spec.amount_places),
        "filled_qty": number(order.filled, spec.amount_places),
        "passive_qty": number(sum(fill.deal.lots for fill in fills if not fill.is_taker), spec.amount_places),
        "avg_price": number(average, spec.price_places + spec.amount_places) if order.filled else None,
        "execution_state": "CLOSED" if order.finish else "OPEN",
        "terminal_status": ticket.status,
        "status_ts": moment(order.updated_ms),
        "first_fill_ts": moment(fills[0].deal.created_ms) if fills else None,
        "last_fill_ts": moment(fills[-1].deal.created_ms) if fills else None,
    }


def _historic_orders(call: Call) -> dict[str, Any]:
    return counted(call.page(_historic(call)))


def fills_of(call: Call) -> list[Fill]:
    """Newest first."""
    return list(reversed(call.server.exchange.fills.get(call.owner, [])))


def _trades(call: Call) -> list[dict[str, Any]]:
    starts, ends = zip(call.span("start", "end"), call.span("start_time", "end_time"), strict=True)
    rows = []
    for fill in fills_of(call):
        row = _trade(call, fill)
        wanted = {"exchange_order_id": row["order_id"], "symbol": row["symbol"], "ordertype": row["order_type"]}
        wanted["orderdirection"] = row["side"]
        is_wanted = all(call.params.get(name, value) == value for name, value in wanted.items())
        if is_wanted and max(starts) <= fill.deal.created_ms <= min(ends):
            rows.append(row)
    return rows


def _trade(call: Call, fill: Fill) -> dict[str, Any]:
    spec, ticket = fill.market.spec, call.server.own.ticket(fill.order)
    return {
        "id": trade_id(fill),
        "order_id": ticket.order_id,
        "symbol": spec.name,
        "side": SIDES[fill.order.side],
        "price": number(fill.deal.price, spec.price_places),
        "quantity": number(fill.deal.lots, spec.amount_places),
        "fee": number(fill.fee, UNIT_PLACES),
        "order_type": ticket.type,
        "tif": ticket.time_in_force,
        "order_timestamp": seconds(fill.deal.created_ms),
        "margin_used": number(0, 2),
        "realised_pnl_change": number(fill.order.realized, UNIT_PLACES),
    }


def _positions(call: Call) -> dict[str, Any]:
    if call.server.own.forms.new_account:
        raise Problem(500, "position balance not found")
    exchange = call.server.exchange
    records = [
        position_record(exchange, call.owner, market, exchange.open_orders(call.owner, market.spec.name))
        for market in call.server.feeds.markets.values()
    ]
    balance = balance_record(exchange, call.owner, call.server.own.user_id)
    return {
        "balance": {name: value for name, value in balance.items() if name not in ("id", "user_id")},
        "positions": [
            {
                **{name: record[name] for name in POSITION},
                "open_orders": len(exchange.open_orders(call.owner, record["symbol"])),
            }
            for record in records
        ],
    }


POSITION: Final = (
    *("symbol", "position", "average_price", "initial_margin", "maintenance_margin", "leverage", "net_funding"),
    *("open_quantity", "realised_pnl", "unrealised_pnl"),
)


def _set_leverage(call: Call) -> dict[str, Any]:
    times = call.body.get("leverage")
    if isinstance(times, bool) or not isinstance(times, (int, float)) or times < 1:
        raise Problem(422, "leverage must be a number of at least 1")
    try:
        is_set = call.server.order_entry.set_leverage({**call.body, "leverage": times})
    except Rejected as rejection:
        raise Problem(404, "no such symbol") from rejection
    if not is_set:
        raise Problem(400, "open orders or a position")
    return {"leverage": times}


def _equity(call: Call) -> dict[str, Any]:
    exchange = call.server.exchange
    held = exchange.ledger.balance(call.owner, "futures", QUOTE).total
    worth = held + sum(_unrealised(exchange, position) for position in exchange.futures.open_positions(call.owner))
    row = {"window_start": moment(exchange.now_ms - exchange.now_ms % HOUR_MS), "value": number(worth, UNIT_PLACES)}
    return counted([row], **until(call, "duration"), interval_minutes=60)


def _unrealised(exchange: Exchange, position: Position) -> int:
    market = exchange.markets[position.market]
    return position.unrealized(exchange.marks.mark(market), market.spec)


def until(call: Call, name: str) -> dict[str, Any]:
    """The span of time that was asked for, as it is given back."""
    return {name: call.params.get(name, "1w"), "end": moment(call.server.exchange.now_ms)}


def _fees(call: Call) -> dict[str, Any]:
    return {
        "fees": {
            name: {"maker": to_short_text(market.spec.maker_rate, 8), "taker": to_short_text(market.spec.taker_rate, 8)}
            for name, market in call.server.feeds.markets.items()
        }
    }


PATHS: Final[Paths] = {
    ("GET", "/historic-orders-csv"): (True, lambda call: csv_of(_historic(call), ORDER_COLUMNS)),
    ("GET", "/trades-csv"): (True, lambda call: csv_of(_trades(call), TRADE_COLUMNS)),
    ("GET", "/user/account-equity"): (True, _equity),
    ("GET", "/user/fees"): (True, _fees),
    ("GET", "/user/historic-orders"): (True, _historic_orders),
    ("POST", "/user/leverage"): (True, _set_leverage),
    ("GET", "/user/positions"): (True, _positions),
    ("GET", "/user/trade"): (True, lambda call: counted(call.page(_trades(call)))),
}
