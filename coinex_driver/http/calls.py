"""The loop around the steps of a call over HTTP, for every driver that awaits: bytes move and time passes where they say.

What is sent, when, and how often decides the generator of steps, of whichever venue. Must not know trio nor asyncio.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from typing import Final, TypeVar

from coinex_driver.awaiting import Awaiting
from coinex_driver.http.wire import TOO_LARGE, TOO_SLOW, httpx2, too_many, what_is_proved, wire
from coinex_proto import Config, UsageError
from coinex_proto.coinex.http import HttpRequest, NoReply, Pause, Reply, Steps, Woken

R = TypeVar("R")

STOPPED: Final = "the client was stopped before HTTP had answered: what was sent may have taken effect"
"""Why a call that was under way at `stop()` has no result."""


class AsyncCalls(Awaiting):
    """Calls that are awaited; many tasks may share one client. Base class only."""

    def __init__(self, pool: httpx2.AsyncClient, origin: str, config: Config, now: Callable[[], float]) -> None:
        self._pool = pool
        self._origin = origin
        self._config = config
        self._now = now
        """Seconds on the clock of the network, as sessions have them."""

    async def _run(self, steps: Steps[R]) -> R:
        refuse_closed(self._pool)
        try:
            step = next(steps)
            while True:
                if isinstance(step, Pause):
                    await self._sleep(step.seconds)
                    step = steps.send(Woken(self._now()))
                else:
                    step = steps.send(await self._exchange(step.request))
        except StopIteration as stop:
            result: R = stop.value
            return result
        finally:
            steps.close()

    async def _exchange(self, request: HttpRequest) -> Reply | NoReply:
        try:
            seconds = self._config.open_timeout + self._config.request_timeout
            return await self._in_time(seconds, lambda: self._answer(request))
        except TimeoutError:
            return NoReply(now=self._now(), why=TOO_SLOW, was_sent=True, timed_out=True)

    async def _answer(self, request: HttpRequest) -> Reply | NoReply:
        try:
            response = await self._pool.send(wire(self._origin, request), stream=True)
            try:
                return await self._read(response)
            finally:
                await response.aclose()
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            why, was_sent, timed_out = what_is_proved(error)
            return NoReply(now=self._now(), why=why, was_sent=was_sent, timed_out=timed_out)

    async def _read(self, response: httpx2.Response) -> Reply | NoReply:
        body = bytearray()
        async with aclosing(response.aiter_bytes()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > self._config.max_message_bytes:
                    return NoReply(now=self._now(), why=TOO_LARGE, was_sent=True)
        if why := too_many(body, self._config):
            return NoReply(now=self._now(), why=why, was_sent=True)
        headers = tuple(response.headers.multi_items())
        return Reply(now=self._now(), status=response.status_code, headers=headers, body=bytes(body))


def refuse_closed(pool: httpx2.Client | httpx2.AsyncClient) -> None:
    """Raises `UsageError` for a client that was closed."""
    if pool.is_closed:
        raise UsageError("this HTTP client is closed: nothing was sent")
