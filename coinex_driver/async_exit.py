"""Cancels own orders over a venue's socket when the block of an awaited client is left, within a time.

The client's own connection is used where it still can be; one that was stopped or has failed is replaced by a connection of its
own for this alone. Must not know trio nor asyncio, nor venues.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, Final, TypeVar

from coinex_driver.async_client import AsyncClient
from coinex_driver.client_core import PendingReply
from coinex_driver.exit_orders import NOT_REACHED, ExitOrder, ended_as, log_exit
from coinex_proto import Command, NotReady, OrderView, Replied, SdkError, UsageError

C = TypeVar("C", bound=AsyncClient)

TRY_AGAIN: Final = 0.05
"""Seconds until a command is tried again that the connection or the venue's rate limit did not let through."""


async def cancel_on_exit(
    client: AsyncClient,
    cancelling: Callable[[OrderView], Command[Any]],
    seconds: float,
    reopen: Callable[[], AbstractAsyncContextManager[C]],
) -> tuple[ExitOrder, ...]:
    """Cancels every own order that the client knows to be open; what became of each. Raises nothing that a peer can cause."""
    core = client._core
    orders = core.session.orders.open()
    if not orders:
        return ()
    until = core.now() + seconds
    reasons = dict.fromkeys(orders, NOT_REACHED)
    replies: dict[OrderView, PendingReply] = {}

    async def cancel(line: AsyncClient) -> None:
        for order in orders:
            try:
                replies[order] = await _sent(line, cancelling(order), until)
                reasons[order] = ""
            except UsageError as error:
                reasons[order] = str(error)
        await line._until(lambda: all(reply.event is not None for reply in replies.values()), "leaving the block")

    async def work() -> None:
        if core.is_stopping or core.is_over:
            async with reopen() as line:
                await cancel(line)
        else:
            await cancel(client)

    with suppress(TimeoutError):
        try:
            await client._in_time(max(0.0, seconds), work)
        except (SdkError, OSError) as error:
            if isinstance(error, TimeoutError):
                raise
            reasons = {order: why or str(error) for order, why in reasons.items()}
    ended = tuple(_outcome(client, order, replies.get(order), reasons[order]) for order in orders)
    log_exit(core.name, ended)
    return ended


async def _sent(line: AsyncClient, command: Command[Any], until: float) -> PendingReply:
    """Sends as soon as connection and rate limit allow; the time is bounded by the caller."""
    core = line._core
    while True:
        try:
            return line._change(lambda: core.expect_reply(core.send(command, None)))
        except NotReady as busy:
            if core.is_stopping or core.is_over or core.now() >= until:
                raise
            await line._sleep(busy.retry_after or TRY_AGAIN)


def _outcome(client: AsyncClient, order: OrderView, reply: PendingReply | None, why: str) -> ExitOrder:
    event = None if reply is None else reply.event
    if event is not None and not isinstance(event, Replied):
        why = str(event.error)
    view = client._core.session.orders.find(order.order_id, order.client_order_id)
    return ended_as(order if view is None else view, is_accepted=isinstance(event, Replied), why=why)
