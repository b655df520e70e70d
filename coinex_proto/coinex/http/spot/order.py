"""Orders on CoinEx spot: place, change, cancel, look up.

Source: CoinEx API v2, spot/order.
"""

from __future__ import annotations

from attrs import frozen

from coinex_proto.coinex.http._envelope import Batch, Page
from coinex_proto.coinex.http._orders import ccy_fits_type, changes_something, order_question, price_fits_type, sending
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
from coinex_proto.coinex.http.spot._order_rows import SpotOrder
from coinex_proto.orders.fact import OrderFact


@frozen(kw_only=True)
class PutOrder(HttpCommand[SpotOrder]):
    """Place an order. Never retried; `client_id` makes it possible to find out what became of it.

    Source: CoinEx API v2, spot/order/http/put-order.
    """

    route = post("/spot/order")
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

    def check(self) -> None:
        """A price unless it is a market order; for a market order, what its amount counts."""
        price_fits_type(self.type, self.price)
        ccy_fits_type(self.type, self.ccy)

    def question(self) -> str:
        """By its client id, or by what it looks like."""
        return order_question("spot", self.market, self.client_id)

    def order(self) -> OrderFact:
        """The order in state `sending`."""
        return sending(self)


@frozen(kw_only=True)
class PutMultiOrder(HttpCommand[Batch[SpotOrder]]):
    """Place several orders; the answer has one element for each, in the same order. Costs one unit an order.

    Source: CoinEx API v2, spot/order/http/put-multi-order.
    """

    route = post("/spot/batch-order")
    orders: tuple[PutOrder, ...]

    def question(self) -> str:
        """For each order, by its client id or by what it looks like."""
        return "; ".join(dict.fromkeys(each.question() for each in self.orders))


@frozen(kw_only=True)
class EditOrder(HttpCommand[SpotOrder]):
    """Change amount or price. Take the order id from the answer: it may be a new one.

    Source: CoinEx API v2, spot/order/http/edit-order.
    """

    route = post("/spot/modify-order")
    market: Name
    market_type: SpotMarketType = "SPOT"
    order_id: int
    amount: Amount | None = None
    """New amount, include the filled part."""
    price: Amount | None = None
    """New price."""

    def check(self) -> None:
        """At least one change."""
        changes_something(self, "amount", "price")


@frozen(kw_only=True)
class EditMultiOrder(HttpCommand[Batch[SpotOrder]]):
    """Change several orders. Costs one unit an order.

    Source: CoinEx API v2, spot/order/http/edit-multi-order.
    """

    route = post("/spot/batch-modify-order")
    orders: tuple[EditOrder, ...]


@frozen(kw_only=True)
class CancelOrder(HttpCommand[SpotOrder]):
    """Cancel one order.

    Source: CoinEx API v2, spot/order/http/cancel-order.
    """

    route = post("/spot/cancel-order")
    market: Name
    market_type: SpotMarketType = "SPOT"
    order_id: int


@frozen(kw_only=True)
class CancelBatchOrder(HttpCommand[Batch[SpotOrder]]):
    """Cancel several orders of one market. Costs one unit an order.

    Source: CoinEx API v2, spot/order/http/cancel-batch-order.
    """

    route = post("/spot/cancel-batch-order")
    market: Name
    order_ids: tuple[int, ...]


@frozen(kw_only=True)
class CancelOrderByClientId(HttpCommand[Batch[SpotOrder]]):
    """Cancel every open order that carries this client id.

    Source: CoinEx API v2, spot/order/http/cancel-order-by-client-id.
    """

    route = post("/spot/cancel-order-by-client-id")
    market: Name | None = None
    """All when None."""
    market_type: SpotMarketType = "SPOT"
    client_id: ClientId


@frozen(kw_only=True)
class CancelAllOrder(HttpCommand[None]):
    """Cancel all orders of one market. Whether stop orders are included is not documented.

    Source: CoinEx API v2, spot/order/http/cancel-all-order.
    """

    route = post("/spot/cancel-all-order")
    market: Name
    market_type: SpotMarketType = "SPOT"
    side: Side | None = None
    """Only this side."""


@frozen(kw_only=True)
class GetOrderStatus(HttpCommand[SpotOrder]):
    """One order. An order cancelled without any fill is not found.

    Source: CoinEx API v2, spot/order/http/get-order-status.
    """

    route = get("/spot/order-status")
    market: Name
    order_id: int


@frozen(kw_only=True)
class GetMultiOrderStatus(HttpCommand[Batch[SpotOrder]]):
    """Several orders of one market.

    Source: CoinEx API v2, spot/order/http/get-multi-order-status.
    """

    route = get("/spot/batch-order-status")
    market: Name
    order_ids: tuple[int, ...]


@frozen(kw_only=True)
class ListPendingOrder(HttpCommand[Page[SpotOrder]]):
    """Open orders.

    Source: CoinEx API v2, spot/order/http/list-pending-order.
    """

    route = get("/spot/pending-order")
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
class ListFinishedOrder(HttpCommand[Page[SpotOrder]]):
    """Finished orders; those cancelled without any fill are not among them.

    Source: CoinEx API v2, spot/order/http/list-finished-order.
    """

    route = get("/spot/finished-order")
    market: Name | None = None
    """All when None."""
    market_type: SpotMarketType = "SPOT"
    side: Side | None = None
    """Both when None."""
    page: PageNumber | None = None
    """From 1."""
    limit: PageSize | None = None
    """Rows; 10 when None."""
