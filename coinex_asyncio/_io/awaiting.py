"""How time passes under asyncio, for the coroutines that drivers share."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import TypeVar

from coinex_driver.awaiting import Awaiting, News

T = TypeVar("T")


class AsyncioAwaiting(Awaiting):
    """asyncio's sleep, time-outs and events, and a shield."""

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _in_time(self, seconds: float, work: Callable[[], Awaitable[T]]) -> T:
        async with asyncio.timeout(None if seconds == math.inf else seconds):
            return await work()

    async def _shielded(self, work: Callable[[], Awaitable[T]]) -> T:
        return await shielded(work())

    def _make_news(self) -> News:
        return asyncio.Event()


async def shielded(work: Awaitable[T]) -> T:
    """What comes of this, to whose end a cancellation waits; it is raised then, unless the work has failed."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError as error:
            cancelled = error
    result = task.result()
    if cancelled is not None:
        raise cancelled
    return result
