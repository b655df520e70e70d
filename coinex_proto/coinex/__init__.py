"""CoinEx v2: spot and futures sockets. Source of all facts: CoinEx API v2.

Start with `spot()` or `futures()`, subscribe to topics, read updates. Nothing in here does I/O.
What the modules of topics and updates name in their `__all__` is exported here too, so that a feed is not listed twice.
"""

# ruff: noqa: F403

import types
import typing

from coinex_proto.coinex.account_updates import *
from coinex_proto.coinex.commands import Ping as Ping
from coinex_proto.coinex.commands import Raw as Raw
from coinex_proto.coinex.commands import ServerTime as ServerTime
from coinex_proto.coinex.credentials import Credentials as Credentials
from coinex_proto.coinex.credentials import sign_http as sign_http
from coinex_proto.coinex.credentials import sign_websocket as sign_websocket
from coinex_proto.coinex.dialect import FUTURES_URL as FUTURES_URL
from coinex_proto.coinex.dialect import SPOT_URL as SPOT_URL
from coinex_proto.coinex.dialect import CoinexDialect as CoinexDialect
from coinex_proto.coinex.dialect import futures as futures
from coinex_proto.coinex.dialect import spot as spot
from coinex_proto.coinex.legacy.updates import *
from coinex_proto.coinex.market_updates import *
from coinex_proto.coinex.topics import *

if not typing.TYPE_CHECKING:  # a type checker reads the imports, but no list that is computed
    __all__ = sorted(
        (name for name, found in globals().items() if name[0] != "_" and not isinstance(found, types.ModuleType)),
        key=lambda name: (not name.isupper(), not name[0].isupper(), name),
    )
