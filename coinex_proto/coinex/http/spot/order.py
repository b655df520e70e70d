"""Orders on CoinEx spot: place, change, cancel, look up.

Source: CoinEx API v2, spot/order.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from coinex_proto.coinex.http._by_market_type import order
from coinex_proto.coinex.http._envelope import Batch
from coinex_proto.coinex.http._orders import ccy_after_type, ccy_fits_type
from coinex_proto.coinex.http._parameters import Name, SpotMarketType
from coinex_proto.coinex.http._routes import Route, get, post
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.coinex.http.spot._order_rows import SpotOrder


@frozen(kw_only=True, field_transformer=ccy_after_type)
class PutOrder(order.PutOrder[SpotOrder, SpotMarketType]):
    """Place an order. Never retried. Source: CoinEx API v2, spot/order/http/put-order."""

    route: ClassVar[Route] = post("/spot/order")
    ccy: Name | None = None
    """For type "market": the currency in which `amount` counts, base or quote of the market."""

    def check(self) -> None:
        """A price unless it is a market order; for a market order, what its amount counts."""
        super().check()
        ccy_fits_type(self.type, self.ccy)


class PutMultiOrder(order.PutMultiOrder[SpotOrder, PutOrder]):
    """Place several orders. Source: CoinEx API v2, spot/order/http/put-multi-order."""

    route: ClassVar[Route] = post("/spot/batch-order")


class EditOrder(order.EditOrder[SpotOrder, SpotMarketType]):
    """Change amount or price. Source: CoinEx API v2, spot/order/http/edit-order."""

    route: ClassVar[Route] = post("/spot/modify-order")


class EditMultiOrder(order.BatchCommand[SpotOrder, EditOrder]):
    """Change several orders. Source: CoinEx API v2, spot/order/http/edit-multi-order."""

    route: ClassVar[Route] = post("/spot/batch-modify-order")


class CancelOrder(order.CancelOrder[SpotOrder, SpotMarketType]):
    """Cancel one order. Source: CoinEx API v2, spot/order/http/cancel-order."""

    route: ClassVar[Route] = post("/spot/cancel-order")


@frozen(kw_only=True)
class CancelBatchOrder(HttpCommand[Batch[SpotOrder]]):
    """Cancel several orders of one market, for one unit each. Source: CoinEx API v2, spot/order/http/cancel-batch-order."""

    route: ClassVar[Route] = post("/spot/cancel-batch-order")
    market: Name
    order_ids: tuple[int, ...]


class CancelOrderByClientId(order.CancelByClientId[SpotOrder, SpotMarketType]):
    """Cancel every open order that carries this client id. Source: CoinEx API v2, spot/order/http/cancel-order-by-client-id."""

    route: ClassVar[Route] = post("/spot/cancel-order-by-client-id")


class CancelAllOrder(order.CancelAllOrder[SpotMarketType]):
    """Cancel all orders of one market. Source: CoinEx API v2, spot/order/http/cancel-all-order."""

    route: ClassVar[Route] = post("/spot/cancel-all-order")


class GetOrderStatus(order.GetOrderStatus[SpotOrder]):
    """One order. Source: CoinEx API v2, spot/order/http/get-order-status."""

    route: ClassVar[Route] = get("/spot/order-status")


class GetMultiOrderStatus(order.GetMultiOrderStatus[SpotOrder]):
    """Several orders of one market. Source: CoinEx API v2, spot/order/http/get-multi-order-status."""

    route: ClassVar[Route] = get("/spot/batch-order-status")


class ListPendingOrder(order.ListPending[SpotOrder, SpotMarketType]):
    """Open orders. Source: CoinEx API v2, spot/order/http/list-pending-order."""

    route: ClassVar[Route] = get("/spot/pending-order")


class ListFinishedOrder(order.ListFinished[SpotOrder, SpotMarketType]):
    """Finished orders, but for those cancelled without any fill. Source: CoinEx API v2, spot/order/http/list-finished-order."""

    route: ClassVar[Route] = get("/spot/finished-order")
