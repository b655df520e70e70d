"""Orders on either half: place, change, cancel, look up, by the row that answers and the market types of the half.

Source: CoinEx API v2, spot/order and futures/order.
"""

from __future__ import annotations

from typing import Any, Final, Generic, TypeVar

from attrs import Factory, field, frozen

from coinex_proto.coinex.http._envelope import Batch
from coinex_proto.coinex.http._orders import changes_something, order_question, price_fits_type, sending
from coinex_proto.coinex.http._parameters import Amount, ClientId, Name, OrderType, Side, StpMode
from coinex_proto.coinex.http.command import HttpCommand
from coinex_proto.coinex.http.paging import PagedCommand, in_wire_order
from coinex_proto.orders.fact import OrderFact

R = TypeVar("R")
"""The row that answers."""
M = TypeVar("M", bound=str)
"""The market types of the half."""
O = TypeVar("O", bound=HttpCommand[Any])  # noqa: E741
"""The command for one order of a batch."""


OF_THE_HALF: Final[Any] = Factory(lambda command: command.route.module.upper(), takes_self=True)
"""The market type when it is left out: SPOT or FUTURES."""


@frozen(kw_only=True)
class InMarket(HttpCommand[R], Generic[R, M]):
    """A command about one market."""

    market: Name
    market_type: M = field(default=OF_THE_HALF)


@frozen(kw_only=True)
class InAnyMarket(HttpCommand[R], Generic[R, M]):
    """A command about one market or all."""

    market: Name | None = None
    """All when None."""
    market_type: M = field(default=OF_THE_HALF)


@frozen(kw_only=True)
class OrderTerms(InMarket[R, M]):
    """What an order and a stop order are described with."""

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


@frozen(kw_only=True)
class PutOrder(OrderTerms[R, M]):
    """Place an order. Never retried; `client_id` makes it possible to find out what became of it."""

    def question(self) -> str:
        """By its client id, or by what it looks like."""
        return order_question(self.route.module, self.market, self.client_id)

    def order(self) -> OrderFact:
        """The order in state `sending`."""
        return sending(self)


@frozen(kw_only=True)
class BatchCommand(HttpCommand[Batch[R]], Generic[R, O]):
    """Several orders in one request; the answer has one element for each, in the same order. Costs one unit an order."""

    orders: tuple[O, ...]


@frozen(kw_only=True)
class PutMultiOrder(BatchCommand[R, O]):
    """Place several orders."""

    def question(self) -> str:
        """For each order, by its client id or by what it looks like."""
        return "; ".join(dict.fromkeys(each.question() for each in self.orders))


@frozen(kw_only=True)
class EditOrder(InMarket[R, M]):
    """Change amount or price. Take the order id from the answer: it may be a new one."""

    order_id: int
    amount: Amount | None = None
    """New amount, include the filled part."""
    price: Amount | None = None
    """New price."""

    def check(self) -> None:
        """At least one change."""
        changes_something(self, "amount", "price")


@frozen(kw_only=True)
class CancelOrder(InMarket[R, M]):
    """Cancel one order."""

    order_id: int


@frozen(kw_only=True)
class CancelByClientId(InAnyMarket[Batch[R], M]):
    """Cancel every open order, or every open stop order, that carries this client id."""

    client_id: ClientId


@frozen(kw_only=True)
class CancelAllOrder(InMarket[None, M]):
    """Cancel all orders of one market. Whether stop orders are included is not documented."""

    side: Side | None = None
    """Only this side."""


@frozen(kw_only=True)
class GetOrderStatus(HttpCommand[R]):
    """One order. An order cancelled without any fill is not found."""

    market: Name
    order_id: int


@frozen(kw_only=True)
class GetMultiOrderStatus(HttpCommand[Batch[R]]):
    """Several orders of one market."""

    market: Name
    order_ids: tuple[int, ...]


@frozen(kw_only=True, field_transformer=in_wire_order)
class ListFinished(PagedCommand[R], Generic[R, M]):
    """Finished orders or stop orders; orders cancelled without any fill are not among them."""

    market: Name | None = None
    """All when None."""
    market_type: M = field(default=OF_THE_HALF)
    side: Side | None = None
    """Both when None."""


@frozen(kw_only=True, field_transformer=in_wire_order)
class ListPending(ListFinished[R, M]):
    """Open orders or stop orders."""

    client_id: ClientId | None = None
