"""Stop orders on CoinEx spot: place, change, cancel, look up.

Source: CoinEx API v2, spot/order.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from coinex_proto.coinex.http._by_market_type import order, stop_order
from coinex_proto.coinex.http._by_market_type.order_rows import StopId
from coinex_proto.coinex.http._envelope import Batch
from coinex_proto.coinex.http._orders import ccy_after_type, ccy_fits_type
from coinex_proto.coinex.http._parameters import Name, SpotMarketType
from coinex_proto.coinex.http._routes import Route, get, post
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.coinex.http.spot._order_rows import SpotStopOrder


@frozen(kw_only=True, field_transformer=ccy_after_type)
class PutStopOrder(stop_order.PutStopOrder[SpotMarketType]):
    """Place a stop order. Source: CoinEx API v2, spot/order/http/put-stop-order."""

    route: ClassVar[Route] = post("/spot/stop-order")
    ccy: Name | None = None
    """For type "market": the currency in which `amount` counts, base or quote of the market."""

    def check(self) -> None:
        """A price unless it is a market order; for a market order, what its amount counts."""
        super().check()
        ccy_fits_type(self.type, self.ccy)


class PutMultiStopOrder(order.BatchCommand[StopId, PutStopOrder]):
    """Place several stop orders. Source: CoinEx API v2, spot/order/http/put-multi-stop-order."""

    route: ClassVar[Route] = post("/spot/batch-stop-order")


class EditStopOrder(stop_order.EditStopOrder[SpotMarketType]):
    """Change amount, price or trigger price. Source: CoinEx API v2, spot/order/http/edit-stop-order."""

    route: ClassVar[Route] = post("/spot/modify-stop-order")


class CancelStopOrder(stop_order.CancelStopOrder[SpotStopOrder, SpotMarketType]):
    """Cancel one stop order. Source: CoinEx API v2, spot/order/http/cancel-stop-order."""

    route: ClassVar[Route] = post("/spot/cancel-stop-order")


@frozen(kw_only=True)
class CancelBatchStopOrder(HttpCommand[Batch[SpotStopOrder]]):
    """Cancel several stop orders of one market, for one unit each. Source: CoinEx API v2, spot/order/http/cancel-batch-stop-order."""

    route: ClassVar[Route] = post("/spot/cancel-batch-stop-order")
    market: Name
    stop_ids: tuple[int, ...]


class CancelStopOrderByClientId(order.CancelByClientId[SpotStopOrder, SpotMarketType]):
    """Cancel every open stop order with this client id. Source: CoinEx API v2, spot/order/http/cancel-stop-order-by-client-id."""

    route: ClassVar[Route] = post("/spot/cancel-stop-order-by-client-id")


class ListPendingStopOrder(order.ListPending[SpotStopOrder, SpotMarketType]):
    """Open stop orders. Source: CoinEx API v2, spot/order/http/list-pending-stop-order."""

    route: ClassVar[Route] = get("/spot/pending-stop-order")


class ListFinishedStopOrder(order.ListFinished[SpotStopOrder, SpotMarketType]):
    """Finished stop orders. Source: CoinEx API v2, spot/order/http/list-finished-stop-order."""

    route: ClassVar[Route] = get("/spot/finished-stop-order")
