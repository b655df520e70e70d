"""Clients for exchange WebSockets under asyncio: `open_client` for any venue, `open_coinex` with orders over HTTP.

Names are imported when they are first used.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coinex_asyncio.client import Client, open_client
    from coinex_asyncio.coinex import CoinexClient, open_coinex
    from coinex_asyncio.coinflex import CoinflexClient, open_coinflex
    from coinex_asyncio.exchange import Exchange, local_exchange, memory_exchange
    from coinex_asyncio.http import Http, open_http
    from coinex_asyncio.network import SYSTEM, Network, ProxyNetwork
    from coinex_asyncio.order_guard import ExitOrder, OrderGuard, OrdersGuarded
    from coinex_asyncio.qfex import QfexClient, open_qfex
    from coinex_asyncio.qfex_http import QfexHttp, open_qfex_http
    from coinex_asyncio.stream import EventStream
else:
    from importlib import import_module

    _HOMES = {
        "Client": "client",
        "CoinexClient": "coinex",
        "CoinflexClient": "coinflex",
        "EventStream": "stream",
        "Exchange": "exchange",
        "Http": "http",
        "ExitOrder": "order_guard",
        "Network": "network",
        "OrderGuard": "order_guard",
        "OrdersGuarded": "order_guard",
        "ProxyNetwork": "network",
        "QfexClient": "qfex",
        "QfexHttp": "qfex_http",
        "SYSTEM": "network",
        "local_exchange": "exchange",
        "memory_exchange": "exchange",
        "open_client": "client",
        "open_coinex": "coinex",
        "open_coinflex": "coinflex",
        "open_http": "http",
        "open_qfex": "qfex",
        "open_qfex_http": "qfex_http",
    }

    def __getattr__(name: str) -> object:
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{home}"), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *_HOMES})


__all__ = [
    "SYSTEM",
    "Client",
    "CoinexClient",
    "CoinflexClient",
    "EventStream",
    "Exchange",
    "ExitOrder",
    "Http",
    "Network",
    "OrderGuard",
    "OrdersGuarded",
    "ProxyNetwork",
    "QfexClient",
    "QfexHttp",
    "local_exchange",
    "memory_exchange",
    "open_client",
    "open_coinex",
    "open_coinflex",
    "open_http",
    "open_qfex",
    "open_qfex_http",
]
