"""Public requests of the local CoinEx: time, markets, tickers, depth, deals, candles, indexes, funding.

Source: CoinEx HTTP API v2, market pages of spot and futures.
"""

from __future__ import annotations

from typing import Any, Final

from coinex_proto.simulator.coinex.depth import DEPTH_LIMITS, checksum, depth_data, depth_step
from coinex_proto.simulator.coinex.error_codes import bad_parameter
from coinex_proto.simulator.coinex.http_numbers import short
from coinex_proto.simulator.coinex.http_request import ApiRequest, Endpoint, Table
from coinex_proto.simulator.coinex.wire import public_deal, rate, units
from coinex_proto.simulator.hosting.waking import WOKEN_FIRST
from coinex_proto.simulator.market.amounts import BadNumber, to_text
from coinex_proto.simulator.market.futures import MAINTENANCE_RATE
from coinex_proto.simulator.market.klines import PERIODS, klines
from coinex_proto.simulator.market.market import Market
from coinex_proto.simulator.market.marks import HIGHEST_RATE, funding_times

KLINE_PRICES: Final[dict[str, tuple[str, ...]]] = {
    "spot": ("latest_price", "index_price"),
    "futures": ("latest_price", "index_price", "mark_price"),
}
"""A mark price stays so close to the market that its candles have the market's prices; only what is traded has a volume."""
LEVERAGES: Final = (1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 100)


def _ping(_: ApiRequest) -> object:
    return {"result": "pong"}


def _time(request: ApiRequest) -> object:
    return {"timestamp": request.server.clock_ms}


def _maintenance(request: ApiRequest) -> object:
    return [
        {
            "started_at": notice["start_time"],
            "ended_at": notice["end_time"],
            "scope": notice["scope"],
            "announce_url": "",
            "announce_enabled": False,
            "protect_duration_start": notice["protect_duration_start"],
            "protect_duration_end": notice["protect_duration_end"],
        }
        for notice in request.server.notices
    ]


def _markets(request: ApiRequest) -> object:
    return [_market(request, market) for market in request.markets()]


def _market(request: ApiRequest, market: Market) -> dict[str, Any]:
    spec = market.spec
    common = {
        "market": spec.name,
        "maker_fee_rate": rate(spec.maker_rate),
        "taker_fee_rate": rate(spec.taker_rate),
        "min_amount": market.amount_text(spec.min_amount),
        "base_ccy": spec.base,
        "quote_ccy": spec.quote,
        "base_ccy_precision": spec.amount_places,
        "quote_ccy_precision": spec.price_places,
        "status": "online",
        "delisted_at": 0,
        "is_api_trading_available": True,
    }
    if spec.wallet == "spot":
        return {
            **common,
            "is_amm_available": False,
            "is_margin_available": False,
            "is_pre_market_trading_available": False,
        }
    return {
        **common,
        "contract_type": "inverse" if spec.is_inverse else "linear",
        "tick_size": market.price_text(1),
        "leverage": [str(leverage) for leverage in LEVERAGES],
        "open_interest_volume": request.server.prices.open_interest(market),
        "is_market_available": True,
        "is_copy_trading_available": False,
    }


def _tickers(request: ApiRequest) -> object:
    markets = request.markets()
    for number, market in enumerate(markets):
        if number < WOKEN_FIRST:  # as the answer has figures of a day, its markets must have traded
            request.server.crowds.wake(market.spec.key, request.server.now)
        else:
            request.server.wake_soon(market.spec.key)
    return [_ticker(request, market) for market in markets]


def _ticker(request: ApiRequest, market: Market) -> dict[str, Any]:
    state = request.server.prices.state(market, request.exchange.now_ms)
    if market.spec.wallet == "futures":
        kept = {key: value for key, value in state.items() if "funding" not in key and "fund_size" not in key}
        return {"open_interest_volume": kept.pop("open_interest_size"), **kept}
    return state


def _depth(request: ApiRequest) -> object:
    market = request.market()
    limit = request.number("limit")
    if limit not in DEPTH_LIMITS:
        raise bad_parameter("limit")
    try:
        step = depth_step(market, request.text("interval"))
    except BadNumber as error:
        raise bad_parameter("interval") from error
    bids, asks = (
        [(short(price), size) for price, size in market.levels(side, limit, step)] for side in ("buy", "sell")
    )
    return depth_data(market, bids, asks, checksum(bids, asks), request.exchange.now_ms, is_full=True)


def _deals(request: ApiRequest) -> object:
    market = request.market()
    limit, last_id = min(1000, request.count("limit", 100)), request.number("last_id", 0)
    deals = [deal for deal in market.deals if deal.deal_id > last_id]
    return [public_deal(market, deal) for deal in (deals[-limit:] if last_id else deals[:limit])]


def _klines(request: ApiRequest) -> object:
    market = request.market()
    period = request.one_of("period", tuple(PERIODS))
    price_type = request.one_of("price_type", KLINE_PRICES[request.module], "latest_price")
    shown = request.server.prices.marks.followed(market) if price_type == "index_price" else market
    found = klines(
        shown,
        period,
        request.exchange.now_ms,
        request.server.seed,
        start_ms=request.number("start_time", 0),
        end_ms=request.number("end_time", 1 << 62),
        limit=request.count("limit", 100),
    )
    is_traded = price_type == "latest_price"
    return [
        {
            "market": market.spec.name,
            "created_at": candle.start_ms,
            "open": market.price_text(candle.open),
            "close": market.price_text(candle.close),
            "high": market.price_text(candle.high),
            "low": market.price_text(candle.low),
            "volume": market.amount_text(candle.lots) if is_traded else "0",
            "value": units(candle.value) if is_traded else "0",
        }
        for candle in found
    ]


def _indexes(request: ApiRequest) -> object:
    now_ms = request.exchange.now_ms
    return [
        {
            "market": market.spec.name,
            "created_at": now_ms,
            "price": market.price_text(request.server.prices.marks.index(market)),
            "sources": [{"exchange": "CoinEx", "created_at": now_ms, "index_weight": "1", "index_price": price}],
        }
        for market in request.markets()
        for price in (market.price_text(request.server.prices.marks.index(market)),)
    ]


def _funding_rates(request: ApiRequest) -> object:
    last, following = funding_times(request.exchange.now_ms)
    return [
        {
            "market": market.spec.name,
            "mark_price": market.price_text(request.server.prices.marks.mark(market)),
            "latest_funding_rate": rate(request.server.prices.marks.funding(market)),
            "next_funding_rate": rate(request.server.prices.marks.funding(market)),
            "max_funding_rate": rate(HIGHEST_RATE),
            "min_funding_rate": rate(-HIGHEST_RATE),
            "latest_funding_time": last,
            "next_funding_time": following,
        }
        for market in request.markets()
    ]


def _position_levels(request: ApiRequest) -> object:
    level = {
        "leverage": str(LEVERAGES[-1]),
        "maintenance_margin_rate": rate(MAINTENANCE_RATE),
        "min_initial_margin_rate": to_text(1, 2),
    }
    return [
        {"market": market.spec.name, "level": [{"amount": market.amount_text(10**18), **level}]}
        for market in request.markets()
    ]


TABLE: Final[Table] = {
    ("GET", "/ping"): Endpoint(_ping),
    ("GET", "/time"): Endpoint(_time),
    ("GET", "/maintain/info"): Endpoint(_maintenance),
    ("GET", "/futures/funding-rate"): Endpoint(_funding_rates),
    ("GET", "/futures/position-level"): Endpoint(_position_levels),
    **{
        ("GET", f"/{module}/{name}"): Endpoint(handler)
        for module in ("spot", "futures")
        for name, handler in (
            ("market", _markets),
            ("ticker", _tickers),
            ("depth", _depth),
            ("deals", _deals),
            ("kline", _klines),
            ("index", _indexes),
        )
    },
}
