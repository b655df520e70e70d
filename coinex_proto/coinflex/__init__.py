"""CoinFLEX v1: one socket with books order by order, and trading on it. Source: CoinFLEX API v1.

Start with `live()` or `staging()`; subscribe to topics, send commands. Amounts and prices are scaled integers as on the wire;
`Assets` turns them into decimals. Nothing in here does I/O.
"""

from __future__ import annotations

from coinex_proto.coinflex._command import Raw
from coinex_proto.coinflex.account_updates import (
    Balance,
    BalanceChanged,
    BalancesUpdate,
    BalanceUpdate,
    OpenOrder,
    OpenOrdersUpdate,
    OrderAmended,
    OrderCancelled,
    OrderPlaced,
    OrdersCancelled,
    OwnOrdersUpdate,
    OwnOrderUpdate,
    TradeVolumeUpdate,
)
from coinex_proto.coinflex.assets import (
    ASSETS_2020,
    PRICE_SCALE,
    Asset,
    Assets,
    Market,
    ask_on_tick,
    bid_on_tick,
    price_of,
    price_units,
)
from coinex_proto.coinflex.commands import CancelAllOrders, CancelOrder, ModifyOrder, PlaceOrder
from coinex_proto.coinflex.credentials import Credentials, KeySigner, MissingExtra, Signer, private_key_of
from coinex_proto.coinflex.dialect import LIVE_URL, STAGING_URL, CoinflexDialect, live, staging
from coinex_proto.coinflex.market_updates import (
    ABSENT,
    Absent,
    BookOrder,
    OrderClosed,
    OrderModified,
    OrderNotice,
    OrderOpened,
    OrdersMatched,
    OrdersUpdate,
    TickerChanged,
    TickerUpdate,
)
from coinex_proto.coinflex.queries import Estimate, EstimateMarketOrder, GetBalances, GetOrders, GetTradeVolume
from coinex_proto.coinflex.topics import Balances, OrderBook, OwnOrders, Ticker, TradeVolume

__all__ = [
    "ABSENT",
    "ASSETS_2020",
    "LIVE_URL",
    "PRICE_SCALE",
    "STAGING_URL",
    "Absent",
    "Asset",
    "Assets",
    "Balance",
    "BalanceChanged",
    "BalanceUpdate",
    "Balances",
    "BalancesUpdate",
    "BookOrder",
    "CancelAllOrders",
    "CancelOrder",
    "CoinflexDialect",
    "Credentials",
    "Estimate",
    "EstimateMarketOrder",
    "GetBalances",
    "GetOrders",
    "GetTradeVolume",
    "KeySigner",
    "Market",
    "MissingExtra",
    "ModifyOrder",
    "OpenOrder",
    "OpenOrdersUpdate",
    "OrderAmended",
    "OrderBook",
    "OrderCancelled",
    "OrderClosed",
    "OrderModified",
    "OrderNotice",
    "OrderOpened",
    "OrderPlaced",
    "OrdersCancelled",
    "OrdersMatched",
    "OrdersUpdate",
    "OwnOrderUpdate",
    "OwnOrders",
    "OwnOrdersUpdate",
    "PlaceOrder",
    "Raw",
    "Signer",
    "Ticker",
    "TickerChanged",
    "TickerUpdate",
    "TradeVolume",
    "TradeVolumeUpdate",
    "ask_on_tick",
    "bid_on_tick",
    "live",
    "price_of",
    "price_units",
    "private_key_of",
    "staging",
]
