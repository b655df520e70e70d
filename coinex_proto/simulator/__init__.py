"""The server half: a deterministic exchange without I/O, and a server side for each venue over it."""

from coinex_proto.simulator.coinex_server import CoinexServer
from coinex_proto.simulator.coinflex_server import CoinflexServer
from coinex_proto.simulator.connection import ServerConnection
from coinex_proto.simulator.exchange import Exchange
from coinex_proto.simulator.faults import Fault, FaultScriptError, parse_faults
from coinex_proto.simulator.qfex_server import QfexServer
from coinex_proto.simulator.refusals import OrderRefused
from coinex_proto.simulator.traders import CrowdSettings

__all__ = [
    "CoinexServer",
    "CoinflexServer",
    "CrowdSettings",
    "Exchange",
    "Fault",
    "FaultScriptError",
    "OrderRefused",
    "QfexServer",
    "ServerConnection",
    "parse_faults",
]
