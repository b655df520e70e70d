"""The server half: a deterministic exchange without I/O, and a server side for each venue over it."""

from coinex_proto.simulator.coinex.server import CoinexServer
from coinex_proto.simulator.coinflex.server import CoinflexServer
from coinex_proto.simulator.hosting.connection import ServerConnection
from coinex_proto.simulator.hosting.faults import Fault, FaultScriptError, parse_faults
from coinex_proto.simulator.market.exchange import Exchange
from coinex_proto.simulator.market.refusals import OrderRefused
from coinex_proto.simulator.market.traders import CrowdSettings
from coinex_proto.simulator.qfex.forms import QfexForms
from coinex_proto.simulator.qfex.server import QfexServer

__all__ = [
    "CoinexServer",
    "CoinflexServer",
    "CrowdSettings",
    "Exchange",
    "Fault",
    "FaultScriptError",
    "OrderRefused",
    "QfexForms",
    "QfexServer",
    "ServerConnection",
    "parse_faults",
]
