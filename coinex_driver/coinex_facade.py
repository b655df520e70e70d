"""What the CoinEx clients of every driver have in common without waiting: where to connect, and a method a channel.

Must not know trio, sockets or threads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

from coinex_driver.client_base import ClientBase
from coinex_proto import BookChanged, UsageError, coinex

Module: TypeAlias = Literal["spot", "futures"]

VENUE_HOSTS: Final = ("socket.coinex.com",)
"""Where sockets and HTTP have different hosts."""


def dialect_of(
    module: Module, credentials: coinex.Credentials | None, url: str | None, *, allow_plaintext: bool
) -> coinex.CoinexDialect:
    """The dialect of one half of the venue; raises `UsageError` for any other."""
    match module:
        case "spot":
            return coinex.spot(credentials=credentials, url=url or coinex.SPOT_URL, allow_plaintext=allow_plaintext)
        case "futures":
            return coinex.futures(
                credentials=credentials, url=url or coinex.FUTURES_URL, allow_plaintext=allow_plaintext
            )
        case _:
            raise UsageError(f"module={module!r}: the sockets are 'spot' and 'futures'")


def http_url_of(socket_url: str | None) -> str | None:
    """The HTTP address that belongs to a socket's; None: the venue's own.

    Another host than the venue's is a local exchange or a proxy: then HTTP goes there too, so that no order goes to the
    venue by a program that is tested elsewhere.
    """
    if socket_url is None:
        return None
    parts = urlsplit(socket_url)
    if parts.hostname in VENUE_HOSTS:
        return None
    path = parts.path.rstrip("/").removesuffix("/spot").removesuffix("/futures")
    return f"{'https' if parts.scheme == 'wss' else 'http'}://{parts.netloc}{path}"


class CoinexSubscriptions(ClientBase):
    """A method a channel: each names a topic, all the work is the client's.

    A callback gets one event each: the classes are named at the methods. Subscriptions may be stated at any time and
    survive reconnects; private ones need credentials, and the sign-in happens by itself.
    """

    # Market data ------------------------------------------------------------------------------------------------------

    def subscribe_ticker(
        self, market: str | None, callback: Callable[[coinex.TickerUpdate], object] | None = None
    ) -> None:
        """24-hour figures of one market, or of all (None), at most every 200 ms."""
        self.subscribe(coinex.Ticker(market), callback=callback)

    def unsubscribe_ticker(self, market: str | None) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(coinex.Ticker(market))

    def subscribe_depth(
        self,
        market: str,
        limit: int = 50,
        interval: str = "0",
        callback: Callable[[BookChanged], object] | None = None,
    ) -> None:
        """The order book of one market: the callback gets the whole book after each change, proved by its checksum.

        `limit`: 5, 10, 20 or 50 levels a side; `interval`: prices merged to multiples of it, "0" not at all.
        """
        self.subscribe(coinex.Depth(market, limit, interval), callback=callback)

    def unsubscribe_depth(self, market: str) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(coinex.Depth(market))

    def subscribe_trades(
        self, market: str | None, callback: Callable[[coinex.TradesUpdate], object] | None = None
    ) -> None:
        """Public trades of one market, or of all (None); the first update is history, and says so."""
        self.subscribe(coinex.Trades(market), callback=callback)

    def unsubscribe_trades(self, market: str | None) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(coinex.Trades(market))

    # Account data -----------------------------------------------------------------------------------------------------

    def subscribe_balance(self, callback: Callable[[coinex.BalanceUpdate], object] | None = None) -> None:
        """Changes of own balances, one currency an update."""
        self.subscribe(coinex.Balances(), callback=callback)

    def unsubscribe_balance(self) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(coinex.Balances())

    def subscribe_user_order(self, callback: Callable[[coinex.OrderUpdate], object] | None = None) -> None:
        """Changes of own orders in all markets."""
        self.subscribe(coinex.Orders(), callback=callback)

    def unsubscribe_user_order(self) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(coinex.Orders())

    def subscribe_user_deals(self, callback: Callable[[coinex.UserTradeUpdate], object] | None = None) -> None:
        """Own fills in all markets, one an update."""
        self.subscribe(coinex.UserTrades(), callback=callback)

    def unsubscribe_user_deals(self) -> None:
        """End it, and the callbacks given with it."""
        self.unsubscribe(coinex.UserTrades())
