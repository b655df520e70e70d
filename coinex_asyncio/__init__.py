"""Clients for exchange WebSockets under asyncio: `open_client` for any venue, `open_coinex` with orders over HTTP.

Names are imported when they are first used.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coinex_asyncio.client import Client, open_client
    from coinex_asyncio.exchange import Exchange, local_exchange, memory_exchange
    from coinex_asyncio.network import SYSTEM, Network, ProxyNetwork
    from coinex_asyncio.stream import EventStream
else:
    from importlib import import_module

    _HOMES = {
        "Client": "client",
        "EventStream": "stream",
        "Exchange": "exchange",
        "Network": "network",
        "ProxyNetwork": "network",
        "SYSTEM": "network",
        "local_exchange": "exchange",
        "memory_exchange": "exchange",
        "open_client": "client",
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
    "EventStream",
    "Exchange",
    "Network",
    "ProxyNetwork",
    "local_exchange",
    "memory_exchange",
    "open_client",
]
