"""Stop orders on CoinEx spot: place, change, cancel, look up.

Source: CoinEx API v2, spot/order.
"""

from __future__ import annotations

from attrs import frozen

from coinex_proto.coinex.http._envelope import Batch, Page
from coinex_proto.coinex.http._orders import ccy_fits_type, changes_something, price_fits_type
from coinex_proto.coinex.http._parameters import (
    Amount,
    ClientId,
    Name,
    OrderType,
    PageNumber,
    PageSize,
    Side,
    SpotMarketType,
    StpMode,
)
from coinex_proto.coinex.http._routes import get, post
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.coinex.http.spot._order_rows import SpotStopOrder, StopId


@frozen(kw_only=True)
class PutStopOrder(HttpCommand[StopId]):
    """Place a stop order.

    Source: CoinEx API v2, spot/order/http/put-stop-order.
    """

    route = post("/spot/stop-order")
    market: Name
    market_type: SpotMarketType = "SPOT"
    side: Side
    type: OrderType
    ccy: Name | None = None
    """For type "market": the currency in which `amount` counts, base or quote of the market."""
    amount: Amount
    price: Amount | None = None
    """Required unless type is market."""
    client_id: ClientId | None = None
    """1 to 32 letters, digits, "-" and "_"."""
    is_hide: bool | None = None
    """Hide it from the public book."""
    stp_mode: StpMode | None = None
    """Self-trade prevention: what is cancelled, the rest of the taker, of the maker, or both."""
    trigger_price: Amount

    def check(self) -> None:
        """A price unless it is a market order; for a market order, what its amount counts."""
        price_fits_type(self.type, self.price)
        ccy_fits_type(self.type, self.ccy)


@frozen(kw_only=True)
class PutMultiStopOrder(HttpCommand[Batch[StopId]]):
    """Place several stop orders. Costs one unit an order.

    Source: CoinEx API v2, spot/order/http/put-multi-stop-order.
    """

    route = post("/spot/batch-stop-order")
    orders: tuple[PutStopOrder, ...]


@frozen(kw_only=True)
class EditStopOrder(HttpCommand[StopId]):
    """Change amount, price or trigger price. The id may be a new one.

    Source: CoinEx API v2, spot/order/http/edit-stop-order.
    """

    route = post("/spot/modify-stop-order")
    market: Name
    market_type: SpotMarketType = "SPOT"
    stop_id: int
    amount: Amount | None = None
    price: Amount | None = None
    trigger_price: Amount | None = None

    def check(self) -> None:
        """At least one change."""
        changes_something(self, "amount", "price", "trigger_price")


@frozen(kw_only=True)
class CancelStopOrder(HttpCommand[SpotStopOrder]):
    """Cancel one stop order.

    Source: CoinEx API v2, spot/order/http/cancel-stop-order.
    """

    route = post("/spot/cancel-stop-order")
    market: Name
    market_type: SpotMarketType = "SPOT"
    stop_id: int


@frozen(kw_only=True)
class CancelBatchStopOrder(HttpCommand[Batch[SpotStopOrder]]):
    """Cancel several stop orders of one market. Costs one unit an order.

    Source: CoinEx API v2, spot/order/http/cancel-batch-stop-order.
    """

    route = post("/spot/cancel-batch-stop-order")
    market: Name
    stop_ids: tuple[int, ...]


@frozen(kw_only=True)
class CancelStopOrderByClientId(HttpCommand[Batch[SpotStopOrder]]):
    """Cancel every open stop order that carries this client id.

    Source: CoinEx API v2, spot/order/http/cancel-stop-order-by-client-id.
    """

    route = post("/spot/cancel-stop-order-by-client-id")
    market: Name | None = None
    """All when None."""
    market_type: SpotMarketType = "SPOT"
    client_id: ClientId


@frozen(kw_only=True)
class ListPendingStopOrder(HttpCommand[Page[SpotStopOrder]]):
    """Open stop orders.

    Source: CoinEx API v2, spot/order/http/list-pending-stop-order.
    """

    route = get("/spot/pending-stop-order")
    market: Name | None = None
    """All when None."""
    market_type: SpotMarketType = "SPOT"
    side: Side | None = None
    """Both when None."""
    client_id: ClientId | None = None
    page: PageNumber | None = None
    """From 1."""
    limit: PageSize | None = None
    """Rows; 10 when None."""


@frozen(kw_only=True)
class ListFinishedStopOrder(HttpCommand[Page[SpotStopOrder]]):
    """Finished stop orders.

    Source: CoinEx API v2, spot/order/http/list-finished-stop-order.
    """

    route = get("/spot/finished-stop-order")
    market: Name | None = None
    """All when None."""
    market_type: SpotMarketType = "SPOT"
    side: Side | None = None
    """Both when None."""
    page: PageNumber | None = None
    """From 1."""
    limit: PageSize | None = None
    """Rows; 10 when None."""
