"""The blocking CoinEx client with one verb a channel, and credentials from the environment.

Each verb only names a topic; all the work is the blocking client's. Must not import trio.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable
from typing import Final, Literal, TypeAlias, final

from coinex_proto import BookChanged, Callbacks, Config, UsageError, coinex
from coinex_trio.blocking import BlockingClient
from coinex_trio.network import SYSTEM, Network

Module: TypeAlias = Literal["spot", "futures"]

ACCESS_ID: Final = "COINEX_ACCESS_ID"
SECRET_KEY: Final = "COINEX_SECRET_KEY"


@final
class CoinexClient(BlockingClient):
    """A blocking client of one CoinEx socket, spot or futures.

    A callback gets one event each: the classes are named at the verbs. Subscriptions may be stated at any time and
    survive reconnects; private ones need credentials, and the sign-in happens by itself.
    """

    def __init__(
        self,
        module: Module = "spot",
        credentials: coinex.Credentials | None = None,
        *,
        url: str | None = None,
        allow_plaintext: bool = False,
        callbacks: Callbacks | None = None,
        config: Config = Config(),  # noqa: B008  (frozen)
        ssl_context: ssl.SSLContext | None = None,
        network: Network = SYSTEM,
        background: bool = False,
    ) -> None:
        """Nothing is opened yet. `url`: another address than the exchange's own; `ws://` only to this machine, unless
        `allow_plaintext` says that credentials may be read on the way.
        """
        super().__init__(
            _dialect(module, credentials, url, allow_plaintext),
            callbacks=callbacks,
            config=config,
            ssl_context=ssl_context,
            network=network,
            background=background,
        )
        self._has_credentials = credentials is not None

    def authenticate(self) -> None:
        """Open if need be and return when signed in; raises `LoginRefused`. Happens by itself otherwise."""
        if not self._has_credentials:
            raise UsageError("Authentication required: this client was made without credentials")
        self.ready()

    def ping(self) -> float:
        """Seconds that the exchange took to answer."""
        self._open()
        sent_at = self._pump.now()
        self.request(coinex.Ping())
        return self._pump.now() - sent_at

    def server_time(self) -> int:
        """The exchange's clock, Unix milliseconds."""
        return self.request(coinex.ServerTime())

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


def credentials_from_env() -> coinex.Credentials:
    """Credentials from COINEX_ACCESS_ID and COINEX_SECRET_KEY; raises `UsageError` naming what is missing."""
    missing = [name for name in (ACCESS_ID, SECRET_KEY) if not os.environ.get(name)]
    if missing:
        raise UsageError(f"set {' and '.join(missing)} in the environment")
    return coinex.Credentials(os.environ[ACCESS_ID], os.environ[SECRET_KEY])


def _dialect(
    module: Module, credentials: coinex.Credentials | None, url: str | None, allow_plaintext: bool
) -> coinex.CoinexDialect:
    match module:
        case "spot":
            return coinex.spot(credentials=credentials, url=url or coinex.SPOT_URL, allow_plaintext=allow_plaintext)
        case "futures":
            return coinex.futures(
                credentials=credentials, url=url or coinex.FUTURES_URL, allow_plaintext=allow_plaintext
            )
        case _:
            raise UsageError(f"CoinexClient({module!r}): the sockets are 'spot' and 'futures'")
