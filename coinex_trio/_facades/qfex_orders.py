"""The methods of `QfexClient` that trade: each makes a command, sends it and waits for the answer. Must not import trio."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Final, TypeVar, cast

from coinex_driver.qfex_channels import QfexChannels
from coinex_driver.qfex_orders import cancellation, is_over_already, modification
from coinex_proto import Command, OrderView, RequestRefused, qfex
from coinex_proto.checks import check_order
from coinex_trio.blocking import BlockingClient

if TYPE_CHECKING:
    from coinex_proto.qfex.http import ReferenceData

R = TypeVar("R")

MARKET_CLOSED: Final = "REJECTED_MARKET_CLOSED"


class QfexTrading(QfexChannels):
    """Placing, changing and cancelling."""

    @abstractmethod
    def request(self, command: Command[R]) -> R:
        """The answer to a command."""

    _reference: ReferenceData | None
    """Once it is loaded."""

    @abstractmethod
    def _trading(self) -> BlockingClient:
        """The Trade socket. Raises `UsageError` without credentials."""

    def place_order(
        self,
        symbol: str,
        side: str,
        order_type: str,
        quantity: qfex.Number,
        price: qfex.Number | None = None,
        *,
        order_time_in_force: str | None = None,
        take_profit: qfex.Number | None = None,
        stop_loss: qfex.Number | None = None,
        reduce_only: bool | None = None,
        client_order_id: str | None = None,
    ) -> OrderView:
        """Place an order and wait until the venue has accepted it; then `wait(order)` waits for its end.

        Raises `RequestRefused` (`code` is the status of the rejection) or `OutcomeUnknown`; an order that nobody
        knows about stays in `orders()` and is queried. After `load_reference()` a price or quantity that the symbol does not
        take is a `UsageError`, with the exact tick or lot in it, and is not sent. In a callback use `send(qfex.AddOrder(…), callback)`.
        """
        order = qfex.AddOrder(
            symbol=symbol,
            side=side,
            order_type=order_type,
            quantity=quantity,
            price=price,
            order_time_in_force=order_time_in_force,
            take_profit=take_profit,
            stop_loss=stop_loss,
            reduce_only=reduce_only,
            client_order_id=client_order_id or "",
        )
        if self._reference is not None:
            self._reference.check(symbol, price=order.price, quantity=order.quantity)
        try:
            return self.request(order)
        except RequestRefused as refused:
            if refused.code == MARKET_CLOSED and self._reference is not None:
                refused.add_note(self._reference.hours_of(symbol))
            raise

    def modify_order(
        self,
        order: OrderView,
        *,
        price: qfex.Number | None = None,
        quantity: qfex.Number | None = None,
        take_profit: qfex.Number | None = None,
        stop_loss: qfex.Number | None = None,
        order_type: str | None = None,
        reduce_only: bool | None = None,
    ) -> OrderView:
        """Change an open order and wait for the answer. It may get a new id.

        The venue wants the order's own `order_type` and `reduce_only` with it: as the order was placed unless given here.
        For an order that this program has not placed, `reduce_only` is not known and taken for False.
        """
        trade = self._trading()
        check_order(order)
        live = trade._inspect(lambda: trade._live_order(order))
        self.request(
            modification(
                live,
                price=price,
                quantity=quantity,
                take_profit=take_profit,
                stop_loss=stop_loss,
                order_type=order_type,
                reduce_only=reduce_only,
            )
        )
        return trade._inspect(lambda: trade._detached(trade._live_order(live)))

    def cancel_all_orders(self, symbol: str | None = None) -> None:
        """Cancel every open order of the account, in one symbol or in all, and wait for the answer.

        What became of each order says its own view. With nothing to cancel the venue may not answer: `RequestTimedOut`.
        """
        self.request(qfex.CancelAllOrders(symbol=symbol))

    def cancel_order(self, order: OrderView | str, symbol: str | None = None) -> OrderView | None:
        """Cancel an order and wait for the answer; the order as it stands then, None when it is not known here.

        By an order's id, `symbol` is needed too. An order of ours that is over already is no error.
        """
        trade = self._trading()
        known = trade._inspect(lambda: trade._live_order(order)) if isinstance(order, OrderView) else None
        try:
            self.request(cancellation(order if known is None else known, symbol))
        except RequestRefused as refused:
            if not is_over_already(refused, known):
                raise
        order_id = known.order_id if known is not None else order
        return trade._inspect(
            lambda: trade._detached(trade._core.session.orders.find(cast("str | None", order_id)) or known)
        )
