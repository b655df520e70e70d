"""`RelayClient`: a client in plain threads whose market data comes over a relay."""

from __future__ import annotations

import os
import ssl
import weakref
from typing import final

from coinex_proto import Callbacks, Config, Dialect, HandshakeRefused
from coinex_relay.bridge import Bridge, without_bridge
from coinex_relay.connecting import Nats
from coinex_relay.consumer import relayed
from coinex_relay.subjects import Names
from coinex_trio.blocking import BlockingClient


@final
class RelayClient(BlockingClient):
    """A `BlockingClient` on what relays publish of this venue's socket; see `coinex_relay.open_relay` for the arguments.

    A thread of its own speaks with NATS. `background`: the session reads in another one as well, as in `BlockingClient`.
    """

    def __init__(
        self,
        url: str,
        dialect: Dialect,
        *,
        callbacks: Callbacks | None = None,
        config: Config = Config(),  # noqa: B008  (frozen)
        credentials: str | os.PathLike[str] | None = None,
        ssl_context: ssl.SSLContext | None = None,
        allow_plaintext: bool = False,
        background: bool = False,
    ) -> None:
        to = Nats(url=url, credentials=credentials, ssl_context=ssl_context, allow_plaintext=allow_plaintext)
        bridge = Bridge(to, Names.of(dialect))
        bridge.start()
        self._bridge_end = weakref.finalize(self, bridge.stop)
        super().__init__(relayed(dialect, bridge.where), callbacks=callbacks, config=config, background=background)

    def _open(self) -> None:
        try:
            super()._open()
        except HandshakeRefused as error:
            raise without_bridge(error) from None

    def close(self) -> None:
        """As every client's; the thread ends too."""
        super().close()
        if self._core.is_over:
            self._bridge_end()
