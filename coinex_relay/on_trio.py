"""`open_relay_trio`: a client under trio whose market data comes over a relay. Imported when it is used: it needs trio."""

from __future__ import annotations

import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import trio

from coinex_proto import Callbacks, Config, Dialect, HandshakeRefused
from coinex_relay.bridge import Bridge, without_bridge
from coinex_relay.connecting import Nats
from coinex_relay.consumer import relayed
from coinex_relay.subjects import Names
from coinex_trio.client import Client, open_client


@asynccontextmanager
async def open_relay_trio(
    url: str,
    dialect: Dialect,
    *,
    callbacks: Callbacks | None = None,
    config: Config = Config(),  # noqa: B008  (frozen)
    credentials: str | os.PathLike[str] | None = None,
    ssl_context: ssl.SSLContext | None = None,
    allow_plaintext: bool = False,
) -> AsyncIterator[Client]:
    """A client on what relays publish of this venue's socket, as `coinex_trio.open_client` has it; see `coinex_relay.open_relay`.

    A thread of its own speaks with NATS.
    """
    to = Nats(url=url, credentials=credentials, ssl_context=ssl_context, allow_plaintext=allow_plaintext)
    bridge = Bridge(to, Names.of(dialect))
    await trio.to_thread.run_sync(bridge.start)
    try:
        async with open_client(relayed(dialect, bridge.where), callbacks=callbacks, config=config) as client:
            yield client
    except HandshakeRefused as error:
        raise without_bridge(error) from None
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(bridge.stop)
