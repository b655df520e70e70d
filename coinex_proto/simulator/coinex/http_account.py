"""Balances, fee rates and positions over HTTP.

Source: CoinEx HTTP API v2, balance and position pages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from coinex_proto.simulator.coinex.http import ApiError, Call, Endpoint, Page, Table, bad_parameter
from coinex_proto.simulator.coinex.http_guards import VERBS, WORDS, Change, guard_lists
from coinex_proto.simulator.coinex.http_market import LEVERAGES
from coinex_proto.simulator.coinex.http_trade import MARKET_TYPES, order_fields, order_terms
from coinex_proto.simulator.coinex.wire import rate
from coinex_proto.simulator.market.accounts import NotEnough
from coinex_proto.simulator.market.amounts import UNIT_PLACES, BadNumber, to_scaled
from coinex_proto.simulator.market.futures import Position
from coinex_proto.simulator.market.market import Market


def _spot_balances(call: Call) -> object:
    return [_balance(call, "spot", currency, ("ccy", "available", "frozen")) for currency in _currencies(call, "spot")]


def _futures_balances(call: Call) -> object:
    names = ("ccy", "available", "frozen", "margin", "unrealized_pnl", "transferrable")
    return [_balance(call, "futures", currency, names) for currency in _currencies(call, "futures")]


def _currencies(call: Call, wallet: str) -> list[str]:
    return [currency for currency, _ in call.server.exchange.ledger.wallet(call.owner, wallet)]


def _balance(call: Call, wallet: str, currency: str, names: tuple[str, ...]) -> dict[str, Any]:
    entry = call.server.private.balance(call.owner, wallet, currency)
    return {name: entry[name] for name in names}


def _fee_rate(call: Call) -> object:
    module = call.one_of("market_type", ("SPOT", "FUTURES")).lower()
    market = call.server.feeds[module].markets.get(call.text("market"))
    if market is None:
        raise bad_parameter("market")
    return {
        "market": market.spec.name,
        "maker_rate": rate(market.spec.maker_rate),
        "taker_rate": rate(market.spec.taker_rate),
    }


def position_fields(call: Call, position: Position) -> dict[str, Any]:
    """A position as HTTP writes it: settle_value for settle_val, and no first and latest fill price."""
    fields = call.server.prices.position(position)
    fields["settle_value"] = fields.pop("settle_val")
    for name in ("first_filled_price", "latest_filled_price"):
        del fields[name]
    market = call.server.exchange.markets[position.market]
    return {"market_type": "FUTURES", **fields, **guard_lists(market, position)}


def _pending_positions(call: Call) -> Page:
    name = call.text("market", "")
    markets = call.server.exchange.markets
    return call.page(
        [
            position_fields(call, position)
            for position in call.server.exchange.futures.open_positions(call.owner)
            if name in ("", markets[position.market].spec.name)
        ]
    )


def _finished_positions(call: Call) -> Page:
    name = call.text("market", "")
    markets = call.server.exchange.markets
    return call.page(
        [
            {**position_fields(call, position), "finished_type": position.finish}
            for position in reversed(call.server.exchange.futures.finished)
            if position.owner == call.owner and name in ("", markets[position.market].spec.name)
        ]
    )


def _close_position(call: Call) -> object:
    market, position = _own_position(call)
    lots = abs(position.lots)
    amount = call.params.get("amount") or market.amount_text(lots)
    side = "sell" if position.lots > 0 else "buy"
    terms = order_terms(_with(call, side=side, amount=amount), market)
    order = call.server.exchange.place(
        call.owner, market.spec.key, reduces=True, **{**terms, "amount": min(terms["amount"], lots)}
    )
    return order_fields(market, order)


def _adjust_leverage(call: Call) -> object:
    call.one_of("market_type", MARKET_TYPES["futures"])
    mode, leverage = call.one_of("margin_mode", ("cross", "isolated")), call.number("leverage")
    if leverage not in LEVERAGES:
        raise bad_parameter("leverage")
    market = call.market()
    try:
        call.server.exchange.set_leverage(market, call.owner, mode, leverage)
    except NotEnough as error:
        raise ApiError(3109, "balance not enough") from error
    return {"margin_mode": mode, "leverage": leverage}


def _adjust_margin(call: Call) -> object:
    market, position = _own_position(call)
    try:
        amount = to_scaled(call.text("amount"), UNIT_PLACES)
        call.server.exchange.add_margin(market, position, amount)
    except BadNumber as error:
        raise bad_parameter("amount") from error
    except NotEnough as error:
        raise ApiError(3109, "balance not enough") from error
    return position_fields(call, position)


def _guard(word: str, change: Change) -> Callable[[Call], object]:
    """The call that changes the take-profit or stop-loss prices of a position."""

    def handle(call: Call) -> object:
        market, position = _own_position(call)
        position.guards[word] = change(call, market, position, word)
        call.server.exchange.position_touched(market, position)
        return position_fields(call, position)

    return handle


def _own_position(call: Call) -> tuple[Market, Position]:
    call.one_of("market_type", MARKET_TYPES["futures"])
    market = call.market()
    for position in call.server.exchange.futures.open_positions(call.owner):
        if position.market == market.spec.key:
            return market, position
    raise ApiError(3639, "Invalid Parameter: no position in this market")


def _with(call: Call, **params: object) -> Call:
    return Call(server=call.server, module=call.module, params={**call.params, **params}, owner=call.owner)


TABLE: Final[Table] = {
    ("GET", "/assets/spot/balance"): Endpoint(_spot_balances, "spot_account_query"),
    ("GET", "/assets/futures/balance"): Endpoint(_futures_balances, "futures_account_query"),
    ("GET", "/account/trade-fee-rate"): Endpoint(_fee_rate, "spot_account_query"),
    ("GET", "/futures/pending-position"): Endpoint(_pending_positions, "futures_account_query"),
    ("GET", "/futures/finished-position"): Endpoint(_finished_positions, "futures_history"),
    ("POST", "/futures/close-position"): Endpoint(_close_position, "futures_order"),
    ("POST", "/futures/adjust-position-leverage"): Endpoint(_adjust_leverage, "futures_order"),
    ("POST", "/futures/adjust-position-margin"): Endpoint(_adjust_margin, "futures_order"),
    **{
        ("POST", f"/futures/{verb}-position-{word.replace('_', '-')}"): Endpoint(_guard(word, change), "futures_order")
        for verb, change in VERBS.items()
        for word in WORDS
    },
}
