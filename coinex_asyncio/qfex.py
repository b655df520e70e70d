"""The QFEX client under asyncio: market data and trading under one surface, on two sockets, with HTTP beside them.

What it does stands in `coinex_driver.async_qfex`; here it gets sockets and tasks. Needs the extra `http`.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, TypeVar, final

from coinex_asyncio._io.awaiting import AsyncioAwaiting, shielded
from coinex_asyncio.client import Client, Opening, made, open_client, opened
from coinex_asyncio.network import SYSTEM, Network
from coinex_asyncio.qfex_http import open_qfex_http
from coinex_asyncio.stream import EventStream
from coinex_driver.arguments import check_interval
from coinex_driver.async_exit import cancel_on_exit
from coinex_driver.async_qfex import AsyncQfexClient
from coinex_driver.exit_orders import ExitOrder, check_exit_seconds
from coinex_driver.qfex_orders import cancellation
from coinex_driver.stream_queue import latest, lossless
from coinex_proto import Callbacks, Config, Event, Topic, UsageError, qfex

E = TypeVar("E", bound=Event)

__all__ = ["QfexClient", "open_qfex"]

HTTP_URLS: Final = {qfex.TRADE_URL: "https://api.qfex.com"}
"""By the address of the Trade socket."""


@final
class QfexClient(AsyncQfexClient, AsyncioAwaiting):
    """The client that `open_qfex` gives. Orders without a `client_order_id` are given one, so that answers are found."""

    def __init__(self, market: Client, trade: Client | None, network: Network) -> None:
        self._market = market
        self._trade = trade
        self._sources = network.sources
        self._http = None
        self._has_keys = False
        self._reference = None
        self.cancelled_on_exit: tuple[ExitOrder, ...] = ()

    def events(self, *wanted: type[E] | Topic[E]) -> EventStream[E]:
        """Every event of these classes and topics, in order for each socket; nothing named: every event there is."""
        parts = self._for(wanted)
        return EventStream(*(part._change(lambda p=part, m=mine: lossless(p._core, m)) for part, mine in parts))  # type: ignore[misc]

    def latest(self, *topics: Topic[E]) -> EventStream[E]:
        """The newest event of each topic; what was replaced before it was taken is counted in `.skipped`."""
        parts = self._by_part(topics) or [(self._market, topics)]  # which refuses to have none named
        return EventStream(*(part._change(lambda p=part, m=mine: latest(p._core, m)) for part, mine in parts))  # type: ignore[misc]

    def _begin_market(self) -> None:
        assert isinstance(self._market, Client)
        self._market._io.begin()


def open_qfex(
    credentials: qfex.HmacCredentials | qfex.JwtCredentials | None = None,
    account_id: str | None = None,
    *,
    cancel_on_disconnect: bool = False,
    mds_url: str = qfex.MDS_URL,
    trade_url: str = qfex.TRADE_URL,
    http_url: str | None = None,
    headers: Sequence[tuple[str, str]] = (),
    allow_plaintext: bool = False,
    callbacks: Callbacks | None = None,
    config: Config = Config(),  # noqa: B008  (frozen)
    ssl_context: ssl.SSLContext | None = None,
    network: Network = SYSTEM,
    check_orders_every: float | None = None,
    cancel_orders_on_exit: float | None = None,
) -> Opening[QfexClient]:
    """A QFEX client, signed in when the block begins (without credentials: connected to market data), closed when it ends.

    With credentials, market data opens with its first topic. `account_id`: a subaccount. `cancel_on_disconnect`: read what
    `qfex.trade` says of it. `http_url`: where HTTP goes; not said: the venue's own address where `trade_url` is the venue's.
    `check_orders_every`: so often (seconds) the venue's list of open orders is compared with the orders known here.
    `cancel_orders_on_exit`: so many seconds, when the block is left in whatever way, for cancelling every own order that is
    known to be open; `cancelled_on_exit` says what became of each. Errors come as they do from `open_client`.
    """
    check_exit_seconds(cancel_orders_on_exit)
    check_interval(check_orders_every, has_credentials=credentials is not None)
    if credentials is None and (cancel_on_disconnect or account_id is not None):
        raise UsageError("account_id and cancel_on_disconnect need credentials")
    mds = qfex.mds(url=mds_url, headers=headers, allow_plaintext=allow_plaintext)
    trade = None
    if credentials is not None:
        trade = qfex.trade(
            credentials,
            account_id,
            cancel_on_disconnect=cancel_on_disconnect,
            url=trade_url,
            headers=headers,
            allow_plaintext=allow_plaintext,
        )

    @asynccontextmanager
    async def manager() -> AsyncIterator[QfexClient]:
        async with AsyncExitStack() as stack:
            market = Client(*made(mds, callbacks, config, ssl_context, network))
            trading = None if trade is None else Client(*made(trade, callbacks, config, ssl_context, network))
            client = QfexClient(market, trading, network)
            where = http_url if http_url is not None else HTTP_URLS.get(trade_url)
            if where is not None:
                keys = credentials if isinstance(credentials, qfex.HmacCredentials) else None
                client._has_keys = keys is not None
                client._http = await stack.enter_async_context(
                    open_qfex_http(
                        keys,
                        account_id if keys is not None else None,
                        url=where,
                        config=config,
                        ssl_context=ssl_context,
                        allow_plaintext=allow_plaintext,
                        network=network,
                    )
                )
            await stack.enter_async_context(opened(market, market._io, begins=trading is None))
            if trading is None or trade is None:
                yield client
                return
            # Order responses hold no price of a fill: without this an order would have no average price.
            trading.subscribe(qfex.Fills())
            trading.step(lambda session, now: session.compare_orders_every(check_orders_every, now))
            await stack.enter_async_context(opened(trading, trading._io))

            async def leave(seconds: float) -> None:
                client.cancelled_on_exit = await cancel_on_exit(
                    trading,
                    lambda order: cancellation(order, None),
                    seconds,
                    lambda: open_client(trade, config=config, ssl_context=ssl_context, network=network),
                )

            try:
                yield client
            finally:
                if cancel_orders_on_exit is not None:
                    await shielded(leave(cancel_orders_on_exit))

    return Opening(manager(), "open_qfex")
