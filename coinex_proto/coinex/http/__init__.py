"""CoinEx HTTP v2 without I/O: commands as values, the bytes to send, the answers as typed values.

`build(command, credentials, timestamp_ms)` gives the request, `parse(command, status, body)` the result. The commands
that a trading program lives on are classes, named after their page in the document and grouped like it: `spot.PutOrder`,
`futures.ListMarketTicker`, `assets.GetSpotBalance`, `system.Time`. `call(method, path, **parameters)` gives any
other.
"""

from coinex_proto._connection.venue_clock import Clock
from coinex_proto._http.errors import HttpOutcomeUnknown, HttpTimedOut, HttpUnreachable, UnreadableAnswer
from coinex_proto._http.steps import HttpRequest, NoReply, Pause, Reply, Send, Steps, Woken
from coinex_proto.coinex.http import account, assets, futures, spot, system
from coinex_proto.coinex.http._envelope import Batch, BatchItem, Page
from coinex_proto.coinex.http._parameters import Json, MarketType, OrderType, Side, StpMode
from coinex_proto.coinex.http._routes import LIMITS, ROUTES, Route
from coinex_proto.coinex.http.answer import lost_after_sending, never_sent, parse
from coinex_proto.coinex.http.caller import HttpCaller, HttpOptions
from coinex_proto.coinex.http.command import Call, HttpCommand, call
from coinex_proto.coinex.http.errors import CODES, CodeMeaning, HttpRefused, RateLimited, is_from_gateway
from coinex_proto.coinex.http.paging import next_page
from coinex_proto.coinex.http.rate_limits import RateLimits
from coinex_proto.coinex.http.request import BASE_PATH, build, prepared
from coinex_proto.coinex.http.trading.backfill import BACKFILLED, Backfill
from coinex_proto.coinex.http.trading.holdings import BalanceHoldings, PositionHoldings
from coinex_proto.coinex.http.trading.order_entry import Number, OrderEntry
from coinex_proto.coinex.http.trading.order_facts import facts_of
from coinex_proto.coinex.http.trading.order_search import MARKET_TYPES, ResolvedOrder, resolve
from coinex_proto.coinex.http.trading.session_step import HttpCommands, Module, Step

__all__ = [
    "BACKFILLED",
    "BASE_PATH",
    "CODES",
    "LIMITS",
    "MARKET_TYPES",
    "ROUTES",
    "Backfill",
    "BalanceHoldings",
    "Batch",
    "BatchItem",
    "Call",
    "Clock",
    "CodeMeaning",
    "HttpCaller",
    "HttpCommand",
    "HttpCommands",
    "HttpOptions",
    "HttpOutcomeUnknown",
    "HttpRefused",
    "HttpRequest",
    "HttpTimedOut",
    "HttpUnreachable",
    "Json",
    "MarketType",
    "Module",
    "NoReply",
    "Number",
    "OrderEntry",
    "OrderType",
    "Page",
    "Pause",
    "PositionHoldings",
    "RateLimited",
    "RateLimits",
    "Reply",
    "ResolvedOrder",
    "Route",
    "Send",
    "Side",
    "Step",
    "Steps",
    "StpMode",
    "UnreadableAnswer",
    "Woken",
    "account",
    "assets",
    "build",
    "call",
    "facts_of",
    "futures",
    "is_from_gateway",
    "lost_after_sending",
    "never_sent",
    "next_page",
    "parse",
    "prepared",
    "resolve",
    "spot",
    "system",
]
