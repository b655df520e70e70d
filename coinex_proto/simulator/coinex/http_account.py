"""Balances, fee rates and positions over HTTP.

Source: CoinEx HTTP API v2, balance and position pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from attrs import evolve

from coinex_proto.simulator.coinex.error_codes import ApiError, Problem, bad_argument, bad_parameter, no_market
from coinex_proto.simulator.coinex.http_guards import CHANGES, WORDS, Change, guard_lists
from coinex_proto.simulator.coinex.http_market import LEVERAGES
from coinex_proto.simulator.coinex.http_request import ApiRequest, Endpoint, Page, Table
from coinex_proto.simulator.coinex.http_trade import MARKET_TYPES, order_fields, order_terms
from coinex_proto.simulator.coinex.wire import rate
from coinex_proto.simulator.market.accounts import NotEnough
from coinex_proto.simulator.market.amounts import UNIT_PLACES, BadNumber, to_scaled
from coinex_proto.simulator.market.futures import Position
from coinex_proto.simulator.market.market import Market


def _spot_balances(request: ApiRequest) -> object:
    return [
        _balance(request, "spot", currency, ("ccy", "available", "frozen")) for currency in _currencies(request, "spot")
    ]


def _futures_balances(request: ApiRequest) -> object:
    names = ("ccy", "available", "frozen", "margin", "unrealized_pnl", "transferrable")
    return [_balance(request, "futures", currency, names) for currency in _currencies(request, "futures")]


def _currencies(request: ApiRequest, wallet: str) -> list[str]:
    return [currency for currency, _ in request.exchange.ledger.wallet(request.owner, wallet)]


def _balance(request: ApiRequest, wallet: str, currency: str, names: tuple[str, ...]) -> dict[str, Any]:
    entry = request.server.private.balance(request.owner, wallet, currency)
    return {name: entry[name] for name in names}


def _fee_rate(request: ApiRequest) -> object:
    module = request.word("market_type", ("SPOT", "FUTURES")).lower()
    market = request.server.feeds[module].markets.get(request.text("market"))
    if market is None:
        raise no_market(request.text("market"))
    return {
        "market": market.spec.name,
        "maker_rate": rate(market.spec.maker_rate),
        "taker_rate": rate(market.spec.taker_rate),
    }


def position_fields(request: ApiRequest, position: Position) -> dict[str, Any]:
    """A position as HTTP writes it: settle_value for settle_val, and no first and latest fill price."""
    fields = request.server.prices.position(position)
    fields["settle_value"] = fields.pop("settle_val")
    for name in ("first_filled_price", "latest_filled_price"):
        del fields[name]
    for word in WORDS:
        if not position.guards[word]:
            fields[f"{word}_price"], fields[f"{word}_type"] = "0", ""
    market = request.exchange.markets[position.market]
    return {"market_type": "FUTURES", **fields, **guard_lists(market, position)}


def _named(request: ApiRequest, positions: Iterable[Position]) -> list[Position]:
    name, markets = request.text("market", ""), request.exchange.markets
    return [position for position in positions if name in ("", markets[position.market].spec.name)]


def _pending_positions(request: ApiRequest) -> Page:
    found = _named(request, request.exchange.futures.open_positions(request.owner))
    return request.page([position_fields(request, position) for position in found])


def _finished_positions(request: ApiRequest) -> Page:
    own = (position for position in reversed(request.exchange.futures.finished) if position.owner == request.owner)
    found = _named(request, own)
    return request.page(
        [{**position_fields(request, position), "finished_type": position.finish} for position in found]
    )


def _close_position(request: ApiRequest) -> object:
    market, position = _own_position(request)
    lots = abs(position.lots)
    amount = request.params.get("amount") or market.amount_text(lots)
    side = "sell" if position.lots > 0 else "buy"
    terms = order_terms(evolve(request, params={**request.params, "side": side, "amount": amount}), market)
    order = request.exchange.place(
        request.owner, market.spec.key, reduces=True, **{**terms, "amount": min(terms["amount"], lots)}
    )
    return order_fields(market, order)


def _adjust_leverage(request: ApiRequest) -> object:
    request.word("market_type", MARKET_TYPES["futures"])
    mode, leverage = request.one_of("margin_mode", ("cross", "isolated")), request.number("leverage")
    if leverage not in LEVERAGES:
        raise bad_parameter("leverage")
    market = request.market()
    try:
        request.exchange.set_leverage(market, request.owner, mode, leverage)
    except NotEnough as error:
        raise ApiError(Problem.BALANCE) from error
    return {"margin_mode": mode, "leverage": leverage}


def _adjust_margin(request: ApiRequest) -> object:
    market, position = _own_position(request)
    try:
        amount = to_scaled(request.text("amount"), UNIT_PLACES)
        if not amount:
            raise bad_argument()
        request.exchange.add_margin(market, position, amount)
    except BadNumber as error:
        raise bad_argument() from error
    except NotEnough as error:
        raise ApiError(Problem.BALANCE) from error
    return position_fields(request, position)


def _guard(word: str, change: Change) -> Callable[[ApiRequest], object]:
    """The handler that changes the take-profit or stop-loss prices of a position."""

    def handle(request: ApiRequest) -> object:
        market, position = _own_position(request)
        position.guards[word] = change(request, market, position, word)
        request.exchange.position_touched(market, position)
        return position_fields(request, position)

    return handle


def _own_position(request: ApiRequest) -> tuple[Market, Position]:
    request.word("market_type", MARKET_TYPES["futures"])
    market = request.market()
    for position in request.exchange.futures.open_positions(request.owner):
        if position.market == market.spec.key:
            return market, position
    raise bad_parameter("no position in this market")


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
        ("POST", f"/futures/{action}-position-{word.replace('_', '-')}"): Endpoint(
            _guard(word, change), "futures_order"
        )
        for action, change in CHANGES.items()
        for word in WORDS
    },
}
