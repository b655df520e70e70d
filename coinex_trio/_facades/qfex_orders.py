"""The methods of `QfexClient` that trade: each makes a command, sends it and waits for the answer. Must not import trio."""

from __future__ import annotations

from abc import abstractmethod
from typing import Final, TypeVar, cast

from coinex_driver.qfex_channels import QfexChannels
from coinex_proto import Command, OrderView, RequestRefused, Sources, UsageError, qfex
from coinex_proto.checks import check_order
from coinex_trio.blocking import BlockingClient

R = TypeVar("R")

GONE: Final = "NO_SUCH_ORDER"
ID_BYTES: Final = 16


class QfexTrading(QfexChannels):
    """Placing, changing and cancelling."""

    _sources: Sources

    @abstractmethod
    def request(self, command: Command[R]) -> R:
        """The answer to a command."""

    @abstractmethod
    def _trading(self) -> BlockingClient:
        """The Trade socket. Raises `UsageError` without credentials."""

    def _new_id(self) -> str:
        return self._sources.random_bytes(ID_BYTES).hex()

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
        knows about stays in `orders()` and is queried. In a callback use `send(qfex.AddOrder(…), callback)`.
        """
        return self.request(
            qfex.AddOrder(
                symbol=symbol,
                side=side,
                order_type=order_type,
                quantity=quantity,
                price=price,
                order_time_in_force=order_time_in_force,
                take_profit=take_profit,
                stop_loss=stop_loss,
                reduce_only=reduce_only,
                client_order_id=client_order_id or self._new_id(),
            )
        )

    def modify_order(
        self,
        order: OrderView,
        *,
        price: qfex.Number | None = None,
        quantity: qfex.Number | None = None,
        take_profit: qfex.Number | None = None,
        stop_loss: qfex.Number | None = None,
        order_type: str = "LIMIT",
    ) -> OrderView:
        """Change an open order and wait for the answer; `order_type` must be the order's own. It may get a new id."""
        trade = self._trading()
        check_order(order)
        live = trade._inspect(lambda: trade._live_order(order))
        if not isinstance(live.order_id, str) or live.market is None or live.side is None:
            raise UsageError(f"modify_order: the venue has not told the id of this order yet: {live}")
        self.request(
            qfex.ModifyOrder(
                order_id=live.order_id,
                symbol=live.market,
                side=live.side,
                order_type=order_type,
                price=price,
                quantity=quantity,
                take_profit=take_profit,
                stop_loss=stop_loss,
                client_order_id=live.client_order_id or "",
            )
        )
        return trade._inspect(lambda: trade._detached(trade._live_order(live)))

    def cancel_order(self, order: OrderView | str, symbol: str | None = None) -> OrderView | None:
        """Cancel an order and wait for the answer; the order as it stands then, None when it is not known here.

        By an order's id, `symbol` is needed too. An order of ours that is over already is no error.
        """
        trade = self._trading()
        known = trade._inspect(lambda: trade._live_order(order)) if isinstance(order, OrderView) else None
        try:
            self.request(_cancel(known if known is not None else cast(str, order), symbol))
        except RequestRefused as refused:
            if refused.code != GONE or known is None or not known.is_final:
                raise
        order_id = known.order_id if known is not None else order
        return trade._inspect(
            lambda: trade._detached(trade._core.session.orders.find(cast("str | None", order_id)) or known)
        )


def _cancel(order: OrderView | str, symbol: str | None) -> qfex.CancelOrder:
    if not isinstance(order, OrderView):
        if symbol is None:
            raise UsageError("cancel_order by id needs the symbol too")
        return qfex.CancelOrder(order_id=order, symbol=symbol)
    market = symbol or order.market
    if market is None:
        raise UsageError(f"cancel_order: the symbol of this order is not known: {order}")
    if isinstance(order.order_id, str):
        return qfex.CancelOrder(order_id=order.order_id, symbol=market)
    if order.client_order_id:
        return qfex.CancelOrder(order_id=order.client_order_id, symbol=market, cancel_order_id_type="client_order_id")
    raise UsageError(f"cancel_order: this order has no id yet: {order}")
