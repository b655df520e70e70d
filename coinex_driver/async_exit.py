"""Cancels own orders over a venue's socket when the block of an awaited client is left, within a time.

The client's own connection is used where it still can be; one that was stopped, has failed or does not answer is replaced by a
connection of its own for this alone. What is sent, and what is sent again, is decided in `exit_cancelling`. Must not know trio
nor asyncio, nor venues.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, TypeVar

from coinex_driver.async_client import AsyncClient
from coinex_driver.exit_cancelling import Cancelling, patience_within
from coinex_driver.exit_orders import ExitOrder, log_exit
from coinex_proto import Command, OrderView, SdkError

C = TypeVar("C", bound=AsyncClient)


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
    work = Cancelling(orders, cancelling, until)

    async def with_own() -> None:
        await _carry_out(client, work, patience_within(seconds))

    async def with_another() -> None:
        async with reopen() as line:
            await _carry_out(line, work)

    if not (core.is_stopping or core.is_over):
        await _try(client, work, with_own, seconds)
    for pause in work.pauses(core.now):
        await client._sleep(pause)
        await _try(client, work, with_another, until - core.now())
    ended = work.orders()
    log_exit(core.name, ended)
    return ended


async def _try(client: AsyncClient, work: Cancelling, what: Callable[[], Awaitable[None]], seconds: float) -> None:
    try:
        await client._in_time(max(0.0, seconds), what)
    except TimeoutError:
        pass
    except Exception as error:
        if not isinstance(error, (SdkError, OSError)) and error is not client._core.error:
            raise
        work.failed(error)  # what a callback has raised ends the client, and comes out of its block


async def _carry_out(client: AsyncClient, work: Cancelling, patience: float = math.inf) -> None:
    for wait in work.actions(client, patience):
        with suppress(TimeoutError):
            await client._in_time(
                max(0.0, wait.until - client._core.now()),
                lambda wait=wait: client._until(wait.is_done, "leaving the block"),  # type: ignore[misc]
            )
