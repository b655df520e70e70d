"""CoinFLEX's assets and markets over HTTP, fetched once and kept.

The transport is the one of CoinEx over HTTP: verified certificates, no proxies from the environment. Needs the extra
`http`. Must not import trio.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self, TypeVar, final

from coinex_driver.http.wire import (
    TOO_LARGE,
    TOO_SLOW,
    UNTIL,
    USER_AGENT,
    PoolSettings,
    httpx2,
    place_of,
    too_many,
    what_is_proved,
)
from coinex_proto import Config, ConnectFailed, RequestTimedOut
from coinex_proto.coinflex import Assets, Market
from coinex_proto.coinflex.http import LIVE_HTTP_URL, GetAssets, GetMarkets, HttpQuery, Pair
from coinex_trio._http.network import proxy_of
from coinex_trio._http.signals import HeldSignals
from coinex_trio._http.sockets import SocketTransport
from coinex_trio._http.streams import Patience
from coinex_trio.network import SYSTEM, Network

R = TypeVar("R")


@final
class CoinflexHttp:
    """`with CoinflexHttp() as http: table = http.assets()`. One thread at a time; answers are kept for its lifetime."""

    def __init__(
        self,
        *,
        url: str = LIVE_HTTP_URL,
        config: Config | None = None,
        proxy: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        network: Network = SYSTEM,
    ) -> None:
        """Nothing is opened yet."""
        self._config: Final = config if config is not None else Config()
        place = place_of(url, has_credentials=False, allow_plaintext=True)
        proxied = proxy_of(network, proxy)
        settings = PoolSettings(place=place, config=self._config, proxy=proxied, ssl_context=ssl_context)
        self._origin = place.origin
        self._host = place.host
        self._network = network
        self._patience = Patience(network)
        transport = SocketTransport(settings, network, self._patience)
        self._pool = httpx2.Client(**{**settings.arguments(), "proxy": None}, transport=transport)
        self._assets: Assets | None = None
        self._markets: Mapping[Pair, Market] | None = None

    def assets(self) -> Assets:
        """The table of assets. Raises `ConnectFailed`, `RequestTimedOut`, `RequestRefused` or `PayloadError`."""
        if self._assets is None:
            self._assets = self._get(GetAssets())
        return self._assets

    def markets(self) -> Mapping[Pair, Market]:
        """All markets by base and counter. Raises as `assets`."""
        if self._markets is None:
            self._markets = self._get(GetMarkets())
        return self._markets

    def close(self) -> None:
        """Ends the connections. May be called twice."""
        with HeldSignals():
            self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _get(self, query: HttpQuery[R]) -> R:
        where = f"GET {query.target} of {self._host}"
        headers = (("User-Agent", USER_AGENT), ("Accept-Encoding", "gzip"))
        request = self._pool.build_request("GET", self._origin + query.target, headers=headers)
        deadline = self._network.now() + self._config.open_timeout + self._config.request_timeout
        request.extensions[UNTIL] = deadline
        try:
            with HeldSignals() as self._patience.held:
                response = self._pool.send(request, stream=True)
                try:
                    return query.parse(response.status_code, self._body(response, where, deadline))
                finally:
                    response.close()
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            why, _, timed_out = what_is_proved(error)
            if timed_out:
                raise RequestTimedOut(f"{where}: {why}") from error
            raise ConnectFailed(f"{where}: {why}") from error

    def _body(self, response: httpx2.Response, where: str, until: float) -> bytes:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > self._config.max_message_bytes:
                raise ConnectFailed(f"{where}: {TOO_LARGE}")
            if self._network.now() > until:
                raise RequestTimedOut(f"{where}: {TOO_SLOW}")
        if why := too_many(body, self._config):
            raise ConnectFailed(f"{where}: {why}")
        return bytes(body)
