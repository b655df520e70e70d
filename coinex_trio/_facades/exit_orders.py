"""Cancels own orders over a venue's socket when a blocking client is left, within a time. Must not import trio, nor know venues.

The client's own connection is used where it still can be; one that was stopped, interrupted in the middle of a step, that has
failed or does not answer, is replaced by a connection of its own for this alone. What is sent, and what is sent again, is decided
in `coinex_driver.exit_cancelling`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from coinex_driver.exit_cancelling import Cancelling, patience_within
from coinex_driver.exit_orders import ExitOrder, log_exit
from coinex_proto import Command, OrderView, SdkError
from coinex_trio._io.pausing import pause
from coinex_trio.blocking import BlockingClient

CATCHES_UP_WITHIN: Final = 0.5
"""Seconds at most for reading at the end what has come meanwhile."""


def cancel_on_exit(
    client: BlockingClient,
    cancelling: Callable[[OrderView], Command[Any]],
    seconds: float,
    told: Callable[[tuple[ExitOrder, ...]], None],
) -> None:
    """Cancels every own order that the client knows to be open; `told` is called with what became of each.

    Raises nothing that a peer can cause; what a callback raises comes out at the end.
    """
    core, network = client._core, client._network
    orders = core.session.orders.open() if client._io.is_interrupted else client.orders()
    if not orders:
        return
    raised: Exception | None = None
    until = network.now() + seconds
    work = Cancelling(orders, cancelling, until)
    is_usable = not (core.is_stopping or core.is_over or client._io.is_interrupted)
    if is_usable:
        try:
            _carry_out(client, work, patience_within(seconds))
        except Exception as error:  # noqa: BLE001  (of a callback)
            raised = error
            client._mute()
            _carry_out(client, work, patience_within(seconds))
    for seconds_before in work.pauses(network.now):
        pause(network, seconds_before)
        line = BlockingClient(
            core.session.dialect, config=core.config, ssl_context=client._io.ssl_context, network=network
        )
        line._is_entered = True
        try:
            _carry_out(line, work)
        finally:
            line.close()
    if is_usable and any(order.outcome == "unknown" for order in work.orders()):
        with suppress(SdkError, OSError):  # its answers may only have been slow
            client._catch_up(network.now() + CATCHES_UP_WITHIN)
    ended = work.orders()
    log_exit(core.name, ended)
    told(ended)
    if raised is not None:
        raise raised


def _carry_out(client: BlockingClient, work: Cancelling, patience: float = math.inf) -> None:
    try:
        for wait in work.actions(client, patience):
            client._until(wait.is_done, wait.until, "close()")
    except (SdkError, OSError) as error:
        work.failed(error)
