"""Orders on CoinEx futures: place, change, cancel, look up.

Source: CoinEx API v2, futures/order.
"""

from __future__ import annotations

from attrs import frozen

from coinex_proto.coinex.http._envelope import Batch, Page
from coinex_proto.coinex.http._orders import changes_something, order_question, price_fits_type, sending
from coinex_proto.coinex.http._parameters import (
    Amount,
    ClientId,
    FuturesMarketType,
    Name,
    OrderType,
    PageNumber,
    PageSize,
    Side,
    StpMode,
)
from coinex_proto.coinex.http._routes import get, post
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.coinex.http.futures._order_rows import FuturesOrder
from coinex_proto.orders.fact import OrderFact


@frozen(kw_only=True)
class PutOrder(HttpCommand[FuturesOrder]):
    """Place an order. Never retried; `client_id` makes it possible to find out what became of it.

    Source: CoinEx API v2, futures/order/http/put-order.
    """

    route = post("/futures/order")
    market: Name
    market_type: FuturesMarketType = "FUTURES"
    side: Side
    type: OrderType
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
        """A price unless it is a market order."""
        price_fits_type(self.type, self.price)

    def question(self) -> str:
        """By its client id, or by what it looks like."""
        return order_question("futures", self.market, self.client_id)

    def order(self) -> OrderFact:
        """The order in state `sending`."""
        return sending(self)


@frozen(kw_only=True)
class PutMultiOrder(HttpCommand[Batch[FuturesOrder]]):
    """Place several orders; the answer has one element for each, in the same order. Costs one unit an order.

    Source: CoinEx API v2, futures/order/http/put-multi-order.
    """

    route = post("/futures/batch-order")
    orders: tuple[PutOrder, ...]

    def question(self) -> str:
        """For each order, by its client id or by what it looks like."""
        return "; ".join(dict.fromkeys(each.question() for each in self.orders))


@frozen(kw_only=True)
class EditOrder(HttpCommand[FuturesOrder]):
    """Change amount or price. Take the order id from the answer: it may be a new one.

    Source: CoinEx API v2, futures/order/http/edit-order.
    """

    route = post("/futures/modify-order")
    market: Name
    market_type: FuturesMarketType = "FUTURES"
    order_id: int
    amount: Amount | None = None
    """New amount, include the filled part."""
    price: Amount | None = None
    """New price."""

    def check(self) -> None:
        """At least one change."""
        changes_something(self, "amount", "price")


@frozen(kw_only=True)
class EditMultiOrder(HttpCommand[Batch[FuturesOrder]]):
    """Change several orders. Costs one unit an order.

    Source: CoinEx API v2, futures/order/http/edit-multi-order.
    """

    route = post("/futures/batch-modify-order")
    orders: tuple[EditOrder, ...]


@frozen(kw_only=True)
class CancelOrder(HttpCommand[FuturesOrder]):
    """Cancel one order.

    Source: CoinEx API v2, futures/order/http/cancel-order.
    """

    route = post("/futures/cancel-order")
    market: Name
    market_type: FuturesMarketType = "FUTURES"
    order_id: int


@frozen(kw_only=True)
class CancelBatchOrder(HttpCommand[Batch[FuturesOrder]]):
    """Cancel several orders of one market. Costs one unit an order.

    Source: CoinEx API v2, futures/order/http/cancel-batch-order.
    """

    route = post("/futures/cancel-batch-order")
    market: Name
    market_type: FuturesMarketType = "FUTURES"
    order_ids: tuple[int, ...]


@frozen(kw_only=True)
class CancelOrderByClientId(HttpCommand[Batch[FuturesOrder]]):
    """Cancel every open order that carries this client id.

    Source: CoinEx API v2, futures/order/http/cancel-order-by-client-id.
    """

    route = post("/futures/cancel-order-by-client-id")
    market: Name | None = None
    """All when None."""
    market_type: FuturesMarketType = "FUTURES"
    client_id: ClientId


@frozen(kw_only=True)
class CancelAllOrder(HttpCommand[None]):
    """Cancel all orders of one market. Whether stop orders are included is not documented.

    Source: CoinEx API v2, futures/order/http/cancel-all-order.
    """

    route = post("/futures/cancel-all-order")
    market: Name
    market_type: FuturesMarketType = "FUTURES"
    side: Side | None = None
    """Only this side."""


@frozen(kw_only=True)
class GetOrderStatus(HttpCommand[FuturesOrder]):
    """One order. An order cancelled without any fill is not found.

    Source: CoinEx API v2, futures/order/http/get-order-status.
    """

    route = get("/futures/order-status")
    market: Name
    order_id: int


@frozen(kw_only=True)
class GetMultiOrderStatus(HttpCommand[Batch[FuturesOrder]]):
    """Several orders of one market.

    Source: CoinEx API v2, futures/order/http/get-multi-order-status.
    """

    route = get("/futures/batch-order-status")
    market: Name
    order_ids: tuple[int, ...]


@frozen(kw_only=True)
class ListPendingOrder(HttpCommand[Page[FuturesOrder]]):
    """Open orders.

    Source: CoinEx API v2, futures/order/http/list-pending-order.
    """

    route = get("/futures/pending-order")
    market: Name | None = None
    """All when None."""
    market_type: FuturesMarketType = "FUTURES"
    side: Side | None = None
    """Both when None."""
    client_id: ClientId | None = None
    page: PageNumber | None = None
    """From 1."""
    limit: PageSize | None = None
    """Rows; 10 when None."""


@frozen(kw_only=True)
class ListFinishedOrder(HttpCommand[Page[FuturesOrder]]):
    """Finished orders; those cancelled without any fill are not among them.

    Source: CoinEx API v2, futures/order/http/list-finished-order.
    """

    route = get("/futures/finished-order")
    market: Name | None = None
    """All when None."""
    market_type: FuturesMarketType = "FUTURES"
    side: Side | None = None
    """Both when None."""
    page: PageNumber | None = None
    """From 1."""
    limit: PageSize | None = None
    """Rows; 10 when None."""
