"""What has happened to positions, and to the prices that they are judged by, over HTTP.

There is no auto-deleveraging and there are no settlements here, so that their lists are empty. Of basis and premium nothing is kept: their lists hold the present value alone.
Source: CoinEx HTTP API v2, position and futures market pages.
"""

from __future__ import annotations

from typing import Any, Final

from coinex_proto.simulator.coinex.http_account import position_fields
from coinex_proto.simulator.coinex.http_request import ApiRequest, Endpoint, Page, Table
from coinex_proto.simulator.coinex.http_trade import MARKET_TYPES
from coinex_proto.simulator.coinex.wire import rate, units
from coinex_proto.simulator.market.futures import FundingPaid, MarginChange

_OF_POSITION: Final = ("market", "market_type", "position_id", "margin_mode", "settle_price", "open_interest")


def _no_rows(request: ApiRequest) -> Page:
    return request.page([])


def _basis_history(request: ApiRequest) -> object:
    market = request.market()
    basis = rate(request.server.prices.marks.premium(market))
    return [{"market": market.spec.name, "created_at": request.exchange.now_ms, "basis_rate": basis}]


def _premium_history(request: ApiRequest) -> Page:
    market = request.market()
    premium = rate(request.server.prices.marks.premium(market))
    return request.page([{"market": market.spec.name, "created_at": request.exchange.now_ms, "premium_index": premium}])


def _liquidations(request: ApiRequest) -> Page:
    market = request.market()
    rows = []
    for position in reversed(request.exchange.futures.finished):
        if position.market == market.spec.key and position.finish == "liq" and _is_within(request, position.updated_ms):
            fields = position_fields(request, position)
            rows.append(
                {
                    "market": market.spec.name,
                    "side": fields["side"],
                    "liq_price": market.price_text(position.last_price),
                    "liq_amount": market.amount_text(position.most_lots),
                    "bkr_price": fields["bkr_price"],
                    "created_at": position.updated_ms,
                }
            )
    return request.page(rows)


def _margin_history(request: ApiRequest) -> Page:
    return request.page(
        [_margin_change(request, change) for change in _own(request, request.exchange.futures.margin_changes)]
    )


def _margin_change(request: ApiRequest, change: MarginChange) -> dict[str, Any]:
    fields = position_fields(request, change.position)
    kept = {name: fields[name] for name in (*_OF_POSITION, "leverage", "liq_price", "bkr_price")}
    amounts = {"margin_avbl": units(change.margin), "margin_change": units(change.units)}
    return {**kept, **amounts, "created_at": change.at_ms}


def _funding_history(request: ApiRequest) -> Page:
    return request.page([_funding(request, paid) for paid in _own(request, request.exchange.futures.funding_paid)])


def _funding(request: ApiRequest, paid: FundingPaid) -> dict[str, Any]:
    market = request.exchange.markets[paid.position.market]
    fields = position_fields(request, paid.position)
    return {
        **{name: fields[name] for name in _OF_POSITION},
        "ccy": market.spec.settle,
        "side": "long" if paid.lots > 0 else "short",
        "open_interest": market.amount_text(abs(paid.lots)),
        "settle_price": market.price_text(paid.mark),
        "funding_rate": rate(paid.rate),
        "funding_value": units(-paid.units),
        "created_at": paid.at_ms,
    }


def _own(request: ApiRequest, happened: list[Any]) -> list[Any]:
    """What happened to the caller's positions in this market, newest first."""
    request.word("market_type", MARKET_TYPES["futures"])
    market, position_id = request.market(), request.number("position_id", 0)
    return [
        one
        for one in reversed(happened)
        if one.position.owner == request.owner
        and one.position.market == market.spec.key
        and position_id in (0, one.position.position_id)
        and _is_within(request, one.at_ms)
    ]


def _is_within(request: ApiRequest, at_ms: int) -> bool:
    return request.number("start_time", 0) <= at_ms <= request.number("end_time", 1 << 62)


TABLE: Final[Table] = {
    ("GET", "/futures/basis-history"): Endpoint(_basis_history),
    ("GET", "/futures/premium-index-history"): Endpoint(_premium_history),
    ("GET", "/futures/liquidation-history"): Endpoint(_liquidations),
    ("GET", "/futures/position-margin-history"): Endpoint(_margin_history, "futures_account_query"),
    ("GET", "/futures/position-funding-history"): Endpoint(_funding_history, "futures_account_query"),
    ("GET", "/futures/position-adl-history"): Endpoint(_no_rows, "futures_account_query"),
    ("GET", "/futures/position-settle-history"): Endpoint(_no_rows, "futures_account_query"),
}
