"""Orders on CoinEx futures: place, change, cancel, look up.

Source: CoinEx API v2, futures/order.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from coinex_proto.coinex.http._by_market_type import order
from coinex_proto.coinex.http._envelope import Batch
from coinex_proto.coinex.http._parameters import FuturesMarketType, Name
from coinex_proto.coinex.http._routes import Route, get, post
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.coinex.http.futures._order_rows import FuturesOrder


class PutOrder(order.PutOrder[FuturesOrder, FuturesMarketType]):
    """Place an order. Never retried. Source: CoinEx API v2, futures/order/http/put-order."""

    route: ClassVar[Route] = post("/futures/order")


class PutMultiOrder(order.PutMultiOrder[FuturesOrder, PutOrder]):
    """Place several orders. Source: CoinEx API v2, futures/order/http/put-multi-order."""

    route: ClassVar[Route] = post("/futures/batch-order")


class EditOrder(order.EditOrder[FuturesOrder, FuturesMarketType]):
    """Change amount or price. Source: CoinEx API v2, futures/order/http/edit-order."""

    route: ClassVar[Route] = post("/futures/modify-order")


class EditMultiOrder(order.BatchCommand[FuturesOrder, EditOrder]):
    """Change several orders. Source: CoinEx API v2, futures/order/http/edit-multi-order."""

    route: ClassVar[Route] = post("/futures/batch-modify-order")


class CancelOrder(order.CancelOrder[FuturesOrder, FuturesMarketType]):
    """Cancel one order. Source: CoinEx API v2, futures/order/http/cancel-order."""

    route: ClassVar[Route] = post("/futures/cancel-order")


@frozen(kw_only=True)
class CancelBatchOrder(HttpCommand[Batch[FuturesOrder]]):
    """Cancel several orders of one market, for one unit each. Source: CoinEx API v2, futures/order/http/cancel-batch-order."""

    route: ClassVar[Route] = post("/futures/cancel-batch-order")
    market: Name
    market_type: FuturesMarketType = "FUTURES"
    order_ids: tuple[int, ...]


class CancelOrderByClientId(order.CancelByClientId[FuturesOrder, FuturesMarketType]):
    """Cancel every open order that carries this client id. Source: CoinEx API v2, futures/order/http/cancel-order-by-client-id."""

    route: ClassVar[Route] = post("/futures/cancel-order-by-client-id")


class CancelAllOrder(order.CancelAllOrder[FuturesMarketType]):
    """Cancel all orders of one market. Source: CoinEx API v2, futures/order/http/cancel-all-order."""

    route: ClassVar[Route] = post("/futures/cancel-all-order")


class GetOrderStatus(order.GetOrderStatus[FuturesOrder]):
    """One order. Source: CoinEx API v2, futures/order/http/get-order-status."""

    route: ClassVar[Route] = get("/futures/order-status")


class GetMultiOrderStatus(order.GetMultiOrderStatus[FuturesOrder]):
    """Several orders of one market. Source: CoinEx API v2, futures/order/http/get-multi-order-status."""

    route: ClassVar[Route] = get("/futures/batch-order-status")


class ListPendingOrder(order.ListPending[FuturesOrder, FuturesMarketType]):
    """Open orders. Source: CoinEx API v2, futures/order/http/list-pending-order."""

    route: ClassVar[Route] = get("/futures/pending-order")


class ListFinishedOrder(order.ListFinished[FuturesOrder, FuturesMarketType]):
    """Finished orders, but for those cancelled without any fill. Source: CoinEx API v2, futures/order/http/list-finished-order."""

    route: ClassVar[Route] = get("/futures/finished-order")
