"""The CoinFLEX client under asyncio: `open_coinflex(credentials)`, and the exchange's tables over HTTP.

What it does stands in `coinex_driver.async_coinflex`; here it gets sockets and tasks.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar, final

from coinex_asyncio._io.awaiting import shielded
from coinex_asyncio.client import Client, Opening, made, open_client, opened
from coinex_asyncio.network import SYSTEM, Network
from coinex_driver.arguments import check_interval
from coinex_driver.async_coinflex import AsyncCoinflexClient
from coinex_driver.async_exit import cancel_on_exit
from coinex_driver.exit_orders import check_exit_seconds
from coinex_proto import Callbacks, Config, ConnectFailed, RequestTimedOut, coinflex

if TYPE_CHECKING:
    from coinex_proto.coinflex.http import HttpQuery, Pair

R = TypeVar("R")

__all__ = ["CoinflexClient", "fetch_assets", "fetch_markets", "open_coinflex"]


@final
class CoinflexClient(AsyncCoinflexClient, Client):
    """The client that `open_coinflex` gives."""


def open_coinflex(
    credentials: coinflex.Credentials | None = None,
    *,
    assets: coinflex.Assets = coinflex.ASSETS_2020,
    url: str | None = None,
    allow_plaintext: bool = False,
    callbacks: Callbacks | None = None,
    config: Config = Config(),  # noqa: B008  (frozen)
    ssl_context: ssl.SSLContext | None = None,
    network: Network = SYSTEM,
    check_orders_every: float | None = None,
    cancel_orders_on_exit: float | None = None,
) -> Opening[CoinflexClient]:
    """A CoinFLEX client that is `Ready` when the block begins and closed in good order when it ends.

    `assets`: what `fetch_assets` gives; by default the table of spring 2020. `url`: another address than the exchange's own;
    `ws://` only to this machine, unless `allow_plaintext` says that the account may be read on the way. `check_orders_every`:
    so often (seconds) the venue's list of open orders is compared with the orders known here. `cancel_orders_on_exit`: so many
    seconds, when the block is left in whatever way, for cancelling every own order that is known to be open;
    `cancelled_on_exit` says what became of each. Errors come as they do from `open_client`.
    """
    manager = _open(
        credentials,
        assets,
        url,
        callbacks,
        config,
        ssl_context,
        network,
        check_orders_every,
        cancel_orders_on_exit,
        allow_plaintext=allow_plaintext,
    )
    return Opening(manager, "open_coinflex")


@asynccontextmanager
async def _open(
    credentials: coinflex.Credentials | None,
    assets: coinflex.Assets,
    url: str | None,
    callbacks: Callbacks | None,
    config: Config,
    ssl_context: ssl.SSLContext | None,
    network: Network,
    check_orders_every: float | None,
    cancel_orders_on_exit: float | None,
    *,
    allow_plaintext: bool,
) -> AsyncIterator[CoinflexClient]:
    check_exit_seconds(cancel_orders_on_exit)
    check_interval(check_orders_every, has_credentials=credentials is not None)
    dialect = coinflex.live(
        credentials=credentials, assets=assets, url=url or coinflex.LIVE_URL, allow_plaintext=allow_plaintext
    )
    core, io = made(dialect, callbacks, config, ssl_context, network)
    client = CoinflexClient(core, io)
    client._trade_with(assets, network.sources)
    core.session.compare_orders_every(check_orders_every, core.now())

    async def leave(seconds: float) -> None:
        client.cancelled_on_exit = await cancel_on_exit(
            client,
            client._commands.cancel_order,
            seconds,
            lambda: open_client(dialect, config=config, ssl_context=ssl_context, network=network),
        )

    async with opened(client, io):
        try:
            yield client
        finally:
            if cancel_orders_on_exit is not None and credentials is not None:
                await shielded(leave(cancel_orders_on_exit))


async def fetch_assets(url: str | None = None, *, network: Network = SYSTEM) -> coinflex.Assets:
    """The exchange's own table of assets, over HTTP. Needs the extra `http`."""
    from coinex_proto.coinflex.http import GetAssets

    return await _fetch(GetAssets(), url, network)


async def fetch_markets(url: str | None = None, *, network: Network = SYSTEM) -> Mapping[Pair, coinflex.Market]:
    """The exchange's markets by base and counter, over HTTP. Needs the extra `http`."""
    from coinex_proto.coinflex.http import GetMarkets

    return await _fetch(GetMarkets(), url, network)


async def _fetch(query: HttpQuery[R], url: str | None, network: Network) -> R:
    from coinex_asyncio._http.network import http_transport, proxy_of
    from coinex_driver.http.wire import (
        TOO_LARGE,
        TOO_SLOW,
        USER_AGENT,
        PoolSettings,
        httpx2,
        place_of,
        too_many,
        what_is_proved,
    )
    from coinex_proto.coinflex.http import LIVE_HTTP_URL

    config = Config()
    place = place_of(url or LIVE_HTTP_URL, has_credentials=False, allow_plaintext=True)
    settings = PoolSettings(place=place, config=config, proxy=proxy_of(network, None))
    where = f"GET {query.target} of {place.host}"
    headers = (("User-Agent", USER_AGENT), ("Accept-Encoding", "gzip"))
    body = bytearray()
    try:
        async with (
            asyncio.timeout(config.open_timeout + config.request_timeout),
            httpx2.AsyncClient(**settings.arguments(), transport=http_transport(network)) as pool,
            pool.stream("GET", place.origin + query.target, headers=headers) as response,
        ):
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > config.max_message_bytes:
                    raise ConnectFailed(f"{where}: {TOO_LARGE}")
            if why := too_many(body, config):
                raise ConnectFailed(f"{where}: {why}")
            return query.parse(response.status_code, bytes(body))
    except TimeoutError as error:
        raise RequestTimedOut(f"{where}: {TOO_SLOW}") from error
    except (httpx2.HTTPError, httpx2.StreamError) as error:
        why, _, timed_out = what_is_proved(error)
        if timed_out:
            raise RequestTimedOut(f"{where}: {why}") from error
        raise ConnectFailed(f"{where}: {why}") from error
