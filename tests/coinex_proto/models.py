"""Every class that is read from a wire, what it cannot do without, and plain JSON that fits it. Shared by tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

import attrs

from coinex_proto import coinex, coinflex, qfex
from coinex_proto.coinex.account_updates import NoticeInfo
from coinex_proto.coinex.http import futures, spot
from coinex_proto.coinex.http._by_market_type import market_rows
from coinex_proto.coinex.http.account import TradeFees
from coinex_proto.coinex.http.assets import FuturesBalance, MarginBalance, PairAmounts, SpotBalance, TransferRecord
from coinex_proto.coinex.http.futures import _market_rows as futures_rows
from coinex_proto.coinex.http.futures import _position_rows as position_rows
from coinex_proto.coinex.http.system import Maintenance, Pong, ServerTime
from coinex_proto.coinflex.market_updates import Absent
from coinex_proto.qfex._mds import updates as mds
from coinex_proto.qfex._trade import updates as trade

ORDER = "order_id market side amount unfilled_amount filled_amount"
STOP = "stop_id market side amount trigger_price"
TRADE = "deal_id market side order_id price amount"

COINEX: Final[Mapping[Any, str]] = {
    coinex.TickerUpdate: "market",
    coinex.DepthLevels: "asks bids checksum",
    coinex.DepthUpdate: "market is_full depth",
    coinex.Deal: "deal_id side price amount",
    coinex.TradesUpdate: "market deal_list",
    coinex.IndexUpdate: "market index_price",
    coinex.BestQuoteUpdate: "market best_bid_price best_bid_size best_ask_price best_ask_size",
    coinex.PremiumUpdate: "market premium_index",
    coinex.Order: ORDER,
    coinex.OrderUpdate: "event order",
    coinex.StopOrder: STOP,
    coinex.StopOrderUpdate: "event stop",
    coinex.UserTradeUpdate: TRADE,
    coinex.Position: "position_id market side open_interest",
    coinex.PositionUpdate: "position",
    coinex.BalanceUpdate: "ccy available frozen margin_market",
    NoticeInfo: "start_time",
    coinex.NoticeUpdate: "info",
}

QFEX: Final[Mapping[Any, str]] = {
    qfex.Level2Update: "symbol bid ask sig_figs",
    qfex.BboUpdate: "symbol bid ask",
    qfex.TradeUpdate: "symbol trade_id size price side",
    qfex.CandleUpdate: "symbol start resolution open high low close",
    qfex.UnderlierUpdate: "symbol price",
    qfex.MarkPriceUpdate: "symbol price",
    qfex.FundingUpdate: "symbol funding_rate",
    qfex.OpenInterestUpdate: "symbol open_interest",
    qfex.MinMaxPriceUpdate: "symbol min_price max_price",
    mds.StatsBbo: "symbol bid ask",
    mds.StatsMarkPrice: "symbol price",
    mds.StatsOpenInterest: "symbol open_interest",
    mds.StatsDailyVolume: "symbol volume",
    qfex.MarketStatsUpdate: "symbol",
    mds.RefdataUpdate: "symbol data",
    trade.OrderUpdate: "status order_id symbol side type time_in_force client_order_id quantity quantity_remaining trade_id",
    trade.FillUpdate: "trade_id symbol order_id price quantity side",
    trade.PositionUpdate: "symbol position",
    trade.BalanceUpdate: "deposit available_balance",
    trade.StopOrderUpdate: "stop_order_id symbol quantity direction",
    trade.TwapUpdate: "twap_id client_twap_id status symbol side total_quantity filled_quantity",
    trade.OpenOrdersUpdate: "orders",
    trade.UserTrade: "trade_id symbol order_id price quantity side",
    trade.LeverageLevel: "symbol leverage",
}

PAIR = "base counter"
COINFLEX: Final[Mapping[Any, str]] = {
    coinflex.OrderOpened: f"{PAIR} id tonce quantity price",
    coinflex.OrderModified: f"{PAIR} id tonce quantity price",
    coinflex.OrdersMatched: f"{PAIR} bid bid_tonce ask ask_tonce quantity price bid_rem ask_rem",
    coinflex.OrderClosed: f"{PAIR} id tonce quantity price",
    coinflex.BookOrder: "id quantity price",
    coinflex.TickerUpdate: f"{PAIR} last bid ask",
    coinflex.TickerChanged: f"{PAIR} last bid ask",
    coinflex.OpenOrder: f"{PAIR} id tonce quantity price",
    coinflex.OrderAmended: f"{PAIR} id tonce quantity price",
    coinflex.OrderCancelled: f"{PAIR} id tonce quantity price",
    coinflex.Balance: "asset balance",
    coinflex.BalanceChanged: "asset balance",
    coinflex.TradeVolumeUpdate: "asset volume",
    coinflex.Asset: "id name scale",
    coinflex.Market: f"{PAIR} name",
}

HTTP: Final[Mapping[Any, str]] = {
    spot.SpotOrder: f"{ORDER} status",
    futures.FuturesOrder: f"{ORDER} status",
    spot.SpotStopOrder: STOP,
    futures.FuturesStopOrder: STOP,
    spot.SpotTrade: TRADE,
    futures.FuturesTrade: TRADE,
    market_rows.DepthLevels: "asks bids",
    market_rows.MarketDepth: "market depth",
    market_rows.Deal: "deal_id side price amount",
    market_rows.Kline: "created_at open close high low",
    market_rows.IndexSource: "exchange",
    market_rows.MarketIndex: "market price",
    spot.SpotMarket: "market",
    futures.FuturesMarket: "market",
    spot.SpotTicker: "market",
    futures.FuturesTicker: "market",
    futures_rows.FundingRate: "market",
    futures_rows.PastFundingRate: "market funding_time actual_funding_rate",
    futures_rows.PremiumIndex: "market created_at premium_index",
    futures_rows.PositionLevel: "amount leverage",
    futures_rows.PositionLevels: "market level",
    futures_rows.Liquidation: "market side liq_amount",
    futures_rows.Basis: "market basis_rate",
    position_rows.PositionExit: "id",
    futures.Position: "position_id market side open_interest",
    position_rows.LeverageSetting: "margin_mode leverage",
    position_rows.MarginChange: "market position_id margin_change",
    position_rows.Funding: "market position_id ccy funding_value",
    position_rows.AutoDeleverage: "market position_id side amount price",
    TradeFees: "market maker_rate taker_rate",
    SpotBalance: "ccy available frozen",
    FuturesBalance: "ccy available frozen",
    PairAmounts: "base_ccy quote_ccy",
    MarginBalance: "margin_account available frozen",
    TransferRecord: "ccy amount status",
    Pong: "",
    ServerTime: "timestamp",
    Maintenance: "started_at",
}

MODELS: Final[Mapping[Any, str]] = {**COINEX, **QFEX, **COINFLEX, **HTTP}

_SAMPLES: Final[Mapping[Any, object]] = {Decimal: "1.5", int: 100, str: "BTCUSDT", bool: True}


def members(model: Any) -> Iterator[Any]:
    """The attributes that a peer may fill."""
    return (one for one in attrs.fields(model) if one.init and "own" not in one.metadata)


hints_of = cache(get_type_hints)
"""Each model's annotations are evaluated once: that was half the time of the tests with them."""


def sample(hint: Any) -> Any:
    """Plain JSON of this type, with every member."""
    if attrs.has(hint):
        hints = hints_of(hint)
        return {one.name: sample(hints[one.name]) for one in members(hint)}
    kinds = choices(hint)
    if kinds[0] is not hint:
        return sample(kinds[0])
    if get_origin(hint) is tuple:
        return [sample(part) for part in get_args(hint) if part is not Ellipsis]
    return _SAMPLES.get(hint, {})


def choices(hint: Any) -> list[Any]:
    """What it can be but None and absent."""
    kinds = get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)
    return [kind for kind in kinds if kind not in (NoneType, Absent)]
