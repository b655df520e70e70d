"""QFEX over HTTP, awaited: the methods of the client that each driver's `open_qfex_http` gives, and what they are made of.

A driver adds how to wait (`AsyncCalls`). Must not know trio nor asyncio.
"""

from __future__ import annotations

from collections.abc import Callable
from ssl import SSLContext
from typing import TypeVar

from coinex_driver.http.calls import AsyncCalls
from coinex_driver.http.wire import PoolSettings, httpx2, place_of
from coinex_proto import Config, Sources, qfex
from coinex_proto.qfex.http import HttpCaller, HttpCommand, HttpOptions

R = TypeVar("R")


class QfexHttpCalls(AsyncCalls):
    """QFEX's calls. Base class only."""

    def __init__(
        self, caller: HttpCaller, pool: httpx2.AsyncClient, settings: PoolSettings, now: Callable[[], float]
    ) -> None:
        super().__init__(pool, settings.place.origin, settings.config, now)
        self._caller = caller

    async def request(self, command: HttpCommand[R]) -> R:
        """The result of a call. Raises what `HttpCaller.request` raises; one that changes something is sent once."""
        return await self._run(self._caller.request(command, self._now()))

    @property
    def caller(self) -> HttpCaller:
        """What counts what could not be read."""
        return self._caller


def qfex_caller_and_pool(
    sources: Sources,
    credentials: qfex.HmacCredentials | None,
    account_id: str | None,
    *,
    url: str,
    config: Config | None,
    retries: int,
    proxy: str | None,
    ssl_context: SSLContext | None,
    allow_plaintext: bool,
) -> tuple[HttpCaller, PoolSettings]:
    """What decides over the calls of one client, and how its connections are made. Raises `UsageError`."""
    has_credentials = credentials is not None
    place = place_of(url, has_credentials=has_credentials, allow_plaintext=allow_plaintext, base_path="")
    settings = PoolSettings(
        place=place,
        config=config if config is not None else Config(),
        has_credentials=has_credentials,
        proxy=proxy,
        ssl_context=ssl_context,
    )
    options = HttpOptions(base_path=place.base_path, host=place.host, account_id=account_id, retries=retries)
    return HttpCaller(sources, credentials, options), settings
