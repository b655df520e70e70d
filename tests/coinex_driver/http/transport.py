"""Calls that are awaited, over a transport without sockets, on a loop whose time is a number."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import httpx2

from coinex_asyncio._io.awaiting import AsyncioAwaiting
from coinex_proto import Sources
from tests.coinex_driver.awaited import run as run

ORIGIN = "https://exchange.example"
SOURCES = Sources(wall_time_ns=lambda: 1_700_000_000 * 10**9, random_bytes=lambda count: b"\xff" * count)


class Waiting(AsyncioAwaiting):
    """What an awaited client needs of a driver."""


def pool_of(answer: Callable[[httpx2.Request], Coroutine[None, None, httpx2.Response]]) -> httpx2.AsyncClient:
    """A pool whose server is this function."""
    return httpx2.AsyncClient(transport=httpx2.MockTransport(answer), trust_env=False)


def now() -> float:
    return asyncio.get_running_loop().time()


class Body(httpx2.AsyncByteStream):
    """A body in parts, each behind a pause; says whether it was closed."""

    def __init__(self, *parts: bytes, pause: float = 0.0, error: Exception | None = None) -> None:
        self.parts, self.pause, self.error = parts, pause, error
        self.read = 0
        self.is_closed = False

    async def __aiter__(self) -> Any:
        for part in self.parts:
            await asyncio.sleep(self.pause)
            self.read += 1
            yield part
        if self.error is not None:
            raise self.error

    async def aclose(self) -> None:
        self.is_closed = True
