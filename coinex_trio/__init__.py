"""Clients for exchange WebSockets: `CoinexClient` and `BlockingClient` in plain scripts, `open_client` under trio.

Names are imported when they are first used, so that a blocking program never imports trio.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coinex_trio._local.coinflex import CoinflexExchange
    from coinex_trio._local.qfex import QfexExchange
    from coinex_trio.blocking import BlockingClient, Events, run
    from coinex_trio.client import Client, open_client
    from coinex_trio.coinex import CoinexClient, credentials_from_env
    from coinex_trio.coinflex import CoinflexClient
    from coinex_trio.exchange import Exchange, local_exchange, memory_exchange
    from coinex_trio.http import BlockingHttp, Http, open_http
    from coinex_trio.network import SYSTEM, Network
    from coinex_trio.order_guard import ExitOrder, OrderGuard, OrdersGuarded
    from coinex_trio.proxy import ProxyNetwork
    from coinex_trio.qfex import QfexClient
    from coinex_trio.qfex_http import QfexHttp, TrioQfexHttp, open_qfex_http
    from coinex_trio.stream import EventStream
    from coinex_trio.trio_coinex import TrioCoinexClient, open_coinex
else:
    from coinex_proto.lazy import lazy_names as _lazy_names

    __getattr__, __dir__ = _lazy_names(
        __name__,
        {
            "_local.coinflex": "CoinflexExchange",
            "_local.qfex": "QfexExchange",
            "blocking": "BlockingClient Events run",
            "client": "Client open_client",
            "coinex": "CoinexClient credentials_from_env",
            "coinflex": "CoinflexClient",
            "exchange": "Exchange local_exchange memory_exchange",
            "http": "BlockingHttp Http open_http",
            "network": "SYSTEM Network",
            "order_guard": "ExitOrder OrderGuard OrdersGuarded",
            "proxy": "ProxyNetwork",
            "qfex": "QfexClient",
            "qfex_http": "QfexHttp TrioQfexHttp open_qfex_http",
            "stream": "EventStream",
            "trio_coinex": "TrioCoinexClient open_coinex",
        },
    )


__all__ = [
    "SYSTEM",
    "BlockingClient",
    "BlockingHttp",
    "Client",
    "CoinexClient",
    "CoinflexClient",
    "CoinflexExchange",
    "EventStream",
    "Events",
    "Exchange",
    "ExitOrder",
    "Http",
    "Network",
    "OrderGuard",
    "OrdersGuarded",
    "ProxyNetwork",
    "QfexClient",
    "QfexExchange",
    "QfexHttp",
    "TrioCoinexClient",
    "TrioQfexHttp",
    "credentials_from_env",
    "local_exchange",
    "memory_exchange",
    "open_client",
    "open_coinex",
    "open_http",
    "open_qfex_http",
    "run",
]
