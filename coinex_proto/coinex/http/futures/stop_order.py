"""Stop orders on CoinEx futures: place, change, cancel, look up.

Source: CoinEx API v2, futures/order.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from coinex_proto.coinex.http._by_market_type import order, stop_order
from coinex_proto.coinex.http._by_market_type.order_rows import StopId
from coinex_proto.coinex.http._envelope import Batch
from coinex_proto.coinex.http._parameters import FuturesMarketType, Name, PriceType
from coinex_proto.coinex.http._routes import Route, get, post
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.coinex.http.futures._order_rows import FuturesStopOrder


@frozen(kw_only=True)
class PutStopOrder(stop_order.PutStopOrder[FuturesMarketType]):
    """Place a stop order. Source: CoinEx API v2, futures/order/http/put-stop-order."""

    route: ClassVar[Route] = post("/futures/stop-order")
    trigger_price_type: PriceType
    """The price that is watched."""


class PutMultiStopOrder(order.BatchCommand[StopId, PutStopOrder]):
    """Place several stop orders. Source: CoinEx API v2, futures/order/http/put-multi-stop-order."""

    route: ClassVar[Route] = post("/futures/batch-stop-order")


class EditStopOrder(stop_order.EditStopOrder[FuturesMarketType]):
    """Change amount, price or trigger price. Source: CoinEx API v2, futures/order/http/edit-stop-order."""

    route: ClassVar[Route] = post("/futures/modify-stop-order")


class CancelStopOrder(stop_order.CancelStopOrder[FuturesStopOrder, FuturesMarketType]):
    """Cancel one stop order. Source: CoinEx API v2, futures/order/http/cancel-stop-order."""

    route: ClassVar[Route] = post("/futures/cancel-stop-order")


@frozen(kw_only=True)
class CancelBatchStopOrder(HttpCommand[Batch[FuturesStopOrder]]):
    """Cancel several stop orders of one market, for one unit each. Source: CoinEx API v2, futures/order/http/cancel-batch-stop-order."""

    route: ClassVar[Route] = post("/futures/cancel-batch-stop-order")
    market: Name
    market_type: FuturesMarketType = "FUTURES"
    stop_ids: tuple[int, ...]


class CancelStopOrderByClientId(order.CancelByClientId[FuturesStopOrder, FuturesMarketType]):
    """Cancel every open stop order with this client id. Source: CoinEx API v2, futures/order/http/cancel-stop-order-by-client-id."""

    route: ClassVar[Route] = post("/futures/cancel-stop-order-by-client-id")


class ListPendingStopOrder(order.ListPending[FuturesStopOrder, FuturesMarketType]):
    """Open stop orders. Source: CoinEx API v2, futures/order/http/list-pending-stop-order."""

    route: ClassVar[Route] = get("/futures/pending-stop-order")


class ListFinishedStopOrder(order.ListFinished[FuturesStopOrder, FuturesMarketType]):
    """Finished stop orders. Source: CoinEx API v2, futures/order/http/list-finished-stop-order."""

    route: ClassVar[Route] = get("/futures/finished-stop-order")
