"""Cancels own orders over a venue's socket when a blocking client is left, within a time. Must not import trio, nor know venues.

The client's own connection is used where it still can be; one that was stopped, interrupted in the middle of a step, or that
has failed, is replaced by a connection of its own for this alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from coinex_driver.client_core import PendingReply
from coinex_driver.exit_orders import NOT_REACHED, ExitOrder, ended_as, log_exit
from coinex_proto import Command, NotReady, OrderView, Replied, SdkError, UsageError
from coinex_trio.blocking import BlockingClient

TRY_AGAIN = 0.05
"""Seconds until a command is tried again that the connection or the venue's rate limit did not let through."""


def cancel_on_exit(
    client: BlockingClient, cancelling: Callable[[OrderView], Command[Any]], seconds: float
) -> tuple[ExitOrder, ...]:
    """Cancels every own order that the client knows to be open; what became of each. Raises nothing that a peer can cause."""
    core = client._core
    orders = core.session.orders.open() if client._io.is_interrupted else client.orders()
    if not orders:
        return ()
    until = client._network.now() + seconds
    if core.is_stopping or core.is_over or client._io.is_interrupted:
        line = BlockingClient(
            core.session.dialect, config=core.config, ssl_context=client._io.ssl_context, network=client._network
        )
        line._is_entered = True
        try:
            ended = _cancel(line, orders, cancelling, until)
        finally:
            line.close()
    else:
        ended = _cancel(client, orders, cancelling, until)
    log_exit(core.name, ended)
    return ended


def _cancel(
    line: BlockingClient, orders: tuple[OrderView, ...], cancelling: Callable[[OrderView], Command[Any]], until: float
) -> tuple[ExitOrder, ...]:
    replies: dict[int, PendingReply] = {}
    reasons = dict.fromkeys(range(len(orders)), NOT_REACHED)
    try:
        for number, order in enumerate(orders):
            try:
                reply = _sent(line, cancelling(order), until)
            except UsageError as error:
                reasons[number] = str(error)
                continue
            if reply is not None:
                replies[number], reasons[number] = reply, ""
        line._until(lambda: all(reply.event is not None for reply in replies.values()), until, "close()")
    except (SdkError, OSError) as error:
        reasons = {number: why or str(error) for number, why in reasons.items()}
    ended: list[ExitOrder] = []
    for number, order in enumerate(orders):
        event = replies[number].event if number in replies else None
        view = line._inspect(lambda order=order: line._core.session.orders.find(order.order_id, order.client_order_id))  # type: ignore[misc]
        why = reasons[number]
        if event is not None and not isinstance(event, Replied):
            why = str(event.error)
        ended.append(ended_as(order if view is None else view, is_accepted=isinstance(event, Replied), why=why))
    return tuple(ended)


def _sent(line: BlockingClient, command: Command[Any], until: float) -> PendingReply | None:
    """Sends as soon as connection and rate limit allow; None: not before it was too late."""
    core = line._core
    while True:
        try:
            return line._change(lambda: core.expect_reply(core.send(command, None)))
        except NotReady as busy:
            if core.is_over:
                raise
            pause = line._network.now() + (busy.retry_after or TRY_AGAIN)
        line._until(lambda: False, min(pause, until), "close()")
        if line._network.now() >= until:
            return None
