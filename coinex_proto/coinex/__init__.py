"""CoinEx v2: spot and futures sockets. Source of all facts: CoinEx API v2.

Start with `spot()` or `futures()`, wish for topics, read updates. Nothing in here does I/O.
"""

from __future__ import annotations

from coinex_proto.coinex.account_updates import (
    BalanceUpdate,
    NoticeInfo,
    NoticeUpdate,
    Order,
    OrderUpdate,
    Position,
    PositionUpdate,
    StopOrder,
    StopOrderUpdate,
    UserTradeUpdate,
)
from coinex_proto.coinex.commands import Ping, Raw, ServerTime
from coinex_proto.coinex.credentials import Credentials, sign_http, sign_websocket
from coinex_proto.coinex.dialect import FUTURES_URL, SPOT_URL, CoinexDialect, futures, spot
from coinex_proto.coinex.market_updates import (
    BestQuoteUpdate,
    Deal,
    DepthLevels,
    DepthUpdate,
    IndexUpdate,
    PremiumUpdate,
    TickerUpdate,
    TradesUpdate,
)
from coinex_proto.coinex.topics import (
    DEPTH_INTERVALS,
    DEPTH_LIMITS,
    Balances,
    BestQuote,
    Depth,
    Index,
    Notices,
    Orders,
    Positions,
    Premium,
    StopOrders,
    Ticker,
    Trades,
    UserTrades,
)

__all__ = [
    "DEPTH_INTERVALS",
    "DEPTH_LIMITS",
    "FUTURES_URL",
    "SPOT_URL",
    "BalanceUpdate",
    "Balances",
    "BestQuote",
    "BestQuoteUpdate",
    "CoinexDialect",
    "Credentials",
    "Deal",
    "Depth",
    "DepthLevels",
    "DepthUpdate",
    "Index",
    "IndexUpdate",
    "NoticeInfo",
    "NoticeUpdate",
    "Notices",
    "Order",
    "OrderUpdate",
    "Orders",
    "Ping",
    "Position",
    "PositionUpdate",
    "Positions",
    "Premium",
    "PremiumUpdate",
    "Raw",
    "ServerTime",
    "StopOrder",
    "StopOrderUpdate",
    "StopOrders",
    "Ticker",
    "TickerUpdate",
    "Trades",
    "TradesUpdate",
    "UserTradeUpdate",
    "UserTrades",
    "futures",
    "sign_http",
    "sign_websocket",
    "spot",
]
