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
    from coinex_trio.proxy import ProxyNetwork
    from coinex_trio.qfex import QfexClient
    from coinex_trio.qfex_http import QfexHttp, TrioQfexHttp, open_qfex_http
    from coinex_trio.stream import EventStream
    from coinex_trio.trio_coinex import TrioCoinexClient, open_coinex
else:
    from importlib import import_module

    _HOMES = {
        "CoinflexExchange": "_local.coinflex",
        "QfexExchange": "_local.qfex",
        "BlockingClient": "blocking",
        "BlockingHttp": "http",
        "Client": "client",
        "CoinexClient": "coinex",
        "CoinflexClient": "coinflex",
        "EventStream": "stream",
        "Events": "blocking",
        "Exchange": "exchange",
        "Http": "http",
        "Network": "network",
        "ProxyNetwork": "proxy",
        "QfexClient": "qfex",
        "QfexHttp": "qfex_http",
        "SYSTEM": "network",
        "TrioCoinexClient": "trio_coinex",
        "TrioQfexHttp": "qfex_http",
        "credentials_from_env": "coinex",
        "local_exchange": "exchange",
        "memory_exchange": "exchange",
        "open_client": "client",
        "open_coinex": "trio_coinex",
        "open_http": "http",
        "open_qfex_http": "qfex_http",
        "run": "blocking",
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
    "BlockingClient",
    "BlockingHttp",
    "Client",
    "CoinexClient",
    "CoinflexClient",
    "CoinflexExchange",
    "EventStream",
    "Events",
    "Exchange",
    "Http",
    "Network",
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
