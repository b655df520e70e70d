"""Market data of one connection for many programs, over NATS: a relay that publishes, and consumers with a client's surface.

The extra `relay` brings nats-py and a server. Names are imported when they are first used.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coinex_relay.blocking import RelayClient
    from coinex_relay.connecting import Nats, RelayFailed
    from coinex_relay.consumer import open_relay
    from coinex_relay.on_trio import open_relay_trio
    from coinex_relay.relay import Relay, open_publisher
    from coinex_relay.server import EmbeddedServer
    from coinex_relay.sharding import Shard, shard_of
    from coinex_relay.subjects import escape, unescape
else:
    from coinex_proto.lazy import lazy_names as _lazy_names

    __getattr__, __dir__ = _lazy_names(
        __name__,
        {
            "blocking": "RelayClient",
            "connecting": "Nats RelayFailed",
            "consumer": "open_relay",
            "on_trio": "open_relay_trio",
            "relay": "Relay open_publisher",
            "server": "EmbeddedServer",
            "sharding": "Shard shard_of",
            "subjects": "escape unescape",
        },
    )

__all__ = [
    "EmbeddedServer",
    "Nats",
    "Relay",
    "RelayClient",
    "RelayFailed",
    "Shard",
    "escape",
    "open_publisher",
    "open_relay",
    "open_relay_trio",
    "shard_of",
    "unescape",
]
